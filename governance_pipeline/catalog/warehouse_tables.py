"""What Postgres and DuckDB say of themselves: tables, columns, comments, views, roles and grants."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance_pipeline.catalog.database import open_database, reading
from governance_pipeline.catalog.reader import Surroundings, address_of, unusable
from governance_pipeline.charter.paths import UnfitPath, project_path
from governance_pipeline.charter.places import WarehousePlace
from governance_pipeline.errors import CannotEvaluate

PUBLIC = "PUBLIC"
"""The role that everybody has."""


@dataclass(frozen=True, slots=True)
class WarehouseColumn:
    name: str
    kind: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class WarehouseTable:
    """A table or a view.

    Attributes:
        kind: ``table``, ``partitioned table``, ``view``, ``materialized view`` or ``foreign table``.
        owner: the role that owns it; "" where there are none.
        sql: of a view.
    """

    schema: str
    name: str
    kind: str
    columns: tuple[WarehouseColumn, ...]
    comment: str = ""
    owner: str = ""
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a role may do with a table, or with one column of it (``column`` is "" else)."""

    role: str
    schema: str
    table: str
    privileges: tuple[str, ...]
    column: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """Attributes:
    rights: what makes it more than its grants: ``login``, ``superuser``, ``bypasses row security``.
    member_of: roles whose grants it has too.
    """

    name: str
    rights: tuple[str, ...] = ()
    member_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Warehouse:
    """One database as of one moment.

    Attributes:
        dialect: sqlglot's name of its SQL.
        usable: schema to the roles that may use it: without that, a grant on a table is worth nothing.
    """

    database: str
    dialect: str
    tables: tuple[WarehouseTable, ...]
    roles: tuple[Role, ...] = ()
    grants: tuple[Grant, ...] = ()
    usable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def load_warehouse(place: WarehousePlace, around: Surroundings) -> Warehouse:
    """Read the catalogue of one database. Raises CannotEvaluate where it cannot be read."""
    file = _file_of(place, around)
    if file is not None:
        return _duckdb(file, place.schemas, around)
    with _opened(str(place.connection), around) as connection:
        return _postgres(connection, place.schemas)


def warehouse_state(place: WarehousePlace, around: Surroundings) -> str:
    """The digest of the catalogue, which Postgres itself makes. Raises CannotEvaluate like
    :func:`load_warehouse`.
    """
    file = _file_of(place, around)
    if file is not None:
        return hashlib.sha256(repr(_duckdb(file, place.schemas, around)).encode()).hexdigest()
    with _opened(str(place.connection), around) as connection:
        return _postgres_state(connection, place.schemas)


def _file_of(place: WarehousePlace, around: Surroundings) -> str | None:
    """The file of a DuckDB database; None for a server."""
    if place.database is not None:
        return place.database
    address = address_of(str(place.connection), around)
    if address.startswith("duckdb:"):
        return address.partition("://")[2].partition("?")[0].removeprefix("/")
    return None


@contextmanager
def _opened(name: str, around: Surroundings) -> Iterator[Any]:
    engine = open_database(name, around)
    if engine.dialect.name != "postgresql":
        raise unusable(
            name, f"the catalogue of {engine.dialect.name} is not read; of Postgres and DuckDB it is"
        )
    with reading(engine, name) as connection:
        yield connection


# --- Postgres ---------------------------------------------------------------------------------------

_KINDS = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
_OURS = """n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND (cast(:schemas AS text[]) = '{}' OR n.nspname = ANY(cast(:schemas AS text[])))"""
_RELATIONS = f"""
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
       pg_get_userbyid(c.relowner) AS owner, coalesce(obj_description(c.oid, 'pg_class'), '') AS comment,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) ELSE '' END AS sql
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND {_OURS}
ORDER BY 2, 3"""  # noqa: S608  (both parts are constants)
_COLUMNS = f"""
SELECT a.attrelid AS oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS kind,
       coalesce(col_description(a.attrelid, a.attnum), '') AS comment
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND NOT c.relispartition AND {_OURS}
ORDER BY a.attrelid, a.attnum"""  # noqa: S608  (both parts are constants)
_GRANTS = f"""
SELECT n.nspname AS schema, c.relname AS name, '' AS column, x.grantee, x.privilege_type AS privilege
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
     aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) x
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND {_OURS}
UNION ALL
SELECT n.nspname, c.relname, a.attname, x.grantee, x.privilege_type
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
     aclexplode(a.attacl) x
WHERE a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition AND {_OURS}"""  # noqa: S608  (constants)
_SCHEMAS = f"""
SELECT n.nspname AS schema, x.grantee
FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
WHERE x.privilege_type = 'USAGE' AND {_OURS}"""  # noqa: S608  (constants)
_ROLES = """
SELECT r.oid, r.rolname AS name, r.rolcanlogin AS login, r.rolsuper AS superuser,
       r.rolbypassrls AS bypasses
FROM pg_roles r ORDER BY 2"""
_DIGEST = """
SELECT md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE "C"), '')) || ' ' || count(*)
FROM ({query}) AS t"""
_MEMBERS = "SELECT m.roleid, m.member FROM pg_auth_members m ORDER BY 1, 2"


def _postgres_state(connection: Any, schemas: Sequence[str]) -> str:
    """All that :func:`_postgres` reads, as one digest: some bytes in place of a row for each column."""
    import sqlalchemy as sa

    _look_in_no_schema(connection)
    told = [
        connection.execute(sa.text(_DIGEST.format(query=query)), _given(query, schemas)).scalar_one()
        for query in (_RELATIONS, _COLUMNS, _GRANTS, _SCHEMAS, _ROLES, _MEMBERS)
    ]
    return " ".join(told)


