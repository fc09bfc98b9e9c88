"""From the ``servers`` of a contract to the place its rows are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.odcs_reading import Surroundings
from governance_pipeline.charter.paths import UnfitPath, project_path
from governance_pipeline.charter.yaml_source import PathStep

FORMATS: tuple[Literal["parquet", "csv"], ...] = ("parquet", "csv")
# Databases that are reached through a connection of governance.yaml named like the server.
SQL_SERVERS = frozenset(
    {
        "athena", "bigquery", "clickhouse", "cloudsql", "custom", "databricks", "impala", "mysql", "oracle",
        "postgres", "postgresql", "redshift", "snowflake", "sqlserver", "trino",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why the rows cannot be read, and where in the file that is said."""

    reason: str
    path: tuple[PathStep, ...] = ()
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the rows are, by which of the servers."""

    location: Location
    index: int


def locate(servers: Sequence[Mapping[str, Any]], table: str, around: Surroundings) -> Found | Unreachable:
    """The first server that can be read decides; the others are other environments of the same table.

    Args:
        servers: the contract's servers, valid by the standard.
        table: the table's physical name; replaces ``{model}`` and ``{table}`` in a local path.
        around: the project it stands in.
    """
    first: Unreachable | None = None
    for index, server in enumerate(servers):
        found = _one(server, index, table, around)
        if isinstance(found, Location):
            return Found(found, index)
        first = first or found
    return first or Unreachable(
        "the contract names no server, so there is no table to measure",
        (),
        "servers: with a type and a place",
    )


def _one(server: Mapping[str, Any], index: int, table: str, around: Surroundings) -> Location | Unreachable:
    kind, name, path = str(server["type"]), str(server["server"]), ("servers", index)
    if kind == "local":
        return _local(server, path, table, around)
    if kind == "duckdb":
        return _duckdb(server, path, table, around)
    if kind not in SQL_SERVERS:
        readable = "a local Parquet or CSV file, a DuckDB file, or a SQL database"
        return Unreachable(f"a server of type '{kind}' cannot be measured", (*path, "type"), readable)
    if around.connections is not None and name not in around.connections:
        reason = f"governance.yaml has no connection named '{name}', so this database cannot be reached"
        known = ", ".join(sorted(around.connections)) or "none yet"
        return Unreachable(reason, (*path, "server"), f"the name of a connection (there is: {known})")
    schema = str(server.get("schema") or server.get("dataset") or "")
    return Location("sql", connection=name, schema=schema, table=table)


def _local(
    server: Mapping[str, Any], path: tuple[PathStep, ...], table: str, around: Surroundings
) -> Location | Unreachable:
    written = str(server["format"]).strip().lower()
    kind = next((known for known in FORMATS if known == written), None)
    if kind is None:
        reason = f"local files in the format '{server['format']}' cannot be measured"
        return Unreachable(reason, (*path, "format"), "parquet or csv")
    text = str(server["path"])
    if "{" in text.replace("${", ""):
        if any(character in table for character in "/\\*?[]") or table.startswith("."):
            return Unreachable(f"the table name '{table}' cannot stand in a path", (*path, "path"))
        text = text.replace("{model}", table).replace("{table}", table)
    try:
        return Location(kind, path=str(project_path(text, around.root)))
    except UnfitPath as error:
        return Unreachable(str(error), (*path, "path"), "a path in the project folder, or an absolute path")


def _duckdb(
    server: Mapping[str, Any], path: tuple[PathStep, ...], table: str, around: Surroundings
) -> Location | Unreachable:
    database = str(server["database"])
    if database == ":memory:":
        return Unreachable("a database in memory holds nothing from night to night", (*path, "database"))
    try:
        file = str(project_path(database, around.root))
    except UnfitPath as error:
        return Unreachable(str(error), (*path, "database"), "the path of a DuckDB file")
    return Location("duckdb", path=file, schema=str(server.get("schema") or "main"), table=table)
