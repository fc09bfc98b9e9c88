"""A Delta table's columns and the rows of its files, as parts of SQL.

Values of partition columns stand in the log and not in the files; a file that is older than a column
lacks it. Whatever a file holds, its rows come with the table's columns and types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.files import FileState, listed, reader

_TYPES: Mapping[str, Any] = {
    "string": exp.DataType.Type.TEXT,
    "long": exp.DataType.Type.BIGINT,
    "integer": exp.DataType.Type.INT,
    "short": exp.DataType.Type.SMALLINT,
    "byte": exp.DataType.Type.TINYINT,
    "float": exp.DataType.Type.FLOAT,
    "double": exp.DataType.Type.DOUBLE,
    "boolean": exp.DataType.Type.BOOLEAN,
    "binary": exp.DataType.Type.VARBINARY,
    "date": exp.DataType.Type.DATE,
    "timestamp": exp.DataType.Type.TIMESTAMPTZ,
    "timestamp_ntz": exp.DataType.Type.TIMESTAMP,
}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(-?\d+)\)")


class UnfitSchema(Exception):
    """The schema is not one that can be read; the message says what it has."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in order, with their types as DuckDB writes them; ``partitioned`` are not in the files."""

    columns: tuple[tuple[str, str], ...]
    partitioned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One file that counts.

    Attributes:
        path: absolute.
        modified: milliseconds since 1970.
        values: of the partition columns, as text; None and "" for null.
    """

    path: str
    size: int
    modified: int
    values: Mapping[str, str | None]


def schema_of(metadata: Mapping[str, Any]) -> Schema:
    """The schema of a log's ``metaData``.

    Raises:
        UnfitSchema: it is no schema, or has a type that DuckDB has no like for.
    """
    try:
        fields = json.loads(metadata["schemaString"])["fields"]
        columns = tuple((str(one["name"]), _type(one["type"]).sql(dialect="duckdb")) for one in fields)
    except (KeyError, TypeError, ValueError) as error:
        raise UnfitSchema("a schema that cannot be read") from error
    partitioned = tuple(map(str, metadata.get("partitionColumns") or ()))
    types = dict(columns)
    if any(types.get(name, "BLOB") == "BLOB" for name in partitioned):
        raise UnfitSchema("partitions by binary values")
    return Schema(columns, partitioned)


def _type(said: Any) -> exp.DataType:
    if isinstance(said, str):
        decimal = _DECIMAL.fullmatch(said)
        if decimal:
            digits = [exp.DataTypeParam(this=sql.number(int(one))) for one in decimal.groups()]
            return exp.DataType(this=exp.DataType.Type.DECIMAL, expressions=digits)
        if said not in _TYPES:
            raise UnfitSchema(f"a column of the type {said}")
        return exp.DataType(this=_TYPES[said])
    kind = said["type"]
    if kind == "array":
        return exp.DataType(
            this=exp.DataType.Type.ARRAY, expressions=[_type(said["elementType"])], nested=True
        )
    if kind == "map":
        inner = [_type(said["keyType"]), _type(said["valueType"])]
        return exp.DataType(this=exp.DataType.Type.MAP, expressions=inner, nested=True)
    if kind != "struct":
        raise UnfitSchema(f"a column of the type {kind}")
    fields = [
        exp.ColumnDef(this=exp.to_identifier(one["name"], quoted=True), kind=_type(one["type"]))
        for one in said["fields"]
    ]
    return exp.DataType(this=exp.DataType.Type.STRUCT, expressions=fields, nested=True)


@dataclass(frozen=True, slots=True)
class Rows:
    """The files that count, and how their rows are read."""

    schema: Schema
    files: tuple[Row, ...]

    def read(self, some: Sequence[FileState]) -> exp.Expression:
        """The rows of some of the files, with the table's columns, to stand in a FROM."""
        by_path = {file.path: file for file in self.files}
        rows = [by_path[path] for path, _, _ in some]
        typed = [_as(sql.cast(exp.Null(), _built(type_)), name) for name, type_ in self.schema.columns]
        none = exp.Select(expressions=typed).limit(0, copy=False).subquery("none", copy=False)
        found: exp.Expression = sql.select([exp.Star()], none)
        if rows:
            found = exp.Union(this=found, expression=self._found(rows), by_name=True, distinct=False)
        columns = [sql.named(name) for name, _ in self.schema.columns]
        chosen = sql.select(columns, exp.Subquery(this=found, alias=_alias("found")))
        return exp.Subquery(this=chosen, alias=_alias("delta"))

    def _found(self, rows: Sequence[Row]) -> exp.Expression:
        """What is in the files, and the values of the partition columns beside it."""
        types = dict(self.schema.columns)
        partitioned = self.schema.partitioned
        paths = listed(row.path for row in rows)
        options = {"union_by_name": exp.true(), "hive_partitioning": exp.false()}
        if len({tuple(row.values.get(name) for name in partitioned) for row in rows}) == 1:
            values = [
                _as(sql.cast(_text(rows[0].values.get(name)), _built(types[name])), name)
                for name in partitioned
            ]
            return sql.select([exp.Star(), *values], reader("read_parquet", paths, **options))
        file = "#" * (1 + max(map(len, types)))  # no column is called so
        files = reader("read_parquet", paths, **options, filename=exp.Literal.string(file))
        files.set("alias", _alias("f"))
        everything = exp.Column(this=exp.Star(except_=[_quoted(file)]), table=exp.Identifier(this="f"))
        labels = [f"v{place}" for place in range(len(partitioned))]
        values = [
            _as(sql.cast(_of("p", label), _built(types[name])), name)
            for label, name in zip(labels, partitioned, strict=True)
        ]
        same = sql.equal(_of("f", file), _of("p", "file"))
        told = self._partition_values(rows, labels)
        return sql.select([everything, *values], files).join(told, on=same, copy=False)

    def _partition_values(self, rows: Sequence[Row], labels: Sequence[str]) -> exp.Expression:
        """Each file's values of the partition columns, as text."""
        told = [
            [exp.Literal.string(row.path), *(_text(row.values.get(name)) for name in self.schema.partitioned)]
            for row in rows
        ]
        names = [_quoted(name) for name in ("file", *labels)]
        return exp.Values(
            expressions=[exp.Tuple(expressions=one) for one in told],
            alias=exp.TableAlias(this=exp.Identifier(this="p"), columns=names),
        )


def _text(value: str | None) -> exp.Expression:
    """A partition's value as the log has it; the empty text stands for null."""
    return sql.cast(exp.Literal.string(value), sql.TEXT) if value else sql.cast(exp.Null(), sql.TEXT)


def _built(type_: str) -> exp.DataType:
    return exp.DataType.build(type_, dialect="duckdb")


def _as(what: exp.Expression, name: str) -> exp.Expression:
    return exp.Alias(this=what, alias=_quoted(name))


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)


def _of(table: str, column: str) -> exp.Column:
    return exp.Column(this=_quoted(column), table=exp.Identifier(this=table))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.Identifier(this=name))
