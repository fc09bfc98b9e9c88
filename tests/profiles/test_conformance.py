"""The same rows on DuckDB, Postgres and Spark give the same profile, to the last count.

DuckDB reads a Parquet file, Postgres a table of its own, Spark a table of its catalog. What each engine
finds is compared with what DuckDB finds, field by field; DuckDB itself is held to numpy, pandas and
pandera by the other tests of this folder.
"""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import (
    Column,
    Contract,
    DatasetKind,
    LawfulBasis,
    Location,
    PurposeUse,
    QualityRule,
)
from governance_pipeline.profiles.columns import specs
from governance_pipeline.profiles.distinct import sketches
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.limit import Limit
from governance_pipeline.profiles.plan import ConsentPlan, GroupPlan
from governance_pipeline.profiles.profile import ColumnProfile, Profile
from governance_pipeline.profiles.sketch import STANDARD_ERROR
from governance_pipeline.profiles.window import ALL, Window
from tests.profiles.support import contract, plan, settings, url_of, write
from tests.profiles.test_consent import CASES, LEDGER, TRAINING, Record, ledger_table
from tests.profiles.test_rules import CHECKS, people
from tests.spark import NEEDS_SPARK, in_catalog

ROWS = 1200
OTHERS = (pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("spark", marks=NEEDS_SPARK))
ADS = PurposeUse("ads", LawfulBasis.CONTRACT)
MOMENTS = ("mean", "variance")
RELATIVE = 1e-9
ESTIMATES = 6 * STANDARD_ERROR  # of the difference of two


@dataclass(frozen=True)
class Engine:
    """One engine and a way to give it a table."""

    kind: str
    root: Path
    url: str | None
    engine: IbisEngine

    def table(self, name: str, rows: pa.Table) -> Location:
        if self.kind == "spark":
            assert self.url is not None
            return in_catalog(self.url, self.root, name, rows)
        return write(self.kind, self.root, rows, self.url, name)

    def scan(self, of: Contract, **changes: Any) -> Profile:
        return self.engine.scan(plan(of, **changes))


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """DuckDB, and the engine that is compared with it."""
    found = []
    for kind in ("parquet", str(request.param)):
        root = tmp_path / kind
        root.mkdir()
        url = url_of(kind, request)
        found.append(Engine(kind, root, url, IbisEngine(settings(url), root, {})))
    yield found[0], found[1]
    for one in found:
        one.engine.close()


def with_gaps(values: Any, every: int, kind: pa.DataType) -> pa.Array:
    return pa.array([None if n % every == 0 else value for n, value in enumerate(values)], kind)


def numbers() -> dict[str, pa.Array]:
    rng = np.random.default_rng(5)
    odd = [math.nan, math.inf, -math.inf, -0.0, 0.0, None]
    wild = [odd[n % 40] if n % 40 < len(odd) else float(rng.normal(3, 1e3)) for n in range(ROWS)]
    return {
        "wild": pa.array(wild, pa.float64()),
        "small": with_gaps(rng.normal(0, 1, ROWS).astype(np.float32).tolist(), 7, pa.float32()),
        "far": pa.array(1e6 + rng.normal(0, 1, ROWS)),  # a sum of squares would lose 4 digits of 1e-9
        "huge": pa.array([1e308 if n % 2 else -1e308 for n in range(ROWS)]),
        "tiny": pa.array([5e-324 * (n % 3) for n in range(ROWS)]),
        "tenths": pa.array([(n % 11) / 10 for n in range(ROWS)]),
        "few": with_gaps([n % 5 for n in range(ROWS)], 13, pa.int32()),
        "large": pa.array([2**62 + n for n in range(ROWS)], pa.int64()),
        "money": with_gaps([Decimal(n * 37 % 1000) / 4 for n in range(ROWS)], 11, pa.decimal128(12, 2)),
        "whole": pa.array([Decimal(n % 9) for n in range(ROWS)], pa.decimal128(20, 0)),
        "zeros": pa.array([[0.0, -0.0, 0.25, None][n % 4] for n in range(ROWS)], pa.float64()),
        "constant": pa.array([2.5] * ROWS),
        "nothing": pa.array([None] * ROWS, pa.float64()),
    }


