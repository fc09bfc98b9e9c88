"""Spark as an engine: sessions on a driver in this process, or on a Spark Connect server.

A :class:`SparkBackend` answers to the few names by which :mod:`session` and :mod:`tables` use an Ibis
backend, so that the scan's statements run on Spark as on any other engine. Only what a statement
returns is fetched, and statements return aggregates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any

from sqlglot import exp

from governance_pipeline.charter.settings import Limits
from governance_pipeline.errors import GovernanceError, SourceUnavailable
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import parse
from governance_pipeline.profiles.spark_address import SparkAddress
from governance_pipeline.profiles.spark_application import INSTALL, hold, release
from governance_pipeline.profiles.spark_errors import SparkFailed, TableNotFound, keep_quiet, said
from governance_pipeline.profiles.spark_files import frame_of
from governance_pipeline.profiles.spark_parquet import Unread
from governance_pipeline.profiles.spark_types import ibis_type

_NUMBERS = count(1)
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, not a null or another number
    "spark.sql.caseSensitive": "true",  # a table may have the columns a and A
    "spark.sql.variable.substitute": "false",  # ${...} in a query would read the driver's settings
    "spark.sql.runSQLOnFiles": "false",  # a contract's query may not read parquet.`/any/path`
    "spark.sql.timeType.enabled": "true",  # a Parquet file may hold times
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # year 1 is the proleptic year 1
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
}


@dataclass(slots=True)
class SparkRows:
    """What a statement returned."""

    rows: list[tuple[Any, ...]]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.rows

    def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class SparkBackend:
    """One Spark session, in the hands of one thread at a time.

    Attributes:
        name: the Ibis compiler that writes Spark's SQL without a session of its own.
        spark: the ``SparkSession``.
        stop: ends the session; None where it ends with its driver.
        group: by what the jobs of this session are cancelled.
    """

    spark: Any
    address: SparkAddress
    stop: Callable[[], None] | None = None
    name: str = "databricks"
    group: str = field(default_factory=lambda: f"governance-{next(_NUMBERS)}")
    views: dict[tuple[str, str], str] = field(default_factory=dict)

    def raw_sql(self, statement: str) -> SparkRows:
        """Run one statement and fetch its rows.

        Raises:
            SparkFailed: Spark refused it; the message quotes no row.
        """
        try:
            if not self.address.remote:  # a property of the thread, and threads change
                self.spark.sparkContext.setJobGroup(self.group, "governance", interruptOnCancel=True)
            return SparkRows(_fetched(self.spark.sql(statement)))
        except Exception as error:  # noqa: BLE001 - errors of Java arrive as whatever they were there
            raise SparkFailed(said(error)) from None  # the cause may quote rows

    def get_schema(self, table: str, database: str | None = None) -> dict[str, Any]:
        """The columns of a table or view, in order, with their Ibis types.

        Raises:
            TableNotFound: there is none of that name.
            SparkFailed: it cannot be read.
        """
        name = sql.render(exp.table_(table, db=database, quoted=True), "spark")
        try:
            fields = self.spark.table(name).schema.fields
        except Exception as error:  # noqa: BLE001 - errors of Java arrive as whatever they were there
            message = said(error)
            known = not message.startswith(("TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND"))
            raise (SparkFailed(message) if known else TableNotFound(message)) from None
        return {field.name: ibis_type(field.dataType) for field in fields}

    def view_of(self, kind: str, path: str) -> tuple[str, Unread]:
        """A temporary view of the files (or of the Delta or Iceberg table) at ``path`` now: its name, and the
        columns that it leaves out because Spark does not read them.

        Raises:
            SparkFailed: there are none, or they cannot be read.
            SourceUnavailable: see :func:`spark_files.frame_of`.
        """
        name = self.views.setdefault((kind, path), f"files_{len(self.views)}")
        try:
            frame, unread = frame_of(self.spark, kind, path)
            frame.createOrReplaceTempView(name)
        except SourceUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - errors of Java arrive as whatever they were there
            raise SparkFailed(said(error)) from None
        return name, unread

    def interrupt(self) -> None:
        """Cancel what runs in this session, from another thread."""
        if self.address.remote:
            self.spark.interruptAll()
        else:
            self.spark.sparkContext.cancelJobGroup(self.group)

    def close(self) -> None:
        if self.stop is not None:
            self.stop()


def _fetched(frame: Any) -> list[tuple[Any, ...]]:
    """A statement's rows. Instants go through text: PySpark would give them in this machine's zone."""
    from pyspark.sql.types import TimestampType

    zoned = [number for number, one in enumerate(frame.schema) if isinstance(one.dataType, TimestampType)]
    if not zoned:
        return [tuple(row) for row in frame.collect()]
    labels = [f"c{number}" for number in range(len(frame.columns))]  # names may repeat
    frame = frame.toDF(*labels)
    columns = [frame[label].cast("string") if n in zoned else frame[label] for n, label in enumerate(labels)]
    return [
        tuple(parse(value) if n in zoned and value is not None else value for n, value in enumerate(row))
        for row in frame.select(*columns).collect()
    ]


class SparkSessions:
    """Opens the sessions of one engine, and holds the driver that they share until it is closed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._drivers: dict[SparkAddress, Any] = {}

    def open(self, address: SparkAddress, limits: Limits) -> SparkBackend:
        """A new session.

        Raises:
            SourceUnavailable: PySpark or Java is missing.
            UsageError: the process already drives another Spark.
            SparkFailed: Spark does not start or does not answer.
        """
        try:
            keep_quiet()
            spark = _remote(address) if address.remote else self._driver(address, limits).newSession()
            for name, value in _SESSION.items():
                spark.conf.set(name, value)
            if address.catalog:
                spark.catalog.setCurrentCatalog(address.catalog)
        except ImportError as error:
            raise SourceUnavailable(
                "PySpark, or a package that it needs, is not installed",
                hint="pip install 'pyspark[connect]'" if address.remote else INSTALL,
            ) from error
        except GovernanceError:
            raise
        except Exception as error:  # noqa: BLE001 - errors of Java arrive as whatever they were there
            raise SparkFailed(said(error)) from None
        return SparkBackend(spark, address, spark.stop if address.remote else None)

    def _driver(self, address: SparkAddress, limits: Limits) -> Any:
        with self._lock:
            if address not in self._drivers:
                self._drivers[address] = hold(address, limits)
            return self._drivers[address]

    def close(self) -> None:
        """Let go of the driver; the sessions end with it."""
        with self._lock:
            for _ in self._drivers:
                release()
            self._drivers.clear()


def _remote(address: SparkAddress) -> Any:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.remote(address.master)
    for name, value in address.options:
        builder = builder.config(name, value)
    return builder.create()
