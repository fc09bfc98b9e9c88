"""A Spark driver for tests: one per test process, small, and gone at the end."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.settings import Limits
from governance_pipeline.profiles.spark_address import spark_address
from governance_pipeline.profiles.spark_application import hold, java, release

# Many small statements, each run once: compiling them as well as Java can only delays.
_OPTIONS = {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
SPARK_URL = f"spark://local?{urlencode(_OPTIONS)}"
LIMITS = Limits(memory="512MB", threads=2)


# One driver per process: all tests that need one run in the same process.
NEEDS_SPARK = (pytest.mark.spark, pytest.mark.xdist_group("spark"))


class SparkCannotRun(Exception):
    """PySpark or Java is absent; the message says which."""


def in_catalog(url: str, root: Path, name: str, rows: pa.Table) -> Location:
    """The rows as a table of Spark's catalog, in a schema that has the name of ``root``."""
    pq.write_table(rows, root / f"{name}.parquet")
    schema = "s" + hashlib.sha256(str(root).encode()).hexdigest()[:16]
    spark = hold(spark_address(url), LIMITS)
    try:
        spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema} LOCATION '{root}/warehouse'")
        spark.read.parquet(str(root / f"{name}.parquet")).write.saveAsTable(f"{schema}.{name}")
    finally:
        release()
    return Location("sql", connection="pg", schema=schema, table=name)


@contextmanager
def running_spark() -> Iterator[str]:
    """Start Spark in this process and stop it at the end, leaving nothing behind; the URL to reach it.

    Raises SparkCannotRun with the reason where it cannot.
    """
    if importlib.util.find_spec("pyspark") is None:
        raise SparkCannotRun("PySpark is not installed (pip install '.[dev]')")
    if java() is None:
        raise SparkCannotRun("there is no Java 17 here (JAVA_HOME, or java on the path)")
    hold(spark_address(SPARK_URL), LIMITS)
    try:
        yield SPARK_URL
    finally:
        release()