def words() -> dict[str, pa.Array]:
    hostile = [
        "a'b",
        'a"b',
        "a\\b",
        "a\nb",
        "a\tb",
        "%s",
        "${x}",
        "{x}",
        "🦄",
        "ß",
        "",
        " a",
        "a ",
        "NULL",
        "é",
        "e\u0301",
    ]
    return {
        "grade": with_gaps([hostile[n % len(hostile)] for n in range(ROWS)], 17, pa.string()),
        "free": pa.array([f"text {n}" for n in range(ROWS)]),
        "mixed": pa.array([f"rare {n}" if n % 3 == 0 else f"often {n % 2}" for n in range(ROWS)]),
        "long": pa.array(["x" * (250 + n % 10) for n in range(ROWS)]),
        "town": pa.array(["Ulm" if n < 5 else "Nice" for n in range(ROWS)]),
        "silent": pa.array([None] * ROWS, pa.string()),
        "open": with_gaps([n % 3 == 0 for n in range(ROWS)], 5, pa.bool_()),
    }


def times() -> dict[str, pa.Array]:
    start = datetime(2026, 2, 20, 0, 0, 0, 123456)
    naive = [start + timedelta(hours=n) for n in range(ROWS)]
    zoned = [one.replace(tzinfo=UTC) for one in naive]
    return {
        "at": with_gaps(naive, 19, pa.timestamp("us")),
        "seen": with_gaps(zoned, 23, pa.timestamp("us", tz="UTC")),
        "born": with_gaps([date(1900, 1, 1) + timedelta(days=n) for n in range(ROWS)], 3, pa.date32()),
        "edge": pa.array([date(1, 1, 1) if n % 2 else date(9999, 12, 31) for n in range(ROWS)]),
    }


NAMES = [
    'a"b',
    "c'd",
    "e.f",
    "g`h",
    "i\\j",
    "select",
    "two words",
    "🦄 horn",
    "Ünïcode",
    "a,b;c={d}",
    "%s",
    "w",
    "c0",
]


def rows() -> pa.Table:
    ids = [f"s{n % 400}" if n % 50 else None for n in range(ROWS)]
    odd = {name: pa.array([float(n % 4) for n in range(ROWS)]) for name in NAMES}
    key = {
        "id": pa.array([n if n < ROWS - 3 else 0 for n in range(ROWS)]),
        "subject": pa.array(ids, pa.string()),
    }
    return pa.table(key | numbers() | words() | times() | odd)


def compare(mine: Profile, theirs: Profile) -> list[str]:
    """What differs, in words."""
    found = []
    for field in fields(Profile):
        a, b = getattr(mine, field.name), getattr(theirs, field.name)
        if field.name == "columns":
            assert list(a) == list(b)
            found += [said for name in a for said in compare_columns(a[name], b[name])]
        elif field.name == "groups":
            assert [(t.model, t.attributes, set(t.cells)) for t in a] == [
                (t.model, t.attributes, set(t.cells)) for t in b
            ]
        elif field.name == "windows":
            assert list(a) == list(b)
            found += [
                said
                for days in a
                for name in a[days]
                for said in compare_columns(a[days][name], b[days][name])
            ]
        elif field.name == "subjects" and a is not None and b is not None:
            found += [] if abs(a - b) <= ESTIMATES * max(a, b, 10) else [f"subjects: {a} and {b}"]
        elif field.name != "source_state" and a != b:  # only files have a state
            found.append(f"{field.name}: {a} and {b}")
    return found


