"""Of all breaches of a night, which one each follows from: one message per root cause.

Pure. A breach is explained by another only where the graph holds a way from the other to it and the
kind of the one can bring about the other; where in doubt, a breach is its own root:

==============================  ====================================================================
breach                          is explained by
==============================  ====================================================================
anything that could not be      the unreadable dataset itself, or for a model one that it reads from
measured (``not_run``)          or predicts into; or its columns that are gone or have another type
an unreadable dataset           an unreadable dataset upstream
late or missing data, too few   late, missing or unreadable data upstream; too few rows also by the
rows                            dataset's own late data
quality or drift of columns     quality or drift of the columns they are computed from; late, missing or
                                unreadable data of a dataset that their values come from; of the very
                                same column quality explains drift, as it is the more specific, and a
                                change of the schema explains the rest
drift of predictions            quality or drift of a column that one of the model's features is, or is
                                computed from
provenance                      a lost owner or provenance upstream, or the dataset's own lost owner; lost
                                labels and purposes by the same upstream only
consent                         consent upstream for the same purpose
ownership, retention, data      the same indicator upstream
dated too late
bias                            a gap of the same group, or of a group that it is part of
anything else                   nothing: it is its own root
==============================  ====================================================================

Where it is known since when both have been so, what began later explains nothing: what moved the data was
there before the data moved. Lateness is left out of this, because a table with a tighter limit is late before
the feed that it waits for.

Where several could be, a column is preferred to a whole dataset, then the one furthest upstream, then the one
that began first, then the lowest in order. The root is found by following explanations until there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from governance_pipeline.lineage.explains import Causes, explains
from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.lineage.situation import Key, Nature, Situation, placed
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge
from governance_pipeline.vocabulary.measurement import Measurement

Began = Mapping[Key, date]
_UNKNOWN: Began = {}


@dataclass(frozen=True, slots=True)
class RootCause:
    """What a breach follows from.

    Attributes:
        root: equal to ``breach`` where it is its own cause.
        path: the things in between, from the root's to the breach's; one where they are the same.
        steps: the lineage edges along it, each naming its evidence.
        chain: the breaches in between, from the root to the breach, both included.
    """

    breach: Measurement
    root: Measurement
    path: tuple[Entity, ...]
    steps: tuple[Edge, ...] = ()
    chain: tuple[Measurement, ...] = ()


def root_causes(
    graph: LineageGraph, breaches: Sequence[Measurement], began: Began = _UNKNOWN
) -> dict[Key, Measurement]:
    """The root-cause breach of each breach, by the breach's key. What is no breach is left out.

    Args:
        began: the day since which a breach has been so, by its key, as far as known.
    """
    situations = placed(graph, _distinct(breaches))
    parents = _parents(situations, began)
    return {one.breach.key: _chain(one, parents)[0].breach for one in situations}


def trace_root_causes(
    graph: LineageGraph, breaches: Sequence[Measurement], began: Began = _UNKNOWN
) -> dict[Key, RootCause]:
    """As :func:`root_causes`, with the way from root to breach."""
    situations = placed(graph, _distinct(breaches))
    parents = _parents(situations, began)
    return {one.breach.key: _cause(graph, one, parents) for one in situations}


def _distinct(breaches: Iterable[Measurement]) -> list[Measurement]:
    by_key = {one.key: one for one in breaches if one.outcome.is_breach}
    return [by_key[key] for key in sorted(by_key)]


def _parents(situations: Sequence[Situation], began: Began) -> dict[Key, Situation | None]:
    causes = Causes(situations)
    return {one.breach.key: _parent(one, causes, began) for one in situations}


def _parent(effect: Situation, causes: Causes, began: Began) -> Situation | None:
    """The direct explanation to follow, None for a root.

    Two breaches can explain each other only within a cycle of the lineage; then only the lower in
    :attr:`Situation.order` explains the other, so that following explanations always ends.
    """
    candidates = [
        cause
        for cause in causes.of(effect)
        if not (explains(effect, cause) and effect.order < cause.order)
        and not _came_later(cause, effect, began)
    ]
    return min(candidates, key=lambda cause: _preference(cause, effect, began), default=None)


def _came_later(cause: Situation, effect: Situation, began: Began) -> bool:
    first, then = began.get(cause.breach.key), began.get(effect.breach.key)
    if first is None or then is None or Nature.LATE in (cause.nature, effect.nature):
        return False
    return first > then


def _preference(
    cause: Situation, effect: Situation, began: Began
) -> tuple[bool, int, date, tuple[int, bool, int, Key]]:
    since = began.get(cause.breach.key, date.max)
    return (not cause.columns, -effect.distance_to(cause), since, cause.order)


def _chain(effect: Situation, parents: Mapping[Key, Situation | None]) -> list[Situation]:
    """From the root to ``effect``."""
    chain = [effect]
    while (parent := parents[chain[-1].breach.key]) is not None:
        chain.append(parent)
    chain.reverse()
    return chain


def _cause(graph: LineageGraph, effect: Situation, parents: Mapping[Key, Situation | None]) -> RootCause:
    chain = _chain(effect, parents)
    path: list[Entity] = [chain[0].node]
    steps: list[Edge] = []
    for cause, follows in pairwise(chain):
        route = graph.route(cause.node, follows.node)
        if not route:
            route = graph.route(owner_dataset(cause.node), owner_dataset(follows.node))
        steps.extend(route)
        path.extend(edge.target for edge in route)
        if path[-1] != follows.node:
            path.append(follows.node)
    return RootCause(
        breach=effect.breach,
        root=chain[0].breach,
        path=tuple(path),
        steps=tuple(steps),
        chain=tuple(one.breach for one in chain),
    )
