"""Records that outlive their person's erasure: the definition as oracle, on every engine."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from governance_pipeline.charter.settings import ErasureRegister
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ErasurePlan
from governance_pipeline.profiles.profile import Outlived
from tests.profiles.support import KINDS, contract, plan, scan, settings, url_of, write

BEFORE = datetime(2026, 2, 9, tzinfo=UTC)
REGISTER = ErasureRegister(dataset="lending.erasures")
Row = tuple[str | None, datetime | None]


def table(name: str, rows: list[Row]) -> pa.Table:
    return pa.table(
        {
            "subject_id": pa.array([one for one, _ in rows], pa.string()),
            name: pa.array([when for _, when in rows], pa.timestamp("us")),
        }
    )


def left(root: Path, held: list[Row], erased: list[Row], kind: str = "parquet", url: str | None = None,
         *, dated: bool = True) -> Outlived:  # fmt: skip
    location = write(kind, root, table("at", held), url)
    register = write(kind, root, table("erased_at", erased), url, name="erasures")
    of = contract(location, subject_key="subject_id", event_time="at" if dated else None)
    found = scan(root, of, url=url, erasures=ErasurePlan(REGISTER, register, BEFORE))
    assert "erasures" not in found.unmeasured
    assert found.outlived is not None
    return found.outlived


def by_definition(held: list[Row], erased: list[Row], *, dated: bool) -> Outlived:
    last: dict[str, date] = {}
    for person, when in erased:
        if person is not None and when is not None and when.replace(tzinfo=UTC) < BEFORE:
            last[person] = max(last.get(person, date.min), when.date())
    rows = [
        person
        for person, when in held
        if person in last and (not dated or when is None or when.date() <= last[person])
    ]
    return Outlived(len(set(rows)), len(rows))


JANUARY = datetime(2026, 1, 10, 12)
HELD: list[Row] = [
    ("ann", datetime(2026, 1, 9)),
    ("ann", datetime(2026, 1, 10, 23)),  # the day of the erasure
    ("ann", datetime(2026, 1, 11)),  # came back
    ("bob", None),
    ("cid", datetime(2026, 1, 1)),
    ("dee", datetime(2026, 1, 1)),
    (None, datetime(2026, 1, 1)),
]
ERASED: list[Row] = [
    ("ann", datetime(2025, 6, 1)),
    ("ann", JANUARY),
    ("bob", JANUARY),
    ("cid", datetime(2026, 2, 10)),  # there is time left
    ("dee", None),
    ("eve", JANUARY),
    (None, JANUARY),
]


@pytest.mark.parametrize("kind", KINDS)
def test_who_was_erased_and_is_still_there_is_counted(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    found = left(tmp_path, HELD, ERASED, kind, url_of(kind, request))
    assert found == by_definition(HELD, ERASED, dated=True) == Outlived(2, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_that_carry_no_date_all_count(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    found = left(tmp_path, HELD, ERASED, kind, url_of(kind, request), dated=False)
    assert found == by_definition(HELD, ERASED, dated=False) == Outlived(2, 4)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cid", None]),
        st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1)),
    ),
    max_size=12,
)


@example_settings(max_examples=60, deadline=None)
@given(ROWS, ROWS, st.booleans())
def test_the_count_is_that_of_the_definition(
    tmp_path_factory: pytest.TempPathFactory, held: list[Row], erased: list[Row], dated: bool
) -> None:
    found = left(tmp_path_factory.mktemp("erasures"), held, erased, dated=dated)
    assert found == by_definition(held, erased, dated=dated)


def test_people_who_are_typed_unlike_in_the_two_tables_are_compared_as_text(tmp_path: Path) -> None:
    location = write("parquet", tmp_path, pa.table({"subject_id": [7, 8]}))
    register = write("parquet", tmp_path, table("erased_at", [("7", JANUARY)]), name="erasures")
    of = contract(location, subject_key="subject_id")
    assert scan(tmp_path, of, erasures=ErasurePlan(REGISTER, register, BEFORE)).outlived == Outlived(1, 1)


def test_what_keeps_it_from_being_known_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    location = write("parquet", tmp_path, table("at", HELD))
    register = write("parquet", tmp_path, table("erased_at", ERASED), name="erasures")
    of = contract(location, subject_key="subject_id", event_time="at")
    engine = IbisEngine(settings(), tmp_path, {})

    def why(asked: ErasurePlan, **changes: object) -> str:
        found = engine.scan(plan(replace(of, **changes), erasures=asked))
        assert found.outlived is None
        assert found.rows == len(HELD)
        return found.unmeasured["erasures"]

    asked = ErasurePlan(REGISTER, register, BEFORE)
    wrong = REGISTER.model_copy(update={"erased_at": "gone_at"})
    assert "no column 'gone_at'" in why(replace(asked, register=wrong))
    assert "is no time" in why(replace(asked, register=REGISTER.model_copy(update={"erased_at": "n"}),
                                       location=with_number(tmp_path)))  # fmt: skip
    assert "the subject column 'who' is not in the table" in why(asked, subject_key="who")
    elsewhere = replace(register, path=str(tmp_path / "gone.parquet"))
    assert "gone.parquet" in why(replace(asked, location=elsewhere))
    engine.close()


def with_number(root: Path):
    return write("parquet", root, pa.table({"subject_id": ["ann"], "n": [True]}), name="numbers")


def test_a_register_in_another_database_is_not_compared(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "other.duckdb")).close()
    location = write("parquet", tmp_path, table("at", HELD))
    register = replace(location, kind="sql", connection="pg", schema="main", table="erasures")
    of = contract(location, subject_key="subject_id")
    found = scan(tmp_path, of, url=f"duckdb:///{tmp_path}/other.duckdb",
                 erasures=ErasurePlan(REGISTER, register, BEFORE + timedelta(days=1)))  # fmt: skip
    assert "in another database" in found.unmeasured["erasures"]