def _given(query: str, schemas: Sequence[str]) -> dict[str, list[str]]:
    return {"schemas": list(schemas)} if ":schemas" in query else {}


def _look_in_no_schema(connection: Any) -> None:
    """So that views name the schemas of what they read."""
    import sqlalchemy as sa

    connection.execute(sa.text("SET LOCAL search_path = pg_catalog"))


def _postgres(connection: Any, schemas: Sequence[str]) -> Warehouse:
    import sqlalchemy as sa

    def rows(query: str) -> list[Mapping[str, Any]]:
        return [dict(row) for row in connection.execute(sa.text(query), _given(query, schemas)).mappings()]

    _look_in_no_schema(connection)
    database = str(connection.execute(sa.text("SELECT current_database()")).scalar_one())
    columns: dict[int, list[WarehouseColumn]] = {}
    for row in rows(_COLUMNS):
        found = WarehouseColumn(row["name"], row["kind"], row["comment"])
        columns.setdefault(row["oid"], []).append(found)
    tables = tuple(
        WarehouseTable(
            row["schema"],
            row["name"],
            _KINDS[row["kind"]],
            tuple(columns.get(row["oid"], ())),
            row["comment"],
            row["owner"],
            row["sql"] or "",
        )
        for row in rows(_RELATIONS)
    )
    roles = {row["oid"]: row for row in rows(_ROLES)}
    names = {0: PUBLIC, **{oid: row["name"] for oid, row in roles.items()}}
    return Warehouse(
        database,
        "postgres",
        tables,
        tuple(_roles(roles.values(), rows(_MEMBERS), names)),
        tuple(_grants(rows(_GRANTS), names)),
        _usable(rows(_SCHEMAS), names),
    )


def _roles(
    roles: Iterable[Mapping[str, Any]], members: Iterable[Mapping[str, Any]], names: Mapping[int, str]
) -> Iterable[Role]:
    chains: dict[int, list[str]] = {}
    for row in members:
        chains.setdefault(row["member"], []).append(names[row["roleid"]])
    yield Role(PUBLIC)
    for row in roles:
        rights = {
            "login": row["login"],
            "superuser": row["superuser"],
            "bypasses row security": row["bypasses"],
        }
        held = tuple(right for right, has in rights.items() if has)
        yield Role(row["name"], held, tuple(sorted({PUBLIC, *chains.get(row["oid"], ())})))


def _grants(rows: Iterable[Mapping[str, Any]], names: Mapping[int, str]) -> Iterable[Grant]:
    found: dict[tuple[str, str, str, str], set[str]] = {}
    for row in rows:
        role = names.get(row["grantee"])
        if role is not None:
            key = (role, row["schema"], row["name"], row["column"])
            found.setdefault(key, set()).add(row["privilege"])
    for (role, schema, table, column), privileges in sorted(found.items()):
        yield Grant(role, schema, table, tuple(sorted(privileges)), column)


def _usable(rows: Iterable[Mapping[str, Any]], names: Mapping[int, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        if row["grantee"] in names:
            found.setdefault(row["schema"], set()).add(names[row["grantee"]])
    return {schema: tuple(sorted(roles)) for schema, roles in found.items()}


# --- DuckDB -----------------------------------------------------------------------------------------

_DUCKDB_TABLES = """
SELECT schema_name, table_name, 'table', coalesce(comment, ''), '' FROM duckdb_tables()
WHERE NOT internal AND NOT temporary AND database_name = current_database()
UNION ALL
SELECT schema_name, view_name, 'view', coalesce(comment, ''), sql FROM duckdb_views()
WHERE NOT internal AND NOT temporary AND database_name = current_database()
ORDER BY 1, 2"""
_DUCKDB_COLUMNS = """
SELECT schema_name, table_name, column_name, data_type, coalesce(comment, '') FROM duckdb_columns()
WHERE NOT internal AND database_name = current_database() ORDER BY 1, 2, column_index"""


def _duckdb(text: str, schemas: Sequence[str], around: Surroundings) -> Warehouse:
    import duckdb

    hint = "correct the place in governance.yaml, and let whoever writes to the file let go of it"
    try:
        file = project_path(text, around.root)
    except UnfitPath as error:
        raise CannotEvaluate(f"{text} cannot be read: {error}", hint=hint) from error
    if not file.is_file():
        raise CannotEvaluate(f"{text} is not there", hint=hint)
    options: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    try:
        with duckdb.connect(str(file), read_only=True, config=options) as connection:
            tables = connection.execute(_DUCKDB_TABLES).fetchall()
            columns = connection.execute(_DUCKDB_COLUMNS).fetchall()
    except duckdb.Error as error:
        why = str(error).strip().splitlines()[0][:300]
        raise CannotEvaluate(f"{text} cannot be read as a DuckDB database: {why}", hint=hint) from error
    known: dict[tuple[str, str], list[WarehouseColumn]] = {}
    for schema, table, name, kind, comment in columns:
        known.setdefault((schema, table), []).append(WarehouseColumn(name, kind, comment))
    return Warehouse(
        Path(file).stem,
        "duckdb",
        tuple(
            WarehouseTable(schema, name, kind, tuple(known.get((schema, name), ())), comment, "", sql or "")
            for schema, name, kind, comment, sql in tables
            if not schemas or schema in schemas
        ),
    )
