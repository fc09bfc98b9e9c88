"""A scan reads the table once for each statement, and the number of columns changes neither."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Column
from governance_pipeline.profiles import values
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.session import Session
from tests.profiles.support import NIGHT, contract, plan, settings, url_of, write
from tests.spark import NEEDS_SPARK

ROWS = 600
ENGINES = [pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("spark", marks=NEEDS_SPARK)]
SELECTS = re.compile(r"(WITH w AS )?.*\bthings\b|.*`files_\d+`", re.DOTALL)


def things(times: int) -> pa.Table:
    """Columns of every kind that is counted in a way of its own, ``times`` over, of two days."""
    rng = np.random.default_rng(3)
    kinds: dict[str, Any] = {
        "real": rng.normal(3, 2, ROWS),
        "odd": np.where(np.arange(ROWS) % 50, rng.normal(0, 1, ROWS), np.nan),
        "far": 1e6 + rng.normal(0, 1, ROWS),
        "tenths": (np.arange(ROWS) % 11) / 10,
        "whole": rng.integers(0, 100, ROWS),
        "wide": rng.integers(0, 10**6, ROWS),
        "open": np.arange(ROWS) % 3 == 0,
        "grade": [f"g{n % 7}" for n in range(ROWS)],
        "free": [f"text {n // 2}" for n in range(ROWS)],
    }
    columns = {f"{name}{n}": pa.array(of) for n in range(times) for name, of in kinds.items()}
    days = [NIGHT - timedelta(days=n % 2) for n in range(ROWS)]
    return pa.table({"id": pa.array(range(ROWS)), "day": pa.array(days, pa.date32()), **columns})


def statements(
    kind: str,
    times: int,
    event_time: str | None,
    url: str | None,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[list[str], list[int]]:
    """All that a scan asked of the table, and how often the plan of each reads it."""
    asked: list[str] = []
    rows = Session.rows

    def listening(session: Session, statement: str) -> list[tuple[Any, ...]]:
        asked.append(statement)
        return rows(session, statement)

    name = f"things{times}"
    of = contract(
        write(kind, root, things(times), url, name), Column("id", primary_key=True), event_time=event_time
    )
    engine = IbisEngine(settings(url), root, {})
    try:
        with monkeypatch.context() as patched:
            patched.setattr(Session, "rows", listening)
            patched.setattr(values, "FIRST_ROWS", 100)
            profile = engine.scan(plan(of, night=NIGHT))
        assert not profile.unmeasured
        assert profile.columns["odd0"].nans > 1
        with engine._connections.session(of.location) as session:
            reads = [scans_in(session, statement) for statement in asked]
    finally:
        engine.close()
    return asked, reads


def scans_in(session: Session, statement: str) -> int:
    """How often the engine's plan of a statement reads a table."""
    if session.dialect == "spark":
        executed = session.backend.spark.sql(statement)._jdf.queryExecution().executedPlan()
        return str(executed.toString()).count("FileScan")
    [[found]] = session.rows(f"EXPLAIN (FORMAT JSON) {statement}")
    told = found if isinstance(found, str) else json.dumps(found)
    return told.count('"Seq Scan"') + told.count("Index Scan") + told.count("Index Only Scan")


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize("event_time", [None, "day"])
def test_each_statement_reads_the_table_once_whatever_the_number_of_columns(
    kind: str,
    event_time: str | None,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = url_of(kind, request)
    few, reads_of_few = statements(kind, 1, event_time, url, tmp_path, monkeypatch)
    many, reads_of_many = statements(kind, 3, event_time, url, tmp_path, monkeypatch)
    assert [statement for statement, reads in zip(few, reads_of_few, strict=True) if reads != 1] == []
    assert set(reads_of_many) == {1}
    assert len(few) == len(many)
