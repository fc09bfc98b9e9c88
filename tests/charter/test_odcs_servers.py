from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.odcs_reading import Surroundings
from governance_pipeline.charter.odcs_servers import Found, Unreachable, locate

AROUND = Surroundings(Path("/project"), ("warehouse",))


def server(kind: str, **rest: Any) -> dict[str, Any]:
    return {"server": "warehouse", "type": kind, **rest}


@pytest.mark.parametrize(
    ("one", "place"),
    [
        (
            server("local", path="data/a.parquet", format="parquet"),
            Location("parquet", "/project/data/a.parquet"),
        ),
        (server("local", path="data/*.csv", format="CSV"), Location("csv", "/project/data/*.csv")),
        (server("local", path="/elsewhere/a.csv", format="csv"), Location("csv", "/elsewhere/a.csv")),
        (
            server("local", path="data/{model}/*.csv", format="csv"),
            Location("csv", "/project/data/t_1/*.csv"),
        ),
        (server("duckdb", database="dw.duckdb"), Location("duckdb", "/project/dw.duckdb", "", "main", "t_1")),
        (
            server("duckdb", database="dw.duckdb", schema="s"),
            Location("duckdb", "/project/dw.duckdb", "", "s", "t_1"),
        ),
        (server("postgres", schema="public"), Location("sql", "", "warehouse", "public", "t_1")),
        (server("postgresql", schema="public"), Location("sql", "", "warehouse", "public", "t_1")),
        (server("snowflake", schema="s"), Location("sql", "", "warehouse", "s", "t_1")),
        (server("bigquery", dataset="d"), Location("sql", "", "warehouse", "d", "t_1")),
        (server("hive", host="h", database="d"), Location("sql", "", "warehouse", "d", "t_1")),
        (
            server("s3", location="s3a://b/{table}/*", format="parquet"),
            Location("parquet", "s3a://b/t_1/*", "warehouse", "", "t_1"),
        ),
        (
            server("azure", location="abfss://c@a.dfs.core.windows.net/x", format="csv"),
            Location("csv", "abfss://c@a.dfs.core.windows.net/x", "warehouse", "", "t_1"),
        ),
        (
            server("custom", path="data/x/*.parquet", format="parquet"),
            Location("parquet", "/project/data/x/*.parquet", "warehouse", "", "t_1"),
        ),
        (server("custom", schema="s"), Location("sql", "", "warehouse", "s", "t_1")),
        (server("local", path="lake/{table}", format="delta"), Location("delta", "/project/lake/t_1")),
        (server("local", path="lake/t", format="Iceberg"), Location("iceberg", "/project/lake/t")),
        (
            server("s3", location="s3a://b/t", format="delta"),
            Location("delta", "s3a://b/t", "warehouse", "", "t_1"),
        ),
    ],
)
def test_each_kind_of_server_leads_to_its_table(one: dict[str, Any], place: Location) -> None:
    assert locate([one], "t_1", AROUND) == Found(place, 0)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (server("kafka"), "type 'kafka' cannot be measured"),
        (server("s3", location="s3a://b"), "s3 files in the format ''"),
        (server("s3", location="s3a://b", format="orc"), "s3 files in the format 'orc'"),
        (server("s3", location="s3a://key:word@b/x", format="csv"), "credentials"),
        (server("custom", path="../x.csv", format="csv"), "out of the project"),
        ({"server": "other", "type": "s3", "location": "s3a://b", "format": "csv"}, "so these files"),
        (server("local", path="a.json", format="json"), "format 'json'"),
        (server("local", path="../a.csv", format="csv"), "out of the project"),
        (server("local", path="s3://bucket/a.csv", format="csv"), "address"),
        (server("duckdb", database=":memory:"), "memory"),
        (server("duckdb", database="~/a.duckdb"), "home folder"),
        ({"server": "other", "type": "postgres", "schema": "s"}, "no connection named 'other'"),
    ],
)
def test_what_cannot_be_read_says_why(one: dict[str, Any], words: str) -> None:
    found = locate([one], "t", AROUND)
    assert isinstance(found, Unreachable)
    assert words in found.reason


def test_the_first_server_that_can_be_read_is_taken() -> None:
    found = locate([server("kafka"), server("local", path="a.csv", format="csv")], "t", AROUND)
    assert isinstance(found, Found)
    assert found.index == 1


@pytest.mark.parametrize("table", ["../../etc/passwd", "a/b", "*", "[ab]", ".hidden", "a\\b"])
def test_a_table_name_never_becomes_a_path_of_its_own(table: str) -> None:
    found = locate([server("local", path="data/{model}.csv", format="csv")], table, AROUND)
    assert isinstance(found, Unreachable)


def test_a_contract_without_servers_has_no_table() -> None:
    found = locate([], "t", AROUND)
    assert isinstance(found, Unreachable)
    assert "names no server" in found.reason
