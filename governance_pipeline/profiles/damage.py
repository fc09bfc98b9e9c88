"""Finds which of a table's files is damaged: the engine often says only that one of them is.

A file with a destroyed page has a good footer, so that it opens, is counted and even bounded; the damage
shows in whatever statement first reads the page. Nothing of the table is measured then: what else in the
file is not what it was, nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlglot import exp

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.session import FileDamaged, Session


@contextmanager
def finding(session: Session, files: Callable[[], Iterable[tuple[str, exp.Expression]]]) -> Iterator[None]:
    """Where a statement inside met damage without a name, names the file that cannot be read to its end.

    Args:
        files: each file's name and rows.

    Raises:
        FileDamaged: with the file; still without where all can be read (the damage is another table's),
            or where there is no time left to read them.
    """
    try:
        yield
    except FileDamaged as error:
        raise FileDamaged(error.file or _damaged(session, files)) from None


def _damaged(session: Session, files: Callable[[], Iterable[tuple[str, exp.Expression]]]) -> str:
    try:
        for name, rows in files():
            try:
                session.rows(_every_value(rows))
            except FileDamaged:
                return name
    except CannotEvaluate:
        return ""  # what is known already is told
    return ""


def _every_value(rows: exp.Expression) -> str:
    """A statement that has to decode every value, and returns one row."""
    hashed = exp.Anonymous(this="HASH", expressions=[exp.Columns(this=exp.Star())])
    return sql.render(sql.select([exp.Max(this=hashed)], rows), "duckdb")