def compare_columns(mine: ColumnProfile, theirs: ColumnProfile) -> list[str]:
    found = []
    for field in fields(ColumnProfile):
        a, b = getattr(mine, field.name), getattr(theirs, field.name)
        same = a == b
        if field.name in MOMENTS and isinstance(a, float) and isinstance(b, float):
            same = math.isclose(a, b, rel_tol=RELATIVE, abs_tol=1e-300)
        if field.name == "distinct" and not mine.complete and a is not None and b is not None:
            same = abs(a - b) <= ESTIMATES * max(a, b, 10)
        if field.name == "sketch":  # every engine has a hash function of its own
            same = (a is None) == (b is None)
        if not same:
            found.append(f"{mine.name}.{field.name}: {a} and {b}")
    return found


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
@pytest.mark.parametrize("window_days", [7, 90])
def test_the_profile_is_the_same(pair: tuple[Engine, Engine], window_days: int) -> None:
    found = []
    for engine in pair:
        of = contract(
            engine.table("things", rows()),
            Column("id", primary_key=True),
            Column("subject"),
            Column("town", personal=True),
            event_time="at",
            subject_key="subject",
        )
        fine = Grid(-4, 16 * (1_000_000 - 7), 224)  # more bins than values that are kept
        grids = {"small": Grid(-2, -4, 8), "few": Grid(1, 0, 2), "far": fine}
        found.append(engine.scan(of, grids=grids, window_days=window_days))
    assert found[0].window_rows > 100
    assert found[0].columns["wild"].nans > 1
    assert found[0].columns["far"].histogram.total > 100
    assert not compare(*found)


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
def test_some_columns_on_other_grids_are_as_a_scan_on_these_finds_them(pair: tuple[Engine, Engine]) -> None:
    grids = {"small": Grid(-2, -4, 8), "few": Grid(1, 0, 2), "wild": Grid(-3, 8, 32)}
    found = []
    for engine in pair:
        of = contract(
            engine.table("things", rows()),
            kind=DatasetKind.TRAINING_SNAPSHOT,
            event_time="at",
            cluster="grade",
        )
        asked = plan(of, grids=grids, compared=["few", "grade", "far"])
        again, whole = engine.engine.on_grids(asked), engine.engine.scan(asked).columns
        assert sorted(again) == sorted(grids)
        assert not [said for name in grids for said in compare_columns(again[name], whole[name])]
        assert again["few"].clusters
        found.append(again)
    assert not [said for name in grids for said in compare_columns(found[0][name], found[1][name])]


CLUSTERED_BY = ("grade", "few", "money", "whole", "tenths", "open", "at", "seen", "born", "subject", "id")


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
def test_rows_that_belong_together_are_counted_alike(pair: tuple[Engine, Engine]) -> None:
    tables = [engine.table("things", rows()) for engine in pair]
    for cluster in CLUSTERED_BY:
        found = []
        for engine, location in zip(pair, tables, strict=True):
            of = contract(
                location,
                Column("id", primary_key=True),
                Column("town", personal=True),
                event_time="at",
                subject_key="subject",
                cluster=cluster,
            )
            grids = {"small": Grid(-2, -4, 8), "few": Grid(1, 0, 2)}
            names = rows().column_names
            found.append(engine.scan(of, grids=grids, compared=names, window_days=90))
        for name, column in found[0].columns.items():
            assert sum(map(sum, column.clusters)) == column.rows, (cluster, name)
        assert not compare(*found), cluster


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
@pytest.mark.parametrize("event_time", ["seen", "born"])
def test_other_event_times_are_read_alike(pair: tuple[Engine, Engine], event_time: str) -> None:
    table = rows().select(["id", "seen", "born", "few"])
    found = [engine.scan(contract(engine.table("things", table), event_time=event_time)) for engine in pair]
    assert found[0].watermark is not None
    assert not compare(*found)


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
def test_groups_are_counted_alike(pair: tuple[Engine, Engine]) -> None:
    plans = (
        GroupPlan("a", ("grade", "open"), "few", "whole", "3"),
        GroupPlan("b", ("few", "money", "born"), "tenths", "open", "0.5"),
        GroupPlan("c", ("town", "at", "seen"), "wild", "grade", "0"),
        GroupPlan("d", ("town",), "open", "mixed", "often 1", "few", "2", datetime(2026, 3, 1, tzinfo=UTC)),
    )
    found = [
        engine.scan(contract(engine.table("things", rows()), event_time="at"), groups=plans)
        for engine in pair
    ]
    assert [len(profile.groups) for profile in found] == [4, 4]
    assert not compare(*found)


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
@pytest.mark.parametrize("conflict", ["most_protective", "latest_recorded"])
def test_consent_is_decided_alike(pair: tuple[Engine, Engine], conflict: str) -> None:
    """Every case of the tests of consent at once, a subject each."""
    records = [replace(one, subject=case) for case, (ledger, _) in CASES.items() for one in ledger]
    ledger = ledger_table([*records, Record("somebody else")])
    subjects = pa.table({"subject": [*CASES, *list(CASES)[::2], None]})
    found = []
    for engine in pair:
        consents = engine.table("consents", ledger)
        of = contract(engine.table("people", subjects), subject_key="subject", purposes=(TRAINING, ADS))
        found.append(engine.scan(of, consent=ConsentPlan(LEDGER, consents, conflict)))
    training = found[0].consent[0]
    assert training.valid == sum(state == "valid" for _, state in CASES.values())
    assert not compare(*found)


