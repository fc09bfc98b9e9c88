"""What a change that somebody proposes would do downstream, before it is made. Pure.

============  ==================================================================================
change        what it does
============  ==================================================================================
drop          what is computed from it directly breaks; what is made of that loses its origin
retype        what is computed from it directly may break; what is made of that may change
stop          what is built from it goes stale, and so does what is built from that
SQL           columns that are no longer made are dropped; those made from other columns, or in
              another way, change, and so does what is made of them
============  ==================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.impact import starts
from governance_pipeline.lineage.new_sql import NewSql
from governance_pipeline.lineage.ranking import Affected, affected
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind
from governance_pipeline.vocabulary.risk import RiskScore


class Change(StrEnum):
    DROP = "drop"
    RETYPE = "retype"
    STOP = "stop"
    SQL = "sql"


class Effect(StrEnum):
    """What happens to one thing downstream, the worst first."""

    BREAKS = "breaks"
    MAY_BREAK = "may break"
    LOSES_ORIGIN = "loses origin"
    GOES_STALE = "goes stale"
    MAY_CHANGE = "may change"


_DIRECT = {
    Change.DROP: Effect.BREAKS,
    Change.RETYPE: Effect.MAY_BREAK,
    Change.STOP: Effect.GOES_STALE,
    Change.SQL: Effect.MAY_CHANGE,
}
_FURTHER = {
    Change.DROP: Effect.LOSES_ORIGIN,
    Change.RETYPE: Effect.MAY_CHANGE,
    Change.STOP: Effect.GOES_STALE,
    Change.SQL: Effect.MAY_CHANGE,
}
_KINDS = {
    Change.DROP: (EntityKind.COLUMN, EntityKind.DATASET, EntityKind.SOURCE, EntityKind.FEATURE),
    Change.RETYPE: (EntityKind.COLUMN, EntityKind.FEATURE),
    Change.STOP: (EntityKind.DATASET, EntityKind.SOURCE, EntityKind.JOB, EntityKind.VENDOR),
    Change.SQL: (EntityKind.COLUMN, EntityKind.DATASET),
}


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing downstream and what happens to it."""

    effect: Effect
    affected: Affected


@dataclass(frozen=True, slots=True)
class Rewritten:
    """How a column's origins differ under new SQL; both empty where only the expression differs."""

    column: str
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    dropped: bool = False


def consequences(
    graph: LineageGraph, node: Entity, change: Change, risks: Mapping[Entity, RiskScore]
) -> tuple[Consequence, ...]:
    """What a change of ``node`` does downstream, the worst first, then by risk.

    Raises:
        UsageError: that cannot be done to such a node.
    """
    require(node, change)
    return _effects(graph, starts(graph, node), change, risks)


def require(node: Entity, change: Change) -> None:
    """Raises UsageError where ``change`` cannot be made to such a node."""
    if node.kind not in _KINDS[change]:
        kinds = " or ".join(kind.replace("_", " ") for kind in _KINDS[change])
        raise UsageError(f"'{node}' cannot be changed so", hint=f"--{change} asks for a {kinds}")


def rewritten(graph: LineageGraph, node: Entity, new: NewSql) -> tuple[Rewritten, ...]:
    """How the columns of ``node`` (a dataset, or one column of it) differ under new SQL.

    Where the SQL is not understood as a whole, a column that it does not seem to make is not told.
    """
    sources: dict[str, set[str]] = {}
    expressions: dict[str, str] = {}
    for one in new.columns:
        sources.setdefault(one.column, set()).update(f"{table}.{column}" for table, column in one.sources)
        expressions[one.column] = one.transformation
    remaining = {name.lower() for name in new.made}
    columns = [node] if node.kind is EntityKind.COLUMN else graph.columns.get(node.name, ())
    differing = []
    for column in columns:
        name = column.column_name or ""
        edges = [edge for edge in graph.incoming(column) if edge.kind is EdgeKind.FEEDS]
        before = {f"{edge.source.dataset_name}.{edge.source.column_name}" for edge in edges}
        after = sources.get(name, set())
        if name.lower() not in remaining:
            if new.complete:
                differing.append(Rewritten(name, tuple(sorted(before)), (), dropped=True))
        elif before != after or _written_otherwise([e.transformation for e in edges], expressions.get(name)):
            lost, gained = tuple(sorted(before - after)), tuple(sorted(after - before))
            differing.append(Rewritten(name, lost, gained))
    return tuple(differing)


def consequences_of_sql(
    graph: LineageGraph,
    dataset: str,
    differing: Iterable[Rewritten],
    risks: Mapping[Entity, RiskScore],
) -> tuple[Consequence, ...]:
    """What columns made otherwise, or no longer made, do downstream; each told by its worst effect."""
    best: dict[Entity, Consequence] = {}
    for one in differing:
        change = Change.DROP if one.dropped else Change.SQL
        for found in _effects(graph, [Entity.column(dataset, one.column)], change, risks):
            held = best.get(found.affected.entity)
            if held is None or _order(found) < _order(held):
                best[found.affected.entity] = found
    return tuple(sorted(best.values(), key=_order))


def _effects(
    graph: LineageGraph, begun: list[Entity], change: Change, risks: Mapping[Entity, RiskScore]
) -> tuple[Consequence, ...]:
    reached = affected(graph, begun, risks, columns=change is not Change.STOP)
    return tuple(sorted((_consequence(one, change) for one in reached), key=_order))


def _consequence(one: Affected, change: Change) -> Consequence:
    """A model that is trained already keeps what it learned; what it reads nightly is what breaks."""
    effect = _DIRECT[change] if one.distance == 1 else _FURTHER[change]
    learned = bool(one.path) and one.path[-1].kind is EdgeKind.TRAINS
    if effect is Effect.BREAKS and learned and one.entity.kind is EntityKind.VERSION:
        effect = Effect.LOSES_ORIGIN
    return Consequence(effect, one)


def _order(one: Consequence) -> tuple[int, float, int, Entity]:
    rank = list(Effect).index(one.effect)
    return rank, -(one.affected.risk or 0.0), one.affected.distance, one.affected.entity


def _written_otherwise(before: Iterable[str], after: str | None) -> bool:
    """Whether the expression differs, blanks aside; not told where one side has none."""
    known = {" ".join(one.split()) for one in before if one}
    return bool(known) and after is not None and " ".join(after.split()) not in known
