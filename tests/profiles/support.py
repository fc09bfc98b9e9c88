"""Tables of every kind that an engine can read, written from one pandas frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Column, Contract, DatasetKind, Location
from governance_pipeline.charter.settings import Connection, Limits, Schedule, Settings
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.scanning import plan_scan
from governance_pipeline.profiles.session import Session
from governance_pipeline.testing import a_playbook
from tests.spark import NEEDS_SPARK

NIGHT = date(2026, 3, 10)
KINDS = ("parquet", "csv", "duckdb", "postgres", pytest.param("spark", marks=NEEDS_SPARK))


def settings(url: str | None = None, **limits: Any) -> Settings:
    return Settings(
        name="test",
        schedule=Schedule(start=date(2026, 1, 1)),
        connections={"pg": Connection(url=url)} if url else {},
        limits=Limits(**limits),
    )


def url_of(kind: str, request: pytest.FixtureRequest) -> str | None:
    """The URL of the connection that tables of the kind are read through."""
    fixtures = {"postgres": "postgres_url", "spark": "spark_url"}
    return str(request.getfixturevalue(fixtures[kind])) if kind in fixtures else None


def contract(location: Location, *columns: Column, **changes: Any) -> Contract:
    made = Contract(
        dataset="lending.things",
        kind=DatasetKind.SOURCE,
        location=location,
        columns=columns,
        file=Path("things.odcs.yaml"),
        digest="sha256:0",
    )
    return replace(made, **changes)


def plan(of: Contract, night: date = NIGHT, window_days: int = 7, **changes: Any) -> ScanPlan:
    playbook = a_playbook(drift={"window_days": window_days})
    return plan_scan(of, night, playbook, **changes)


def write(
    kind: str, root: Path, frame: pd.DataFrame | pa.Table, url: str | None = None, name: str = "things"
) -> Location:
    """The frame as a table of the kind, and where it is."""
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame, preserve_index=False)
    if kind == "parquet":
        pq.write_table(table, root / f"{name}.parquet")
        return Location("parquet", path=str(root / f"{name}.parquet"))
    if kind == "spark":
        return replace(write("parquet", root, table, name=name), connection="pg")
    if kind == "csv":
        table.to_pandas().to_csv(root / f"{name}.csv", index=False, date_format="%Y-%m-%d %H:%M:%S")
        return Location("csv", path=str(root / f"{name}.csv"))
    if kind == "duckdb":
        with duckdb.connect(str(root / f"{name}.duckdb")) as connection:
            connection.register("arriving", table)
            connection.execute(f"CREATE TABLE {quoted(name)} AS SELECT * FROM arriving")
        return Location("duckdb", path=str(root / f"{name}.duckdb"), schema="main", table=name)
    assert url is not None
    write_postgres(url, table, name)
    return Location("sql", connection="pg", schema="public", table=name)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_POSTGRES_TYPES: Mapping[str, str] = {
    "int64": "bigint", "int32": "integer", "double": "double precision", "bool": "boolean", "string": "text",
    "large_string": "text", "date32[day]": "date", "timestamp[us]": "timestamp", "timestamp[ns]": "timestamp",
    "timestamp[s]": "timestamp", "timestamp[us, tz=UTC]": "timestamptz", "null": "text",
    "float": "real", "decimal128(12, 2)": "numeric(12, 2)", "decimal128(20, 0)": "numeric(20, 0)",
    "decimal128(38, 2)": "numeric(38, 2)",
}  # fmt: skip


def write_postgres(url: str, table: pa.Table, name: str) -> None:
    columns = ", ".join(f"{quoted(field.name)} {_POSTGRES_TYPES[str(field.type)]}" for field in table.schema)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {quoted(name)} ({columns})")
        with connection.cursor().copy(f"COPY {quoted(name)} FROM STDIN") as copy:
            for row in table.to_pylist():
                copy.write_row(list(row.values()))


def scan(root: Path, of: Contract, *, url: str | None = None, **changes: Any) -> Profile:
    """One scan by an engine of its own."""
    engine = IbisEngine(settings(url), root, {})
    try:
        return engine.scan(plan(of, **changes))
    finally:
        engine.close()


def statements_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that any session runs from now on, as it is run."""
    statements: list[str] = []
    run = Session.rows

    def rows(self: Session, statement: str) -> list[tuple[Any, ...]]:
        statements.append(statement)
        return run(self, statement)

    monkeypatch.setattr(Session, "rows", rows)
    return statements
