"""A table that hangs is cut off by its own time limit; the night measures the others and is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
import psycopg
import pytest

from governance_pipeline.profiles import limit as limits
from governance_pipeline.vocabulary.outcome import Outcome
from tests.bad_input.conftest import Trouble
from tests.bad_input.test_data import assert_one_scan_incident
from tests.spark import NEEDS_SPARK, hold, release, spark_address
from tests.tiny import contract

FILES = '- {server: local, type: local, path: "data/people/*.parquet", format: parquet}'
OWN = "      - {property: scanTimeoutSeconds, value: %s}\n      - {property: eventTime"
COLUMNS = "'P' AS subject_id, now() AS recorded_at, 1.0 AS income, 'white' AS race"


def moved(trouble: Trouble, server: str, url: str = "") -> None:
    """People are read from elsewhere."""
    contract(trouble.root, "people", FILES, server)
    if url:
        settings = trouble.root / "governance.yaml"
        settings.write_text(f"{settings.read_text()}connections:\n  engine: {{url: '{url}'}}\n")


@contextmanager
def duckdb_that_computes(trouble: Trouble, _request: pytest.FixtureRequest) -> Iterator[None]:
    with duckdb.connect(str(trouble.root / "hung.duckdb")) as connection:
        endless = "range(1000000) a, range(1000000) b WHERE sin(a.range * b.range) < 2"
        connection.execute(f"CREATE VIEW people AS SELECT {COLUMNS} FROM {endless}")
    moved(trouble, "- {server: local, type: duckdb, database: hung.duckdb, schema: main}")
    yield


@contextmanager
def pipe_without_an_end(trouble: Trouble, _request: pytest.FixtureRequest) -> Iterator[None]:
    pipe = trouble.root / "pipe.csv"
    os.mkfifo(pipe)
    with duckdb.connect(str(trouble.root / "hung.duckdb")) as connection:
        read = f"read_csv('{pipe}', columns = {{'x': 'DOUBLE'}}, auto_detect = false)"
        connection.execute(f"CREATE VIEW people AS SELECT {COLUMNS} FROM {read}")
    moved(trouble, "- {server: local, type: duckdb, database: hung.duckdb, schema: main}")
    yield
    with suppress(OSError):  # nobody reads it any more
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


@contextmanager
def postgres_that_is_locked(trouble: Trouble, request: pytest.FixtureRequest) -> Iterator[None]:
    url = request.getfixturevalue("postgres_url")
    server = "- {server: engine, type: postgres, host: h, port: 5432, database: d, schema: public}"
    moved(trouble, server, url)
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute(f"CREATE TABLE people AS SELECT {COLUMNS}")
        other.commit()
        other.execute("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def spark_that_computes(trouble: Trouble, request: pytest.FixtureRequest) -> Iterator[None]:
    url = request.getfixturevalue("spark_url")
    spark = hold(spark_address(url), limits=None)  # type: ignore[arg-type]  # it runs already
    schema = f"hung{os.getpid()}"
    try:
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema} LOCATION '{trouble.root}/warehouse'")
        endless = "range(1000000000000) WHERE sin(id) < 2"
        spark.sql(f"CREATE OR REPLACE VIEW {schema}.people AS SELECT {COLUMNS} FROM {endless}")
        moved(trouble, f"- {{server: engine, type: custom, schema: {schema}}}", url)
        yield
    finally:
        release()


HANGS = {
    "duckdb": duckdb_that_computes,
    "a pipe": pipe_without_an_end,
    "postgres": postgres_that_is_locked,
    "spark": spark_that_computes,
}


@pytest.mark.parametrize(
    "kind",
    [
        "duckdb",
        "a pipe",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param("spark", marks=NEEDS_SPARK),
    ],
)
def test_a_table_that_hangs_costs_only_itself(
    trouble: Trouble, kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "a pipe":  # who cannot be interrupted is left behind
        monkeypatch.setattr(limits, "GRACE_SECONDS", 0.5)
    contract(trouble.root, "people", "      - {property: eventTime", OWN % 2)
    with trouble.hurting_only("shop.people") as tonight:
        with HANGS[kind](trouble, request):
            found = tonight()
        said = "the scan of shop.people took longer than the 2 seconds it may take"
        assert_one_scan_incident(found, "shop.people", "data-team", said)
        settings = trouble.untouched / "governance.yaml"
        (trouble.root / "governance.yaml").write_text(settings.read_text())


def test_a_contracts_own_limit_is_longer_than_the_projects_too(trouble: Trouble) -> None:
    settings = trouble.root / "governance.yaml"
    settings.write_text(f"{settings.read_text()}limits: {{table_timeout_seconds: 0.000001}}\n")
    contract(trouble.root, "people", "      - {property: eventTime", OWN % 120)
    found = trouble.tonight()
    assert set(found.errors) == {
        f"shop.{name}" for name in ("consents", "features", "snapshot", "predictions")
    }
    assert found.of("shop.people")["recency", ""].outcome is Outcome.PASS


@pytest.mark.parametrize("value", ["0", "-1", "soon", "100000"])
def test_a_limit_that_is_none_is_refused(trouble: Trouble, value: str) -> None:
    contract(trouble.root, "people", "      - {property: eventTime", OWN % value)
    found = trouble.tonight()
    assert "scanTimeoutSeconds" in found.errors["shop.people"]
