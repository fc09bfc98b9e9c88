"""What a data source of Feast is: a table, files, a query, a stream, a push or a request."""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from governance_pipeline.catalog.feast_messages import Message, value_type
from governance_pipeline.catalog.reader import PATH, TABLE, plain

_TABLES = {
    "bigquery_options": "bigquery",
    "redshift_options": "redshift",
    "snowflake_options": "snowflake",
    "trino_options": "trino",
    "athena_options": "athena",
    "spark_options": "spark",
}
_PUSH = 9  # of DataSource.SourceType
_DIALECTS = {"postgres": "postgres", "clickhouse": "clickhouse", "mssql": "tsql", "oracle": "oracle"}


@dataclass(frozen=True, slots=True)
class Source:
    """Attributes:
    name: as the graph knows it: the table, the files, or ``project/source`` where neither is known.
    role: ``table``, ``files``, ``query``, ``stream``, ``push source``, ``request source`` or ``source``.
    query: SQL that makes its rows, in ``dialect``; "" for none.
    columns: name to type, where the registry says them (requests).
    """

    name: str
    role: str
    facts: Mapping[str, str] = field(default_factory=dict)
    query: str = ""
    dialect: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


def qualified(project: str, name: str) -> str:
    """``project/name``; two projects' views of one name are two."""
    return f"{plain(project, '/')}/{plain(name)}"


def source_of(source: Message, project: str, root: Path, repository: Path) -> Source:
    """What ``source`` is. What is in none of Feast's own kinds is a ``source`` of that name.

    Args:
        root: the project's folder, by which files inside are named.
        repository: the folder that relative files start from.
    """
    own = qualified(project, source.name)
    if source.HasField("file_options"):
        return _files(source.file_options.uri, root, repository)
    for option, dialect in _TABLES.items():
        if source.HasField(option):
            return _table(getattr(source, option), own, dialect, root, repository)
    if source.HasField("custom_options"):
        return _custom(source, own)
    return _live(source, own)


def _live(source: Message, own: str) -> Source:
    """What is no table: a stream, a push or a request."""
    if source.HasField("kafka_options"):
        stream = source.kafka_options
        name = f"kafka://{plain(stream.kafka_bootstrap_servers)}/{plain(stream.topic)}"
        return Source(name, "stream")
    if source.HasField("kinesis_options"):
        stream = source.kinesis_options
        return Source(f"kinesis://{plain(stream.region)}/{plain(stream.stream_name)}", "stream")
    if source.HasField("request_data_options"):
        asked = source.request_data_options
        columns = {one.name: value_type(one.value_type) for one in asked.schema}
        old = {name: value_type(kind) for name, kind in asked.deprecated_schema.items()}
        return Source(own, "request source", columns={**old, **columns})
    return Source(own, "push source" if source.type == _PUSH or source.HasField("push_options") else "source")


def _files(uri: str, root: Path, repository: Path) -> Source:
    """Files on this machine are named from the project's folder, others by their address."""
    parts = urlsplit(uri) if "://" in uri else None
    if parts is not None and parts.scheme != "file":
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return Source(plain(shown), "files", {PATH: shown})
    local = unquote(parts.path) if parts is not None else uri
    file = Path(os.path.normpath(repository / local))
    shown = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
    return Source(plain(shown), "files", {PATH: file.as_posix()})


def _table(options: Message, own: str, dialect: str, root: Path, repository: Path) -> Source:
    if getattr(options, "path", ""):
        return _files(options.path, root, repository)
    if options.table:
        schema = options.database if dialect == "athena" else getattr(options, "schema", "")
        database = options.data_source if dialect == "athena" else getattr(options, "database", "")
        name = options.table.replace(":", ".", 1) if dialect == "bigquery" else options.table
        return _named(".".join(filter(None, (database, schema, name))))
    return _query(own, options.query, dialect)


def _named(table: str) -> Source:
    unquoted = table.replace('"', "").replace("`", "")
    return Source(plain(unquoted), "table", {TABLE: unquoted})


def _query(own: str, query: str, dialect: str) -> Source:
    return Source(own, "query", {"query": query}, query, dialect) if query else Source(own, "source")


def _custom(source: Message, own: str) -> Source:
    """Of Feast's contributed stores, which write JSON with ``table`` or ``table_ref``, and ``query``.
    Nothing else of it is shown: SQL Server's holds a connection string.
    """
    kind = source.data_source_class_type
    try:
        said = json.loads(source.custom_options.configuration)
    except (ValueError, RecursionError):
        said = {}
    if not isinstance(said, dict):
        said = {}
    table, query = said.get("table") or said.get("table_ref"), said.get("query")
    if isinstance(table, str) and table:
        return _named(table)
    dialect = next((sql for word, sql in _DIALECTS.items() if word in kind.lower()), "")
    return _query(own, query if isinstance(query, str) else "", dialect)
