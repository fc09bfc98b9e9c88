"""Failing examples are counted and described, never shown; and a sample never makes a number."""

from __future__ import annotations

import json
import logging
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from governance_pipeline.charter.contract import Location
from governance_pipeline.cli import main
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.profile import MAX_CATEGORIES
from governance_pipeline.profiles.tally import MAX_CELLS
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from tests.bad_input.conftest import Night, Trouble, alike, run
from tests.profiles.support import contract as a_contract
from tests.profiles.support import scan, statements_of, write
from tests.tiny import PEOPLE, contract, land, night, write_table

BAD = 12  # rows of tonight that break each rule, each with a value of its own
SECRET = "quasimodo"  # part of every failing text
NUMBER = -918273645.5  # the failing number
CODES = re.compile(rf"{SECRET}|918273645|9\.18273645e\+?0?8|918,273,645", re.IGNORECASE)

RULES = """\
      - {name: income, logicalType: number, required: true, logicalTypeOptions: {minimum: 0, multipleOf: 0.5}}
      - name: race
        logicalType: string
        required: true
        unique: true
        customProperties: [{property: personal, value: true}]
        logicalTypeOptions: {pattern: "^[a-z]{5}$", maxLength: 5}
        quality:
          - {id: sets, metric: invalidValues, mustBe: 0, arguments: {validValues: [white, black]}}
          - {id: check, type: custom, engine: pandera, implementation: {check: str_length, max_value: 5}}
          - id: query
            type: sql
            mustBe: 0
            query: SELECT COUNT(*) FROM ${object} WHERE LENGTH(${property}) > 5
          - id: broken
            type: sql
            mustBe: 0
            query: SELECT SUM(CAST(${property} AS INTEGER)) FROM ${object}
"""
OLD = """\
      - {name: income, logicalType: number, required: true, logicalTypeOptions: {minimum: 0}}
      - {name: race, logicalType: string, required: true}
"""


@pytest.fixture
def broken(trouble: Trouble) -> Trouble:
    """Tonight twelve people break every rule there is, each in an own way."""
    contract(trouble.root, "people", OLD, RULES)
    rows = pq.read_table(trouble.data("people"))
    race = rows["race"].to_pylist()
    income = [round(value) for value in rows["income"].to_pylist()]
    race[:BAD] = [f"{SECRET} {n}" for n in range(BAD)]
    income[:BAD] = [NUMBER - n / 8 for n in range(BAD)]
    for place, column in ((2, pa.array(income, pa.float64())), (3, pa.array(race))):
        rows = rows.set_column(place, rows.schema.names[place], column)
    for path in (trouble.root / "data" / "people").iterdir():
        path.unlink()
    write_table(trouble.root, "people", str(night(2)), rows)
    return trouble


def test_failing_rows_are_counted_by_rule(broken: Trouble) -> None:
    found = {facet: m for (name, facet), m in broken.tonight().of("shop.people").items() if name == "quality"}
    failed = {facet: m for facet, m in found.items() if m.outcome is Outcome.FAIL}
    assert sorted(failed) == [
        "check", "income.minimum", "query", "race.maxLength", "race.pattern", "race.unique", "sets"
    ]  # fmt: skip
    counts = {facet: m.details["failing"] for facet, m in failed.items() if facet != "query"}
    assert counts.pop("race.unique") == PEOPLE - BAD - 2  # white and black, beyond the first of each
    assert set(counts.values()) == {BAD}
    assert failed["query"].value == BAD
    for measured in failed.values():
        assert measured.value is not None
        assert not CODES.search(json.dumps(asdict(measured), default=str)), measured


def written(root: Path) -> Iterator[tuple[str, str]]:
    """Every file that the night wrote, and every cell of its database but the profiles' own."""
    folder = root / ".governance"
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix != ".db":
            yield str(path.relative_to(root)), path.read_text(encoding="utf-8", errors="replace")
    engine = sa.create_engine(f"sqlite:///{folder / 'store.db'}")
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        for table in tables.sorted_tables:
            if table.name not in ("profiles", "slices", "partitions", "baselines"):
                for row in connection.execute(sa.select(table)):
                    yield table.name, " ".join(map(str, row))
    engine.dispose()