RULES = (
    *(replace(rule, id=name) for name, (rule, _) in CHECKS.items()),
    QualityRule("pair", None, "duplicateValues", "mustBe", 0, arguments={"properties": ["age", "grade"]}),
    QualityRule("rows", None, "rowCount", "mustBe", 1),
    QualityRule("steps", "income", "invalidValues", "mustBe", 0, arguments={"multipleOf": 0.05}),
    QualityRule("own", "age", "sql", "mustBe", 1, query="SELECT AVG(${column}) FROM ${table} WHERE 1 = 1"),
    QualityRule("gone", "gone", "nullValues", "mustBe", 0),
)  # fmt: skip


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
def test_rules_are_counted_alike(pair: tuple[Engine, Engine]) -> None:
    table = pa.Table.from_pandas(people(), preserve_index=False)
    found = [engine.scan(contract(engine.table("people", table), rules=RULES)) for engine in pair]
    assert len(found[0].rules) == len(RULES)
    assert [tally.rule for tally in found[0].rules if tally.error] == ["gone"]
    assert not compare(*found)


@pytest.mark.parametrize("kind", ["parquet", *OTHERS])
def test_sketches_are_of_the_values_however_these_were_counted(
    tmp_path: Path, kind: str, request: Any
) -> None:
    """By the bins of a histogram, by value, or by the hash of every row."""
    url = url_of(kind, request)
    table = pa.table(
        {
            "binned": with_gaps([n % 190 for n in range(ROWS)], 7, pa.int32()),
            "below": with_gaps([n % 190 - 95 for n in range(ROWS)], 5, pa.int64()),
            "named": with_gaps([f"w{n % 70}" for n in range(ROWS)], 3, pa.string()),
            "free": with_gaps([f"text {n}" for n in range(ROWS)], 4, pa.string()),
        }
    )
    of = contract(write(kind, tmp_path, table, url))
    engine = IbisEngine(settings(url), tmp_path, {})
    columns = engine.scan(plan(of)).columns
    with engine._open(plan(of), Limit(60, "things")) as (session, found):
        window = Window(found.relation, ALL, session.dialect)
        hashed = sketches(session, window, specs(of, found.schema))
    engine.close()
    assert set(columns) == {name for _, name in hashed}
    for (_, name), different in hashed.items():
        assert columns[name].sketch == different.sketch, name
        assert different.filled == columns[name].present == ROWS - table[name].null_count


@pytest.mark.parametrize("pair", OTHERS, indirect=True)
def test_estimates_of_different_values_are_within_their_error(pair: tuple[Engine, Engine]) -> None:
    """Every engine within four standard errors of a sketch's estimate."""
    count = 120_000
    table = pa.table({"word": [f"w{n % 50_000}" for n in range(count)], "number": pa.array(range(count))})
    for engine in pair:
        profile = engine.scan(contract(engine.table("many", table)))
        for name, truth in (("word", 50_000), ("number", count)):
            assert profile.columns[name].distinct == pytest.approx(truth, rel=4 * STANDARD_ERROR)
