"""Files that disappear while their table is read: the table is measured as it then is, or refused by name."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Contract, Location, QualityRule
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.session import Session
from tests.profiles.support import contract, plan, settings
from tests.spark import NEEDS_SPARK

DAYS = 3
ROWS = 10
ALL = list(range(DAYS * ROWS))
PATTERN = QualityRule("odd", "word", "invalidValues", "mustBe", 0.0, arguments={"pattern": "7$"})


def land(root: Path) -> Path:
    """Three files of ten rows each, and what they are called."""
    folder = root / "days"
    folder.mkdir(exist_ok=True)
    for day in range(DAYS):
        values = ALL[day * ROWS : (day + 1) * ROWS]
        words = [f"w{value}" for value in values]
        pq.write_table(pa.table({"x": [float(v) for v in values], "word": words}), folder / f"{day}.parquet")
    return folder


def of(location: Location) -> Contract:
    return contract(location, rules=(PATTERN,))


def told(profile: Profile) -> dict[str, Any]:
    column = profile.columns["x"]
    return {
        "rows": profile.rows,
        "sum": column.mean and column.mean * column.rows,
        "largest": column.maximum,
        "distinct": profile.columns["word"].distinct,
        "not sevens": profile.rules[0].failing,
        "unmeasured": dict(profile.unmeasured),
    }


def expected(values: list[int]) -> dict[str, Any]:
    return {
        "rows": len(values),
        "sum": pytest.approx(sum(values)),
        "largest": max(values),
        "distinct": len(values),
        "not sevens": sum(value % 10 != 7 for value in values),
        "unmeasured": {},
    }


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, Callable[[], None]], list[int]]]:
    """Have something done just before statement ``number`` of a scan."""
    run = Session.rows

    def arrange(number: int, act: Callable[[], None]) -> list[int]:
        statements: list[int] = []

        def rows(self: Session, statement: str) -> list[tuple[Any, ...]]:
            statements.append(len(statements))
            if len(statements) == number + 1:
                act()
            return run(self, statement)

        monkeypatch.setattr(Session, "rows", rows)
        return statements

    yield arrange
    monkeypatch.setattr(Session, "rows", run)


@pytest.mark.parametrize("in_memory", [True, False], ids=["kept in memory", "read in place"])
def test_a_file_that_disappears_at_any_statement_is_wholly_counted_or_not_at_all(
    tmp_path: Path, before, in_memory: bool
) -> None:
    seen = set()
    number = 0
    while True:
        folder = land(tmp_path)
        engine = IbisEngine(settings(), tmp_path, {})
        engine._tables._files._room = engine._tables._files._room if in_memory else 0
        statements = before(number, (folder / "1.parquet").unlink)
        found = told(engine.scan(plan(of(Location("parquet", path="days/*.parquet")))))
        engine.close()
        if number >= len(statements):
            break
        everything, rest = expected(ALL), expected(ALL[:ROWS] + ALL[2 * ROWS :])
        assert found in (everything, rest), f"before statement {number}"
        seen.add(found["rows"])
        number += 1
    assert number > 10
    assert seen == ({2 * ROWS, 3 * ROWS} if in_memory else {2 * ROWS})  # the last statement reads all files


def test_a_file_that_goes_between_the_listing_and_the_look_at_it_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = land(tmp_path)
    find = glob.glob

    def found_and_gone(pattern: str, **options: Any) -> list[str]:
        names = find(pattern, **options)
        (folder / "1.parquet").unlink()
        return names

    monkeypatch.setattr(glob, "glob", found_and_gone)
    engine = IbisEngine(settings(), tmp_path, {})
    found = engine.scan(plan(of(Location("parquet", path="days/*.parquet"))))
    engine.close()
    assert not (folder / "1.parquet").exists()
    assert told(found) == expected(ALL[:ROWS] + ALL[2 * ROWS :])


def test_a_table_whose_files_keep_disappearing_is_refused_by_name(tmp_path: Path, monkeypatch) -> None:
    folder = land(tmp_path)
    engine = IbisEngine(settings(), tmp_path, {})
    engine._tables._files._room = 0
    run = Session.rows

    def rows(self: Session, statement: str) -> list[tuple[Any, ...]]:
        if "DESCRIBE" not in statement and "CREATE" not in statement and len(list(folder.iterdir())) > 1:
            min(folder.iterdir()).unlink()
        return run(self, statement)

    monkeypatch.setattr(Session, "rows", rows)
    with pytest.raises(SourceUnavailable, match=r"files of lending.things came and went .*days/\d\.parquet"):
        engine.scan(plan(of(Location("parquet", path="days/*.parquet"))))
    monkeypatch.undo()
    assert engine.scan(plan(of(Location("parquet", path="days/*.parquet")))).rows == ROWS
    engine.close()


def test_a_single_file_that_disappears_is_missing_data(tmp_path: Path, before) -> None:
    land(tmp_path)
    engine = IbisEngine(settings(), tmp_path, {})
    before(3, (tmp_path / "days/1.parquet").unlink)
    with pytest.raises(SourceUnavailable, match=r"no file matches days/1\.parquet"):
        engine.scan(plan(of(Location("parquet", path="days/1.parquet"))))
    engine.close()


@pytest.mark.parametrize("number", [0, 1, 2, 3])  # from the fifth statement on all has been read
@NEEDS_SPARK[0]
@NEEDS_SPARK[1]
def test_on_spark_too_the_rest_is_measured(tmp_path: Path, spark_url: str, before, number: int) -> None:
    folder = land(tmp_path)
    engine = IbisEngine(settings(spark_url), tmp_path, {})
    before(number, (folder / "1.parquet").unlink)
    location = replace(Location("parquet", path=str(folder / "*.parquet")), connection="pg")
    assert told(engine.scan(plan(of(location)))) == expected(ALL[:ROWS] + ALL[2 * ROWS :])
    engine.close()
