"""A column read through a star whose columns are not known. Imports sqlglot.

``WITH raw AS (SELECT * FROM feed) SELECT a FROM raw``: whatever else the feed has, ``a`` is its own.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

NOT_UNDERSTOOD = "it comes from a table that is not understood"


class Unclear(Exception):
    """Why a column behind a star cannot be followed, in words."""


def behind_star(
    column: str, scope: Scope, lacks: Callable[[exp.Table, str], bool]
) -> tuple[exp.Table | Scope, str]:
    """The one source that ``column`` of a query with a star comes from, and its name there.

    Args:
        lacks: whether a table is known not to have a column.

    Raises:
        Unclear: where several could be meant, or the star itself is changed.
    """
    if column.isdigit():  # sqlglot reads the sides of a UNION by position
        raise Unclear("it comes through a UNION of stars whose columns are not known")
    query = scope.expression
    stars = [one for one in query.selects if one.is_star] if isinstance(query, exp.Select) else []
    candidates = [
        source for star in stars if not _leaves_out(star, column) for source in _sources(star, scope)
    ]
    found = [one for one in candidates if not (isinstance(one, exp.Table) and lacks(one, column))]
    if not found:
        raise Unclear(NOT_UNDERSTOOD)
    if len(found) > 1:
        raise Unclear(f"it is not clear which table {column} belongs to")
    return found[0], column


def _sources(star: exp.Expr, scope: Scope) -> list[exp.Table | Scope]:
    selected = {name: source for name, (_, source) in scope.selected_sources.items()}
    if isinstance(star, exp.Column) and star.table:
        return [selected[star.table]] if star.table in selected else []
    return list(selected.values())


def _leaves_out(star: exp.Expr, column: str) -> bool:
    """Whether ``* EXCEPT (column)``. Raises Unclear where the star gives columns other names or values."""
    inner = star.this if isinstance(star, exp.Column) else star
    if inner.args.get("replace") or inner.args.get("rename"):
        raise Unclear("it comes through a star with REPLACE or RENAME of columns that are not known")
    left_out = inner.args.get("except_") or inner.args.get("except") or ()
    return column.lower() in {one.name.lower() for one in left_out}
