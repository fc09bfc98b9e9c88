"""A scan of Postgres is of one moment, whoever writes to the table meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Column, Contract, QualityRule
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.session import Session, StatementFailed
from tests.profiles.support import contract, plan, settings, write

pytestmark = pytest.mark.postgres

ROWS = 100
DIVIDES = QualityRule("divides", "x", "sql", "mustBe", 0, query="SELECT SUM(1 / (n - n)) FROM ${table}")
COUNTS = QualityRule("counts", "x", "sql", "mustBe", 0, query="SELECT COUNT(*) FROM ${table}")


@pytest.fixture
def of(postgres_url: str, tmp_path: Path) -> Contract:
    table = pa.table(
        {
            "n": pa.array(range(ROWS)),
            "x": [n / 7 for n in range(ROWS)],
            "grade": [f"g{n % 3}" for n in range(ROWS)],
            "free": [f"text {n}" for n in range(ROWS)],
        }
    )
    location = write("postgres", tmp_path, table, postgres_url)
    return contract(location, Column("n", primary_key=True), rules=(DIVIDES, COUNTS))


@pytest.fixture
def engine(postgres_url: str, tmp_path: Path) -> Iterator[IbisEngine]:
    made = IbisEngine(settings(postgres_url), tmp_path, {})
    yield made
    made.close()


@pytest.fixture
def writing(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Somebody inserts a row, and changes another, before each statement but the first; what was asked."""
    asked: list[str] = []
    rows = Session.rows
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as writer:

        def meanwhile(session: Session, statement: str) -> list[tuple[Any, ...]]:
            if asked:
                at = ROWS + len(asked)
                writer.execute("INSERT INTO things VALUES (%s, %s, 'new', 'new')", (at, 1e6 * at))
                writer.execute("UPDATE things SET x = -x, grade = 'other' WHERE n = %s", (len(asked),))
            asked.append(statement)
            return rows(session, statement)

        monkeypatch.setattr(Session, "rows", meanwhile)
        yield asked


def test_every_number_is_of_the_rows_that_the_first_statement_saw(
    engine: IbisEngine, of: Contract, writing: list[str]
) -> None:
    profile = engine.scan(plan(of))
    assert len(writing) > 5
    assert (profile.rows, profile.duplicate_keys) == (ROWS, 0)
    assert {(column.rows, column.nulls) for column in profile.columns.values()} == {(ROWS, 0)}
    x, grade = profile.columns["x"], profile.columns["grade"]
    assert x.histogram is not None
    assert (x.histogram.total, x.histogram.overflow) == (ROWS, 0)
    assert (x.minimum, x.maximum, x.mean) == (0, 99 / 7, pytest.approx(99 / 14))
    assert grade.categories == {"g0": 34, "g1": 33, "g2": 33}
    divides, counts = profile.rules
    assert "DivisionByZero" in str(divides.error)
    assert (counts.value, counts.error) == (ROWS, "")  # a failed statement takes no moment with it


def test_the_next_scan_sees_what_was_written(engine: IbisEngine, of: Contract, writing: list[str]) -> None:
    of = replace(of, rules=())  # one that fails would cost the connection
    engine.scan(plan(of))
    written = len(writing) - 1
    assert engine.scan(plan(of)).rows == ROWS + written


def test_nothing_is_written_and_no_transaction_is_left_open(
    engine: IbisEngine, of: Contract, postgres_url: str
) -> None:
    with engine._connections.session(of.location) as session:
        with session.steady():
            with pytest.raises(StatementFailed, match="ReadOnlySqlTransaction"):
                session.rows(
                    "SELECT nextval(pg_get_serial_sequence('things', 'n')), 1 FROM things FOR UPDATE"
                )
            assert session.rows("SHOW transaction_isolation") == [("repeatable read",)]
            assert session.rows("SELECT COUNT(*) FROM things") == [(ROWS,)]
        session.broken = False
    engine.scan(plan(replace(of, rules=())))
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as other:
        states = other.execute(
            "SELECT state FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert {state for (state,) in states} <= {"idle"}
