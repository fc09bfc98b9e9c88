"""A file whose footer is good and whose middle is destroyed: named, and nothing of its table is told."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import LawfulBasis, Location, PurposeUse
from governance_pipeline.charter.settings import ConsentLedger
from governance_pipeline.profiles import staged
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.session import FileDamaged
from tests.damage import Part, damage, overwrite
from tests.profiles.support import contract, plan, scan, settings, write
from tests.spark import NEEDS_SPARK

ROWS = 3000
FILES = Location("parquet", path="data/*.parquet")


@pytest.fixture(params=["in memory", "in place"])
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are read whole when they are opened, large ones by each statement."""
    if request.param == "in place":
        monkeypatch.setattr(staged, "_ONE_TABLE_SHARE", 0.0)


def land(root: Path, compression: str = "zstd") -> Path:
    """Three files of a table; the path of the second."""
    (root / "data").mkdir()
    for number in range(3):
        rows = pa.table(
            {
                "subject": [f"P{number}{i:06}" for i in range(ROWS)],
                "grade": [f"grade {i % 40}" for i in range(ROWS)],
                "income": [i * 1.37 + number for i in range(ROWS)],
            }
        )
        pq.write_table(rows, root / f"data/{number}.parquet", compression=compression)
    return root / "data/1.parquet"


@pytest.mark.parametrize("part", ["header", "content"])
@pytest.mark.parametrize("column", ["subject", "grade", "income"])
@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip"])
@pytest.mark.usefixtures("held")
def test_the_file_is_named_and_what_to_do_is_said(tmp_path: Path, compression: str, column: str, part: Part):
    damage(land(tmp_path, compression), column, part)
    with pytest.raises(FileDamaged) as raised:
        scan(tmp_path, contract(FILES))
    assert raised.value.message == "data/1.parquet is damaged: a part of it cannot be read"
    assert "put it back from its source or from a backup" in raised.value.hint


@pytest.mark.usefixtures("held")
def test_a_file_that_is_put_back_is_read_again_by_the_same_engine(tmp_path: Path):
    file = land(tmp_path)
    good, times = file.read_bytes(), file.stat()
    engine = IbisEngine(settings(), tmp_path, {})
    assert engine.scan(plan(contract(FILES))).rows == 3 * ROWS
    damage(file, "income")
    os.utime(file)
    with pytest.raises(FileDamaged):
        engine.scan(plan(contract(FILES)))
    file.write_bytes(good)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert engine.scan(plan(contract(FILES))).rows == 3 * ROWS
    engine.close()


def consented(root: Path) -> tuple[ConsentPlan, Path]:
    ledger = pa.table(
        {
            "subject_id": [f"P0{i:06}" for i in range(ROWS)],
            "purpose": ["training"] * ROWS,
            "basis": ["consent"] * ROWS,
            "status": ["given"] * ROWS,
            **{name: pa.array([None] * ROWS, pa.timestamp("us")) for name in ("valid_from", "valid_to")},
            "recorded_at": pa.array([i * 10**6 for i in range(ROWS)], pa.timestamp("us")),
        }
    )
    location = write("parquet", root, ledger, name="consents")
    return ConsentPlan(ConsentLedger(dataset="lending.consents"), location), root / "consents.parquet"


@pytest.mark.usefixtures("held")
def test_a_damaged_ledger_costs_the_table_its_consent_only(tmp_path: Path):
    land(tmp_path)
    consent, file = consented(tmp_path)
    damage(file, "status")
    of = contract(FILES, subject_key="subject", purposes=(PurposeUse("training", LawfulBasis.CONSENT),))
    profile = scan(tmp_path, of, consent=consent)
    assert profile.rows == 3 * ROWS
    assert profile.unmeasured["consent"] == "consents.parquet is damaged: a part of it cannot be read"


def test_damage_to_rows_remembered_is_named_where_they_are_compared_with_the_ledger(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(staged, "_ONE_TABLE_SHARE", 0.0)
    file = land(tmp_path)
    consent, _ = consented(tmp_path)
    of = contract(FILES, subject_key="subject", purposes=(PurposeUse("training", LawfulBasis.CONSENT),))
    asked = plan(of, consent=consent)
    engine = IbisEngine(settings(), tmp_path, {})
    known = {part.id: part for part in engine.read(asked, {}).partitions}
    damage(file, "subject")
    with pytest.raises(FileDamaged, match=r"^data/1\.parquet is damaged"):
        engine.read(replace(asked), known)
    engine.close()


def test_a_damaged_duckdb_file_is_named(tmp_path: Path):
    location = write("duckdb", tmp_path, pa.table({"x": [i * 1.37 for i in range(200_000)]}))
    file = Path(location.path)
    overwrite(file, file.stat().st_size // 2, file.stat().st_size // 2 + 2000)
    with pytest.raises(FileDamaged, match=r"^things\.duckdb is damaged"):
        scan(tmp_path, contract(location))


@NEEDS_SPARK[0]
@NEEDS_SPARK[1]
@pytest.mark.parametrize("part", ["header", "content"])
def test_on_spark_the_file_is_named_too(tmp_path: Path, spark_url: str, part: Part):
    damage(land(tmp_path), "grade", part)
    with pytest.raises(FileDamaged, match=r"^data/1\.parquet is damaged"):
        scan(
            tmp_path,
            contract(replace(FILES, path=str(tmp_path / FILES.path), connection="pg")),
            url=spark_url,
        )
