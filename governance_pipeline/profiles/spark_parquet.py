"""Parquet files with columns that Spark refuses: it then reads no column of them at all.

Spark knows no UUIDs, half floats, times of milliseconds or decimals of more than 38 digits, and no
timestamps in nanoseconds, which pandas wrote for years. Here the files' footers are read on the driver, each
column is tried alone, and the readable ones are given to Spark as the schema. Timestamps in nanoseconds are
read as the integers that they are and cut to microseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from governance_pipeline.profiles.spark_errors import SparkFailed, said

_NANOS_AS_LONG = "spark.sql.legacy.parquet.nanosAsLong"
_PACKAGE = "org.apache.spark.sql.execution.datasources.parquet"
_WIDEST_DECIMAL = 38
_WRITTEN_INSTEAD = {"uuid": "text", "float16": "a 32-bit float", "time": "a time of microseconds"}
_PATTERN = re.compile(r"[\\\[\]{}*?]")
Unread = tuple[tuple[str, str, str], ...]
"""Columns that are not read: name, type and the reason."""


@dataclass(slots=True)
class _Alike:
    """Files of one schema.

    Attributes:
        fields: that Spark reads, as it writes them in JSON.
        unread: the type of each other field, and the reason.
        nanoseconds: timestamps of this unit, and whether they are instants.
    """

    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    unread: dict[str, tuple[str, str]] = field(default_factory=dict)
    nanoseconds: dict[str, bool] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


@contextmanager
def refusing_nanoseconds(spark: Any) -> Iterator[None]:
    """Inside, a timestamp in nanoseconds is an error; outside, Spark would take it for an integer, which is
    what reading it here needs.
    """
    spark.conf.set(_NANOS_AS_LONG, "false")
    try:
        yield
    finally:
        spark.conf.set(_NANOS_AS_LONG, "true")


def readable_frame(spark: Any, path: str, files: list[str]) -> tuple[Any, Unread]:
    """The rows of files that Spark refuses as a whole, without the columns for which it does, and these.

    Args:
        path: what the contract says; a folder or a pattern.
        files: the URIs of the files there.

    Raises:
        SparkFailed: Spark reads none of the columns.
    """
    groups = list(_by_schema(spark, files))
    unread = {name: why for group in groups for name, why in group.unread.items()}
    told = tuple((name, *why) for name, why in unread.items())
    for group in groups:
        group.fields = {name: one for name, one in group.fields.items() if name not in unread}
    if not any(group.fields for group in groups):
        raise SparkFailed(f"none of its columns can be read: {told[0][2]}")
    if len(groups) == 1:
        return _frame(spark, groups[0], [path], {}), told
    base = {} if any(mark in path for mark in "*?[{") else {"basePath": path}
    frames = [_frame(spark, group, group.files, base) for group in groups]
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), frames), told


def _frame(spark: Any, group: _Alike, paths: list[str], options: dict[str, str]) -> Any:
    from pyspark.sql import functions
    from pyspark.sql.types import StructType

    schema = StructType.fromJson({"type": "struct", "fields": list(group.fields.values())})
    frame = spark.read.schema(schema).options(**options).parquet(*paths)
    for name, instant in group.nanoseconds.items():
        whole = frame[f"`{name.replace('`', '``')}`"]
        micros = functions.call_function(
            "div", whole - functions.pmod(whole, functions.lit(1000)), functions.lit(1000)
        )
        moment = functions.timestamp_micros(micros)
        frame = frame.withColumn(name, moment if instant else moment.cast("timestamp_ntz"))
    return frame


def _by_schema(spark: Any, files: list[str]) -> Iterator[_Alike]:
    """The files' schemas, each once, with the files that have it."""
    java = spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no other way to a footer
    state = spark._jsparkSession.sessionState()  # noqa: SLF001 - nor to how Spark reads one
    settings = state.newHadoopConf()
    converter = getattr(java, f"{_PACKAGE}.ParquetToSparkSchemaConverter")(state.conf())
    found: dict[str, _Alike] = {}
    for file in files:
        at = java.org.apache.hadoop.fs.Path(java.java.net.URI(file))
        source = java.org.apache.parquet.hadoop.util.HadoopInputFile.fromPath(at, settings)
        reader = java.org.apache.parquet.hadoop.ParquetFileReader.open(source)
        try:
            schema = reader.getFileMetaData().getSchema()
        finally:
            reader.close()
        text = str(schema.toString())
        if text not in found:
            found[text] = _Alike()
            for column in schema.getFields():
                _try(spark, converter, column, found[text])
        found[text].files.append(_PATTERN.sub(r"\\\g<0>", str(at.toString())))
    return iter(found.values())


def _try(spark: Any, converter: Any, column: Any, into: _Alike) -> None:
    """See whether Spark reads a column on its own."""
    context, name = spark.sparkContext, str(column.getName())
    java = context._jvm  # noqa: SLF001 - PySpark has no other way to a footer
    kinds = context._gateway.new_array(java.org.apache.parquet.schema.Type, 1)  # noqa: SLF001 - nor to an array
    kinds[0] = column
    try:
        alone = converter.convert(java.org.apache.parquet.schema.MessageType("alone", kinds))
    except Exception as error:  # noqa: BLE001 - errors of Java arrive as whatever they were there
        into.unread[name] = _why(column, said(error))
        return
    (into.fields[name],) = json.loads(alone.json())["fields"]
    annotation = str(column.getLogicalTypeAnnotation() or "")
    if column.isPrimitive() and annotation.startswith("TIMESTAMP(NANOS"):
        into.nanoseconds[name] = annotation.endswith("true)")


def _why(column: Any, message: str) -> tuple[str, str]:
    """The type of a column as engines name it, and why Spark does not read it."""
    if not column.isPrimitive():
        return "unknown", f"Spark does not read what is in it ({message})"
    annotation = str(column.getLogicalTypeAnnotation() or column.getPrimitiveTypeName()).lower()
    if annotation.startswith("decimal("):
        precision, scale = annotation[len("decimal(") : -1].split(",")
        return (
            f"decimal({precision}, {scale})",
            f"its decimals have {precision} digits, and Spark reads up to {_WIDEST_DECIMAL}",
        )
    kind = annotation.partition("(")[0]
    instead = _WRITTEN_INSTEAD.get(kind, "another type")
    return kind, f"Spark does not read Parquet's type {annotation}; write the column as {instead}"
