"""Where following a query by names or positions would lead to the wrong column. Imports sqlglot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

_SET = (exp.Union, exp.Except, exp.Intersect)


def doubtful_columns(root: Scope) -> dict[int, str]:
    """Why the columns of inner queries must not be followed, by the id of the column's expression.

    Two columns of one name: which of them is read from outside cannot be told. A side of a UNION with a
    star of unknown width, or of another width than the other side: positions do not correspond.
    """
    doubts: dict[int, str] = {}
    for scope in root.traverse():
        if isinstance(scope.expression, _SET):
            _sides(scope, doubts)
        elif scope is not root and isinstance(scope.expression, exp.Select):
            _namesakes(scope.expression, doubts)
    return doubts


def _namesakes(query: exp.Select, doubts: dict[int, str]) -> None:
    if isinstance(query.parent, _SET):
        return  # read by position
    counts = Counter(one.alias_or_name for one in query.selects if not one.is_star)
    for select in query.selects:
        if counts[select.alias_or_name] > 1:
            doubts.setdefault(id(select), f"a query has two columns {select.alias_or_name}")


def _sides(scope: Scope, doubts: dict[int, str]) -> None:
    sides = [one.expression for one in scope.union_scopes]
    widths = {len(one.selects) for one in sides if isinstance(one, exp.Selectable)}
    for side in sides:
        if not isinstance(side, exp.Selectable):
            continue
        stars = any(one.is_star for one in side.selects)
        only_star = stars and len(side.selects) == 1
        if len(widths) > 1 or (stars and not only_star):
            for select in side.selects:
                doubts.setdefault(id(select), "the sides of a UNION cannot be told to have the same columns")


def match_by_name(query: exp.Expr) -> None:
    """Put the columns of every ``UNION BY NAME`` into one order, in place.

    Raises:
        SqlglotError: where they are not known, or other kinds of UNION are mixed in.
    """
    for scope in traverse_scope(query):
        union = scope.expression
        if isinstance(union, _SET) and union.args.get("by_name") and not isinstance(union.parent, _SET):
            sides = list(_named_sides(union))
            names = list(dict.fromkeys(name for side in sides for name in side.named_selects))
            for side in sides:
                own = {one.alias_or_name: one for one in side.selects}
                side.set("expressions", [own.get(name) or exp.alias_(exp.null(), name) for name in names])


def _named_sides(union: exp.Expr) -> Iterator[exp.Select]:
    for side in (union.args["this"].unnest(), union.expression.unnest()):
        if isinstance(side, exp.Select) and not side.is_star:
            yield side
        elif isinstance(side, _SET) and side.args.get("by_name"):
            yield from _named_sides(side)
        else:
            raise SqlglotError("UNION BY NAME of columns that are not known is not understood")
