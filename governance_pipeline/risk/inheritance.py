"""What risk flows to an entity from upstream.

An upstream entity passes on a share of its *own* score (what its own measurements add up to), multiplied
by the playbook's ``propagation`` once for every step of the way. What it inherited itself is not passed
on again, and of several ways to the same entity only the shortest counts: in a diamond nothing is
counted twice. A dataset's score contains the findings about its columns, so of a dataset and its columns
only the one that passes on most counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from governance_pipeline.indicators.wording import counted
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.risk.points import DIGITS
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.risk import Contribution

OWN_TABLE = 0

Inherited = Mapping[Entity, tuple[Contribution, ...]]


def inherited(
    own: Mapping[Entity, float],
    without_column: Mapping[Entity, float],
    graph: LineageGraph,
    targets: Iterable[Entity],
    propagation: float,
) -> Inherited:
    """The contributions from upstream of every target, the largest first.

    Args:
        own: own scores, of every entity that has one.
        without_column: for column targets, the own score of their dataset from findings that are not
            about them; a column inherits it from one step away, as it is delivered with its table.
        graph: lineage; walked downstream from each entity with a score, so the cost follows the risk.
        targets: the entities to score.
        propagation: share that flows per step, 0 to 1.
    """
    wanted = set(targets)
    best: dict[Entity, dict[str, tuple[float, Entity, int]]] = defaultdict(dict)
    for source, score in own.items():
        if score <= 0:
            continue
        for target, steps in graph.distances(source, down=True).items():
            if target in wanted and steps > 0 and _family(target) != _family(source):
                _keep(best[target], source, score * propagation**steps, steps)
    for column, score in without_column.items():
        if column in wanted and score > 0:
            dataset = Entity.dataset(column.dataset_name)
            _keep(best[column], dataset, score * propagation, OWN_TABLE)
    return {target: _contributions(found) for target, found in best.items()}


def _keep(found: dict[str, tuple[float, Entity, int]], source: Entity, amount: float, steps: int) -> None:
    family = _family(source)
    kept = found.get(family)
    if kept is None or (amount, kept[1]) > (kept[0], source):
        found[family] = (amount, source, steps)


def _family(entity: Entity) -> str:
    """A dataset and its columns are one family; anything else stands for itself."""
    if entity.kind in (EntityKind.DATASET, EntityKind.COLUMN):
        return entity.dataset_name
    return str(entity)


def _contributions(found: Mapping[str, tuple[float, Entity, int]]) -> tuple[Contribution, ...]:
    made = (
        Contribution(str(source), round(amount, DIGITS), _sentence(source, steps))
        for amount, source, steps in found.values()
    )
    return tuple(sorted((one for one in made if one.points > 0), key=lambda one: (-one.points, one.source)))


def _sentence(source: Entity, steps: int) -> str:
    name = source.name.replace("#", ", column ")
    way = {OWN_TABLE: "the table it is part of", 1: "directly upstream"}.get(
        steps, f"{counted(steps, 'step')} upstream"
    )
    return f"It inherits part of the risk of {name}, {way}."
