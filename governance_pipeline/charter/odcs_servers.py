"""From the ``servers`` of a contract to the place its rows are read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.odcs_reading import Surroundings
from governance_pipeline.charter.paths import UnfitPath, address, project_path
from governance_pipeline.charter.yaml_source import PathStep

FORMATS: tuple[Literal["parquet", "csv", "delta", "iceberg"], ...] = ("parquet", "csv", "delta", "iceberg")
# Stores of files that Spark reads; ``custom`` too, where it has a location or a path.
FILE_STORES = frozenset({"s3", "azure"})
# Databases that are reached through a connection of governance.yaml named like the server.
SQL_SERVERS = frozenset(
    {
        "athena", "bigquery", "clickhouse", "cloudsql", "custom", "databricks", "hive", "impala", "mysql",
        "oracle", "postgres", "postgresql", "redshift", "snowflake", "sqlserver", "trino",
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
    written = server.get("location") or server.get("path")
    files = kind in FILE_STORES or (kind == "custom" and written is not None)
    if kind not in SQL_SERVERS and not files:
        readable = "a local Parquet or CSV file, a DuckDB file, a SQL database, or files that Spark reads"
        return Unreachable(f"a server of type '{kind}' cannot be measured", (*path, "type"), readable)
    if around.connections is not None and name not in around.connections:
        what = "these files" if files else "this database"
        reason = f"governance.yaml has no connection named '{name}', so {what} cannot be reached"
        known = ", ".join(sorted(around.connections)) or "none yet"
        return Unreachable(reason, (*path, "server"), f"the name of a connection (there is: {known})")
    if files:
        return _files(server, str(written), path, table, around, name)
    schema = str(server.get("schema") or server.get("dataset") or "")
    if kind == "hive":
        schema = str(server["database"])
    return Location("sql", connection=name, schema=schema, table=table)


def _local(
    server: Mapping[str, Any], path: tuple[PathStep, ...], table: str, around: Surroundings
) -> Location | Unreachable:
    return _files(server, str(server["path"]), path, table, around)


def _files(
    server: Mapping[str, Any],
    text: str,
    path: tuple[PathStep, ...],
    table: str,
    around: Surroundings,
    connection: str = "",
) -> Location | Unreachable:
    """Files that DuckDB reads here, or Spark through ``connection``, for which addresses are fit too."""
    written = str(server.get("format") or "").strip().lower()
    kind = next((known for known in FORMATS if known == written), None)
    if kind is None:
        reason = f"{server['type']} files in the format '{server.get('format') or ''}' cannot be measured"
        return Unreachable(reason, (*path, "format"), "parquet, csv, delta or iceberg")
    if "{" in text.replace("${", ""):
        if any(character in table for character in "/\\*?[]") or table.startswith("."):
            return Unreachable(f"the table name '{table}' cannot stand in a path", (*path, "path"))
        text = text.replace("{model}", table).replace("{table}", table)
    try:
        place = (address(text) if connection else None) or str(project_path(text, around.root))
        return Location(kind, path=place, connection=connection, table=table if connection else "")
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
