"""Delta tables: the rows of the files that count, and no others; what is not read here is refused by name."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Location, QualityRule
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.profile import Profile
from tests.delta import Delta
from tests.profiles.support import contract, plan, settings
from tests.spark import NEEDS_SPARK

SCHEMA = pa.schema({"id": pa.int64(), "x": pa.float64(), "word": pa.string()})
AT = Location("delta", path="lake/t")


def rows(*ids: int) -> pa.Table:
    return pa.table({"id": ids, "x": [i / 4 for i in ids], "word": [f"w{i % 3}" for i in ids]}, SCHEMA)


@pytest.fixture
def delta(tmp_path: Path) -> Delta:
    return Delta(tmp_path / "lake" / "t", SCHEMA).create()


@pytest.fixture(params=["kept in memory", "read in place"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IbisEngine]:
    found = IbisEngine(settings(), tmp_path, {})
    if request.param == "read in place":
        found._tables._files._room = 0
    yield found
    found.close()


def assert_holds(profile: Profile, *ids: int) -> None:
    """The profile is that of :func:`rows` with these ids."""
    column = profile.columns["x"]
    assert profile.unmeasured == {}
    assert (profile.rows, column.rows, column.nulls) == (len(ids), len(ids), 0)
    assert column.mean == pytest.approx(sum(ids) / 4 / len(ids))
    assert (column.minimum, column.maximum) == (min(ids) / 4, max(ids) / 4)
    assert profile.columns["word"].categories == Counter(f"w{i % 3}" for i in ids)


def test_files_that_were_removed_do_not_count(engine: IbisEngine, delta: Delta) -> None:
    delta.commit(delta.add(rows(1, 2, 3, 4), "a.parquet"), delta.add(rows(5, 6), "b.parquet"))
    delta.commit(delta.remove("a.parquet"), delta.add(rows(2, 4), "c.parquet"))  # DELETE WHERE id % 2 = 1
    pq.write_table(rows(99), delta.folder / "never-committed.parquet")
    rule = QualityRule("odd", "id", "invalidValues", "mustBe", 0.0, arguments={"multipleOf": 2})
    profile = engine.scan(plan(contract(AT, rules=(rule,))))
    assert_holds(profile, 2, 4, 5, 6)
    assert profile.rules[0].failing == 1


def test_only_files_that_came_since_are_read(engine: IbisEngine, delta: Delta) -> None:
    delta.commit(delta.add(rows(1, 2), "a.parquet"))
    first = engine.read(plan(contract(AT)), {})
    assert first.read == {"lake/t/a.parquet"}
    delta.commit(delta.add(rows(3), "b.parquet"))
    second = engine.read(plan(contract(AT)), {one.id: one for one in first.partitions})
    assert second.read == {"lake/t/b.parquet"}
    assert_holds(second.profile, 1, 2, 3)
    assert second.profile.source_state != first.profile.source_state
    delta.commit(delta.remove("a.parquet"))
    third = engine.read(plan(contract(AT)), {one.id: one for one in second.partitions})
    assert third.read == set()
    assert_holds(third.profile, 3)


def test_a_table_without_rows_has_its_columns(engine: IbisEngine, delta: Delta) -> None:
    delta.commit(delta.add(rows(1), "a.parquet"))
    delta.commit(delta.remove("a.parquet"))
    profile = engine.scan(plan(contract(AT)))
    assert profile.rows == 0
    assert profile.schema == (("id", "int64"), ("x", "float64"), ("word", "string"))


@pytest.mark.parametrize("parts", [1, 3])
def test_the_log_is_read_from_its_last_checkpoint(engine: IbisEngine, delta: Delta, parts: int) -> None:
    for number in range(4):
        delta.commit(delta.add(rows(number), f"{number}.parquet"))
    delta.commit(delta.remove("0.parquet"))
    delta.checkpoint(parts)
    assert_holds(engine.scan(plan(contract(AT))), 1, 2, 3)
    delta.commit(delta.remove("1.parquet"), delta.add(rows(7), "7.parquet"))
    assert_holds(engine.scan(plan(contract(AT))), 2, 3, 7)


def test_a_checkpoint_of_which_a_part_is_missing_does_not_count(engine: IbisEngine, delta: Delta) -> None:
    delta.commit(delta.add(rows(1), "1.parquet"))
    delta.checkpoint(forget=False)
    delta.commit(delta.add(rows(2), "2.parquet"))
    delta.checkpoint(3, forget=False)[1].unlink()
    assert_holds(engine.scan(plan(contract(AT))), 1, 2)


def test_values_of_partitions_come_from_the_log(engine: IbisEngine, tmp_path: Path) -> None:
    schema = pa.schema({"day": pa.date32(), "x": pa.float64(), "city": pa.string(), "n": pa.int32()})
    table = Delta(tmp_path / "lake" / "t", schema, ("city", "day", "n")).create()
    cities = ["a b/c", "ü=1", "it's %41", "", None, "a b/c"]
    days = ["2026-03-01", "2026-03-02", None, "0001-01-01", "9999-12-31", "2026-03-02"]
    for number, (city, day) in enumerate(zip(cities, days, strict=True)):
        name = f"city={number}/day=1999-01-01/100%25 {number}.parquet"  # folders' names mean nothing
        part = pa.table({"x": [1.5, None]}, pa.schema({"x": pa.float64()}))
        table.commit(table.add(part, name, city=city, day=day, n=str(number) if number else None))
    profile = engine.scan(plan(contract(AT)))
    assert profile.schema == (("day", "date"), ("x", "float64"), ("city", "string"), ("n", "int32"))
    assert (profile.rows, profile.columns["x"].nulls, profile.columns["x"].mean) == (12, 6, 1.5)
    city = profile.columns["city"]
    assert city.categories == {"a b/c": 4, "it's %41": 2, "ü=1": 2}
    assert city.nulls == 4  # the log writes null as the empty text
    day = profile.columns["day"]
    assert (day.minimum, day.maximum, day.nulls) == ("0001-01-01", "9999-12-31", 2)
    assert (profile.columns["n"].mean, profile.columns["n"].nulls) == (3.0, 2)


def test_a_column_that_came_later_is_null_in_older_files(engine: IbisEngine, tmp_path: Path) -> None:
    old = pa.schema({"id": pa.int64()})
    table = Delta(tmp_path / "lake" / "t", old).create()
    table.commit(table.add(pa.table({"id": [1, 2]}, old), "a.parquet"))
    table.schema = pa.schema({"born": pa.date32(), "id": pa.int64(), "list": pa.list_(pa.int64())})
    table.commit({"metaData": table.metadata})
    profile = engine.scan(plan(contract(AT)))
    assert [name for name, _ in profile.schema] == ["born", "id", "list"]
    assert (profile.columns["born"].nulls, profile.columns["id"].mean) == (2, 1.5)
    later = pa.table({"born": [date(2000, 1, 1)], "id": [6], "list": [[1]]}, table.schema)
    table.commit(table.add(later, "b.parquet"))
    profile = engine.scan(plan(contract(AT)))
    assert (profile.columns["born"].nulls, profile.columns["list"].nulls) == (2, 2)
    assert profile.columns["id"].mean == 3.0


def features(*names: str) -> dict[str, Any]:
    return {"minReaderVersion": 3, "readerFeatures": list(names), "writerFeatures": list(names)}


VECTOR = {"storageType": "u", "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^", "offset": 4, "cardinality": 1}


@pytest.mark.parametrize(
    ("protocol", "configuration"),
    [
        ({"minReaderVersion": 2, "minWriterVersion": 5}, {"delta.columnMapping.mode": "none"}),
        (features("timestampNtz", "vacuumProtocolCheck"), {}),
        (features("deletionVectors"), {"delta.enableDeletionVectors": "true"}),
    ],
)
def test_features_that_a_table_may_use_and_does_not_are_no_obstacle(
    engine: IbisEngine, delta: Delta, protocol: Mapping[str, Any], configuration: Mapping[str, str]
) -> None:
    delta.protocol, delta.configuration = protocol, configuration
    delta.commit({"protocol": protocol}, {"metaData": delta.metadata}, delta.add(rows(1, 2), "a.parquet"))
    assert_holds(engine.scan(plan(contract(AT))), 1, 2)
    delta.checkpoint()
    assert_holds(engine.scan(plan(contract(AT))), 1, 2)


def test_a_file_whose_deletion_vector_was_purged_counts_again(engine: IbisEngine, delta: Delta) -> None:
    plain = delta.add(rows(1, 2), "a.parquet")
    marked = {"add": {**plain["add"], "deletionVector": VECTOR}}
    removed = {"remove": {"path": "a.parquet", "dataChange": True}}
    delta.commit({"protocol": features("deletionVectors")}, plain)
    delta.commit(marked, removed)  # the order within a commit means nothing
    with pytest.raises(SourceUnavailable, match="deletion vectors"):
        engine.scan(plan(contract(AT)))
    gone = {"remove": {"path": "a.parquet", "deletionVector": VECTOR}}
    delta.commit(gone, delta.add(rows(2), "b.parquet"))
    assert_holds(engine.scan(plan(contract(AT))), 2)


def commit(delta: Delta, version: int) -> Path:
    return delta.log / f"{version:020}.json"


def _with(**changes: Any) -> Callable[[Delta], None]:
    return lambda delta: delta.commit({"metaData": {**delta.metadata, **changes}})


def _schema(type_: Any) -> Callable[[Delta], None]:
    return _with(schemaString=json.dumps({"type": "struct", "fields": [{"name": "x", "type": type_}]}))


def _at(path: str) -> Callable[[Delta], None]:
    return lambda delta: delta.commit({"add": {**delta.live["a.parquet"], "path": path}})


def _v2(delta: Delta) -> None:
    delta.commit()
    for version in range(delta.version + 1):
        (delta.log / f"{version:020}.json").unlink()
    (delta.log / f"{delta.version:020}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json").write_text("{}")


REFUSED: Mapping[str, tuple[Callable[[Delta], Any], str]] = {
    "a later reader": (lambda d: d.commit({"protocol": {"minReaderVersion": 4}}), "with reader version 4"),
    "a feature": (
        lambda d: d.commit({"protocol": features("typeWidening", "madeUp")}), "madeUp, typeWidening"
    ),
    "deletion vectors": (
        lambda d: d.commit({"add": {**d.live["a.parquet"], "deletionVector": VECTOR}}), "deletion vectors"
    ),
    "column mapping": (_with(configuration={"delta.columnMapping.mode": "name"}), "column mapping by name"),
    "another format": (_with(format={"provider": "orc"}), "files of the format orc"),
    "an unknown type": (_schema("variant"), "a column of the type variant"),
    "a broken type": (_schema({"kind": "array"}), "a schema that cannot be read"),
    "binary partitions": (
        lambda d: (setattr(d, "schema", pa.schema({"b": pa.binary()})), _with(partitionColumns=["b"])(d)),
        "partitions by binary values",
    ),
    "a path above": (_at("../../secret.parquet"), "files outside of its folder"),
    "an encoded path above": (_at("%2e%2e/secret.parquet"), "files outside of its folder"),
    "an absolute path": (_at("/etc/secret.parquet"), "files outside of its folder"),
    "an address": (_at("s3://bucket/secret.parquet"), "files outside of its folder"),
    "a v2 checkpoint": (_v2, "v2Checkpoint"),
    "a lost commit": (lambda d: (d.commit(), d.commit(), commit(d, 2).unlink()), "lacks version 2"),
    "a broken commit": (lambda d: commit(d, 1).write_text('{"add": '), "0001.json cannot be read"),
    "a commit of lists": (lambda d: commit(d, 1).write_text("[1]"), "what is no action"),
    "a broken checkpoint": (
        lambda d: d.checkpoint()[0].write_bytes(b"PAR1"), "checkpoint.parquet cannot be read"
    ),
    "an empty log": (lambda d: [one.unlink() for one in d.log.iterdir()], "holds no commit"),
    "no protocol": (lambda d: commit(d, 0).write_text(""), "does not say how"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_here_is_refused_by_name(tmp_path: Path, delta: Delta, name: str) -> None:
    change, said = REFUSED[name]
    delta.commit(delta.add(rows(1, 2), "a.parquet"))
    change(delta)
    engine = IbisEngine(settings(), tmp_path, {})
    with pytest.raises(SourceUnavailable, match="lake/t") as caught:
        engine.scan(plan(contract(AT)))
    engine.close()
    assert said in caught.value.message
    assert caught.value.hint


def test_a_file_that_is_gone_is_named(tmp_path: Path, delta: Delta) -> None:
    delta.commit(delta.add(rows(1), "a.parquet"), delta.add(rows(2), "b.parquet"))
    (delta.folder / "b.parquet").unlink()  # VACUUM with too short a retention
    engine = IbisEngine(settings(), tmp_path, {})
    with pytest.raises(SourceUnavailable, match=r"lake/t/b\.parquet"):
        engine.scan(plan(contract(AT)))
    engine.close()


def test_a_folder_without_a_log_is_no_delta_table(tmp_path: Path) -> None:
    (tmp_path / "lake" / "t").mkdir(parents=True)
    engine = IbisEngine(settings(), tmp_path, {})
    with pytest.raises(SourceUnavailable, match="no Delta table at lake/t"):
        engine.scan(plan(contract(AT)))
    engine.close()


# --- patterns over a table's files ------------------------------------------------------------------


def iceberg(folder: Path) -> None:
    """What tells an Iceberg table; its files lie in a folder of their own."""
    (folder / "metadata").mkdir(parents=True)
    (folder / "metadata" / "00001-ab.metadata.json").write_text("{}")
    (folder / "data" / "day=1").mkdir(parents=True)
    pq.write_table(rows(1), folder / "data" / "day=1" / "a.parquet")


PATTERNS = [
    ("delta", "lake/t"),
    ("delta", "lake/t/*.parquet"),
    ("delta", "lake/t/a.parquet"),
    ("delta", "lake/**/*.parquet"),
    ("delta", "lake/t/day=*/*.parquet"),
    ("iceberg", "ice"),
    ("iceberg", "ice/data/*/*.parquet"),
    ("iceberg", "ice/data/day=1/a.parquet"),
]


@pytest.mark.parametrize(("kind", "path"), PATTERNS)
def test_a_pattern_over_a_tables_files_is_refused_and_says_what_to_write(
    tmp_path: Path, delta: Delta, kind: str, path: str
) -> None:
    delta.commit(delta.add(rows(1), "a.parquet"), delta.add(rows(2), "day=1/b.parquet"))
    iceberg(tmp_path / "ice")
    engine = IbisEngine(settings(), tmp_path, {})
    folder = "lake/t" if kind == "delta" else "ice"
    with pytest.raises(SourceUnavailable, match=f"{folder} is an? {kind.capitalize()} table") as caught:
        engine.scan(plan(contract(Location("parquet", path=path))))
    engine.close()
    assert f"format: {kind}" in caught.value.hint


@NEEDS_SPARK[0]
@NEEDS_SPARK[1]
def test_spark_reads_no_pattern_over_a_tables_files_either(
    spark_url: str, tmp_path: Path, delta: Delta
) -> None:
    delta.commit(delta.add(rows(1), "a.parquet"), delta.add(rows(2), "day=1/b.parquet"))
    iceberg(tmp_path / "ice")
    (tmp_path / "plain").mkdir()
    pq.write_table(rows(4, 5), tmp_path / "plain" / "a.parquet")
    engine = IbisEngine(settings(spark_url), tmp_path, {})
    for kind, path in (
        ("Delta", "lake/t"),
        ("Delta", "lake/t/*.parquet"),
        ("Delta", "lake/t/day=*/*.parquet"),
        ("Delta", "lake/t/a.parquet"),
        ("Iceberg", "ice/data/*/*.parquet"),
    ):
        with pytest.raises(SourceUnavailable, match=f"is an? {kind} table"):
            engine.scan(plan(contract(Location("parquet", path=str(tmp_path / path), connection="pg"))))
    plain = Location("parquet", path=str(tmp_path / "plain/*.parquet"), connection="pg")
    assert_holds(engine.scan(plan(contract(plain))), 4, 5)
    engine.close()


@NEEDS_SPARK[0]
@NEEDS_SPARK[1]
@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_spark_that_knows_no_such_tables_says_what_is_missing(
    spark_url: str, tmp_path: Path, delta: Delta, kind: Any
) -> None:
    engine = IbisEngine(settings(spark_url), tmp_path, {})
    with pytest.raises(SourceUnavailable, match=f"this Spark knows no {kind.capitalize()} tables") as caught:
        engine.scan(plan(contract(replace(AT, kind=kind, path=str(delta.folder), connection="pg"))))
    engine.close()
    assert "spark.jars.packages" in caught.value.hint


# --- Iceberg, through DuckDB's extension ------------------------------------------------------------

ICE = Location("iceberg", path="ice")


def test_an_iceberg_table_is_refused_where_the_extension_is_not_installed(
    tmp_path: Path, monkeypatch
) -> None:
    iceberg(tmp_path / "ice")
    monkeypatch.setenv("HOME", str(tmp_path))  # where DuckDB keeps extensions
    engine = IbisEngine(settings(), tmp_path, {})
    with pytest.raises(SourceUnavailable, match="ice is an Iceberg table, which DuckDB reads with") as caught:
        engine.scan(plan(contract(ICE)))
    engine.close()
    assert "INSTALL iceberg" in caught.value.hint


def test_a_folder_without_metadata_is_no_iceberg_table(tmp_path: Path) -> None:
    (tmp_path / "ice").mkdir()
    engine = IbisEngine(settings(), tmp_path, {})
    with pytest.raises(SourceUnavailable, match="no Iceberg table at ice"):
        engine.scan(plan(contract(ICE)))
    engine.close()


def test_an_iceberg_table_is_what_the_extension_says_and_is_read_anew_after_a_commit(
    tmp_path: Path, monkeypatch
) -> None:
    """With a stand-in for the extension, which cannot be installed without a network."""
    from governance_pipeline.profiles.session import Session

    iceberg(tmp_path / "ice")
    run = Session.rows

    def with_extension(self: Session, statement: str) -> list[tuple[Any, ...]]:
        if statement == "LOAD iceberg":
            statement = (
                "CREATE MACRO IF NOT EXISTS iceberg_scan(folder) AS TABLE"
                " SELECT * FROM read_parquet(folder || '/data/*/*.parquet', hive_partitioning = false)"
            )
        return run(self, statement)

    monkeypatch.setattr(Session, "rows", with_extension)
    engine = IbisEngine(settings(), tmp_path, {})
    first = engine.read(plan(contract(ICE)), {})
    assert_holds(first.profile, 1)
    again = engine.read(plan(contract(ICE)), {one.id: one for one in first.partitions})
    assert again.read == frozenset()
    pq.write_table(rows(2, 3), tmp_path / "ice/data/day=1/b.parquet")
    (tmp_path / "ice/metadata/00002-cd.metadata.json").write_text("{}")
    later = engine.read(plan(contract(ICE)), {one.id: one for one in first.partitions})
    assert later.read
    assert_holds(later.profile, 1, 2, 3)
    engine.close()
