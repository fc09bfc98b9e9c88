"""Files that Spark reads for us: Parquet, CSV, and tables of Delta and Iceberg by their folder."""

from __future__ import annotations

import re
from typing import Any

from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.files import is_a_lake_table
from governance_pipeline.profiles.spark_errors import said
from governance_pipeline.profiles.spark_parquet import Unread, readable_frame, refusing_nanoseconds

_OPTIONS = {
    "parquet": {"mergeSchema": "true"},
    # FAILFAST: a line with fewer values would be filled up with nulls, and one with more be cut off
    "csv": {"header": "true", "inferSchema": "true", "enforceSchema": "false", "mode": "FAILFAST"},
}
_METADATA = "{_delta_log/*.json,metadata/*.metadata.json}"
_REFUSES_A_COLUMN = ("PARQUET_TYPE_", "UNSUPPORTED_TIME_TYPE", "DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION")
_PATTERN = re.compile(r"(?<!\\)[*?\[{]")


def frame_of(spark: Any, kind: str, path: str) -> tuple[Any, Unread]:
    """The rows of the files, or of the table, that are at ``path`` now, and the columns left out of them.

    Raises:
        SourceUnavailable: plain files are asked for, and they are those of a Delta or Iceberg table; or
            Spark has not been given what reads such a table.
    """
    if kind in _OPTIONS:
        _refuse_lake_tables(spark, path)
        return _files(spark, kind, path)
    try:
        return spark.read.format(kind).load(path), ()
    except Exception as error:
        if not said(error).startswith("DATA_SOURCE_NOT_FOUND"):
            raise
        raise SourceUnavailable(
            f"{path} cannot be read: this Spark knows no {kind.capitalize()} tables",
            hint="name its package in the connection's url (spark.jars.packages), or read the catalog",
        ) from None


def _files(spark: Any, kind: str, path: str) -> tuple[Any, Unread]:
    try:
        with refusing_nanoseconds(spark):
            frame = spark.read.format(kind).options(**_OPTIONS[kind]).load(path)
            frame.schema  # noqa: B018 - Spark Connect asks its server only now
    except Exception as error:
        # Spark Connect has no Java here that could read footers
        if not (said(error).startswith(_REFUSES_A_COLUMN) and hasattr(spark, "_jsparkSession")):
            raise
        return readable_frame(spark, path, spark.read.format("binaryFile").load(path).inputFiles())
    return frame, ()


def _refuse_lake_tables(spark: Any, path: str) -> None:
    for folder in _folders(path):
        try:
            found = spark.read.format("binaryFile").load(f"{folder}/{_METADATA}").inputFiles()
        except Exception as error:
            if said(error).startswith("PATH_NOT_FOUND"):
                continue
            raise
        if found:
            raise is_a_lake_table("delta" if "/_delta_log/" in found[0] else "iceberg", folder)


def _folders(path: str) -> list[str]:
    """The folder that a path or pattern begins with, and the one above: a table's files lie in it."""
    parts = path.rstrip("/").split("/")
    fixed = next((n for n, part in enumerate(parts) if _PATTERN.search(part)), len(parts))
    roots = 3 if "://" in path else 1  # of s3a://bucket/x and of /x
    return ["/".join(parts[:length]) for length in (fixed, fixed - 1) if length > roots]
