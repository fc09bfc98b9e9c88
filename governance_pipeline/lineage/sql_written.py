"""What a statement writes: a table, and the query whose rows it takes. Imports sqlglot."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class Write:
    """Rows that a statement puts into one table.

    Attributes:
        query: returns them; None where they are not understood.
        columns: the table's columns they go to, in order; () where the table's own order decides.
        by_name: each goes to the column of its own name.
        creates: the table takes its columns from the query.
        changes: rows that were there before stay, or stay in part.
        fixed: columns of the table that take one given value and have no place in the query.
        last: columns that stand last in the query, whatever their place in the table.
    """

    target: exp.Table
    query: exp.Query | None
    columns: tuple[str, ...] = ()
    by_name: bool = False
    creates: bool = False
    changes: bool = False
    fixed: tuple[str, ...] = ()
    last: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Writes:
    """All that a statement writes, and what of it is not understood."""

    found: tuple[Write, ...] = ()
    reasons: tuple[str, ...] = ()
