"""Brings received records of consent into the engine that holds the ledger, as a table that this connection
alone sees. No person's id becomes part of a statement, which databases write into logs: ids travel as data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.session import Session, StatementFailed, reason
from governance_pipeline.vocabulary.consent import ConsentRecord

if TYPE_CHECKING:
    import pyarrow as pa

TEXTS = ("subject", "purpose", "basis", "notice", "jurisdiction")
TIMES = ("recorded_at", "valid_from", "valid_to")
_TEXT_COLUMNS = (*TEXTS, "status")
SPARK = ("spark", "databricks")


def table_for(state: str) -> str:
    """The name of the table for one state of the records."""
    return f"received_{hashlib.sha256(state.encode()).hexdigest()[:16]}"


def bring_into_files(session: Session, name: str, records: Sequence[ConsentRecord]) -> None:
    """A table of the DuckDB in this process. Raises StatementFailed."""
    given = f"{name}_given"
    session.connection.register(given, _arrow(records))
    try:
        query = sql.select([exp.Star()], exp.table_(given))
        session.rows(sql.render(exp.Create(this=exp.table_(name), kind="TABLE", expression=query), "duckdb"))
    finally:
        session.connection.unregister(given)


def bring_into_postgres(session: Session, name: str, records: Sequence[ConsentRecord]) -> None:
    """A temporary table of this session, filled by COPY, whose rows no log holds; before the transaction that
    reads. Nothing else is ever written into the database.

    Raises:
        StatementFailed: the user may not make temporary tables, or the server takes none.
    """
    if is_in_postgres(session, name):
        return
    columns = ", ".join([f"{text} text" for text in _TEXT_COLUMNS] + [f"{at} timestamptz" for at in TIMES])
    connection = session.connection
    try:
        connection.execute("BEGIN READ WRITE")
        connection.execute(f"CREATE TEMPORARY TABLE {name} ({columns})")
        with connection.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN") as copy:
            for one in records:
                copy.write_row(_row(one))
        connection.execute("COMMIT")
    except Exception as error:  # noqa: BLE001 - every driver has an exception tree of its own
        with suppress(Exception):  # where the connection is gone, the statement's own error says it
            connection.execute("ROLLBACK")
        raise StatementFailed(reason(error, session.secrets)) from None  # the cause may quote a row


def is_in_postgres(session: Session, name: str) -> bool:
    """Whether the table was brought into this session."""
    return bool(session.rows(f"SELECT 1 WHERE to_regclass('pg_temp.{name}') IS NOT NULL"))


def bring_into_spark(session: Session, name: str, records: Sequence[ConsentRecord]) -> None:
    """A temporary view of this Spark session, made once. Raises StatementFailed."""
    if ("received", name) in session.backend.views:
        return
    columns = ", ".join([f"{text} string" for text in _TEXT_COLUMNS] + [f"{at} timestamp" for at in TIMES])
    try:
        frame = session.backend.spark.createDataFrame([_row(one) for one in records], columns)
        frame.createOrReplaceTempView(name)
        session.backend.views["received", name] = name
    except Exception as error:  # noqa: BLE001 - errors of Java arrive as whatever they were there
        raise StatementFailed(f"Spark does not take them ({type(error).__name__})") from None


def _row(one: ConsentRecord) -> tuple[object, ...]:
    texts = (getattr(one, field) or None for field in TEXTS)
    return (*texts, str(one.status), *(getattr(one, field) for field in TIMES))


def _arrow(records: Sequence[ConsentRecord]) -> pa.Table:
    import pyarrow as pa

    rows = [_row(one) for one in records]
    kinds = [pa.string()] * len(_TEXT_COLUMNS) + [pa.timestamp("us", tz="UTC")] * len(TIMES)
    return pa.table(
        {
            name: pa.array([row[place] for row in rows], kind)
            for place, (name, kind) in enumerate(zip((*_TEXT_COLUMNS, *TIMES), kinds, strict=True))
        }
    )