def test_no_failing_value_is_in_what_a_night_says_or_writes(
    broken: Trouble, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found = broken.tonight()
    places = {"events": repr(found.events), "printed": "".join(capsys.readouterr()), "logged": caplog.text}
    assert found.errors == {}
    assert [i for i in found.incidents if (i.entity.name, i.indicator) == ("shop.people", "quality")]
    assert found.alerts
    for place, text in (*places.items(), *written(broken.root)):
        match = CODES.search(text)
        assert match is None, (place, text[max(0, match.start() - 200) : match.end() + 100])


@pytest.mark.parametrize("words", [("check", "shop.people"), ("check", "shop.people", "--format", "json")])
def test_no_failing_value_is_in_what_the_command_prints(
    broken: Trouble,
    words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked = ["governance", *words, "--date", str(night(2)), "--project", str(broken.root)]
    monkeypatch.setattr("sys.argv", asked)
    with pytest.raises(SystemExit):
        main.run()
    printed = "".join(capsys.readouterr())
    assert "quality" in printed
    assert not CODES.search(printed)


# --- a sample never makes a number ------------------------------------------------------------------


@pytest.fixture
def drifted(trouble: Trouble) -> Trouble:
    """Two nights, the second with a picture of its drift, for which rows are sampled."""
    land(trouble.root, 3, model=True)
    rng = random.Random(5)
    folder = trouble.root / "data" / "features"
    (folder / f"{night(1)}.parquet").unlink()
    for number in (2, 3):
        rows = pq.read_table(folder / f"{night(number)}.parquet")
        ratio = pa.array([5 + rng.random() for _ in range(PEOPLE)])
        write_table(trouble.root, "features", str(night(number)), rows.set_column(2, "ratio", ratio))
    return trouble


def two_nights(root: Path) -> Night:
    """The second of them."""
    run(root, 2)
    return run(root, 3)


def numbers(measured: dict[Any, Measurement]) -> dict[Any, Any]:
    """Without the link to the picture, which an unusable sample does not give."""
    found = alike(measured)
    for one in found.values():
        one["details"].pop("report", None)
    return found


def test_every_number_is_the_same_whatever_the_sample_holds(
    drifted: Trouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    sampled: list[str] = []
    taken = IbisEngine.sample

    def garbage(self: IbisEngine, asked: Any, columns: tuple[str, ...], rows: int) -> pd.DataFrame:
        sampled.append(asked.contract.dataset)
        return taken(self, asked, columns, rows) * 0.0 + 7.0

    copy = Path(shutil.copytree(drifted.root, tmp_path / "copy" / "shop"))
    honest = two_nights(drifted.root)
    assert honest.of("shop.features")["drift", "ratio"].outcome is Outcome.FAIL
    monkeypatch.setattr(IbisEngine, "sample", garbage)
    again = two_nights(copy)
    assert set(sampled) == {"shop.features", "shop.snapshot"}
    assert numbers(again.measured) == numbers(honest.measured)


def test_no_statement_of_a_night_samples(drifted: Trouble, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = statements_of(monkeypatch)
    monkeypatch.setattr(IbisEngine, "sample", lambda *_: pd.DataFrame({"ratio": [0.0, 1.0]}))
    two_nights(drifted.root)
    assert len(statements) > 20
    limits = {found for one in statements for found in re.findall(r"\bLIMIT\s+(\d+)", one.upper())}
    most = {str(MAX_CATEGORIES + 1), str(MAX_CELLS + 1)}  # one more than is kept: the rest is told as such
    assert limits <= most
    assert not [s for s in statements if re.search(r"SAMPLE|RANDOM\(|RAND\(|APPROX_|RESERVOIR", s.upper())]


def test_the_last_row_of_a_large_csv_file_still_decides_its_type_and_counts(tmp_path: Path) -> None:
    rows = 60_000  # DuckDB would look at the first 20,480
    text = "\n".join(["n,x", *(f"{n},{n / 2}" for n in range(rows)), "many,0.25"])
    (tmp_path / "t.csv").write_text(text)
    profile = scan(tmp_path, a_contract(Location("csv", path="t.csv")))
    assert dict(profile.schema)["n"] == "string"
    assert profile.columns["n"].rows == rows + 1
    assert profile.columns["x"].mean == pytest.approx((sum(n / 2 for n in range(rows)) + 0.25) / (rows + 1))


def test_the_least_of_a_million_rows_is_found(tmp_path: Path) -> None:
    values = pa.array([1.0] * 999_999 + [-5.0])
    profile = scan(tmp_path, a_contract(write("parquet", tmp_path, pa.table({"x": values}))))
    assert profile.columns["x"].minimum == -5.0
    assert profile.columns["x"].categories == {"1": 999_999, "-5": 1}
