"""Whether one breach can bring about another: the rules of :mod:`~governance_pipeline.lineage.root_cause`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from governance_pipeline.lineage.situation import Nature, Situation
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.outcome import Outcome

Test = Callable[[Situation, Situation], bool]

_SUPPLY = (Nature.UNREADABLE, Nature.LATE)
_VALUES = (Nature.QUALITY, Nature.DRIFT)
_FIRST_TO_TELL = ("scan", "recency")


@dataclass(frozen=True, slots=True)
class Rule:
    """What may cause a nature of breach: causes of these natures for which the test holds."""

    causes: tuple[Nature, ...]
    holds: Test


def explains(cause: Situation, effect: Situation) -> bool:
    """Whether ``cause`` can have brought about ``effect``."""
    if cause.breach.key == effect.breach.key:
        return False
    if _leaves_unmeasured(cause, effect):
        return True
    rule = RULES.get(effect.nature)
    return rule is not None and cause.nature in rule.causes and rule.holds(cause, effect)


def _leaves_unmeasured(cause: Situation, effect: Situation) -> bool:
    """A dataset that cannot be read leaves its own and its models' measurements undone."""
    if cause.nature is not Nature.UNREADABLE or effect.breach.outcome is not Outcome.NOT_RUN:
        return False
    if cause.dataset in effect.reach.beside:
        return True
    if cause.dataset != effect.dataset:
        return False
    return effect.nature is not Nature.UNREADABLE or telling(cause) < telling(effect)


def telling(one: Situation) -> tuple[int, tuple[str, str, str]]:
    """Of several measurements that one failed scan left undone, which stands for it."""
    indicator = one.breach.indicator
    rank = _FIRST_TO_TELL.index(indicator) if indicator in _FIRST_TO_TELL else len(_FIRST_TO_TELL)
    return rank, one.breach.key


def _above(cause: Situation, effect: Situation) -> bool:
    """Whether the cause's dataset, as a whole, is upstream of the effect."""
    return cause.dataset != effect.dataset and cause.dataset in effect.reach.datasets


def _rows(cause: Situation, effect: Situation) -> bool:
    here = cause.nature is Nature.LATE and cause.dataset == effect.dataset
    return here or _above(cause, effect)


def _values(cause: Situation, effect: Situation) -> bool:
    """Every column of the effect has to come from, or be, a column of the cause."""
    if cause.nature in _SUPPLY:
        reaches = effect.columns.values() or (effect.reach,)
        return cause.dataset != effect.dataset and all(cause.dataset in one.datasets for one in reaches)
    if not effect.columns:
        return False
    covered = all(not cause.columns.keys().isdisjoint(reach.upstream) for reach in effect.columns.values())
    same = not cause.columns.keys().isdisjoint(effect.columns)
    return covered and (not same or cause.order < effect.order)


def _fed(cause: Situation, effect: Situation) -> bool:
    """One feature that is not what it was is enough for a model to decide otherwise."""
    return any(not cause.columns.keys().isdisjoint(reach.upstream) for reach in effect.columns.values())


def _provenance(cause: Situation, effect: Situation) -> bool:
    """A lost label and a purpose (the facets) follow from the same upstream, and from no lost owner."""
    if cause.breach.facet != effect.breach.facet and (effect.breach.facet or cause.nature is effect.nature):
        return False
    here = cause.nature is Nature.OWNERSHIP and cause.dataset == effect.dataset
    return here or _above(cause, effect)


def _same_facet(cause: Situation, effect: Situation) -> bool:
    return cause.breach.facet == effect.breach.facet and _above(cause, effect)


def _withdrawn(cause: Situation, effect: Situation) -> bool:
    """Those who withdraw from the purpose (the facet of consent) are those whom the model learned from."""
    return cause.breach.facet == effect.breach.details.get("purpose") and _above(cause, effect)


def _bias(cause: Situation, effect: Situation) -> bool:
    """A gap of a group shows again in its other rates and in its parts (``race=x & sex=y``)."""
    if cause.node != effect.node or not cause.groups:
        return False
    return cause.groups <= effect.groups and cause.order < effect.order


def _unmeasured(cause: Situation, effect: Situation) -> bool:
    """A column that is gone or has another type leaves measurements undone; a missing baseline of a
    model (facet ``@model``) is another matter.
    """
    near = cause.dataset == effect.dataset or cause.dataset in effect.reach.beside
    return cause.is_of_schema and near and not effect.breach.facet.startswith("@")


RULES: Mapping[Nature, Rule] = {
    Nature.UNREADABLE: Rule((Nature.UNREADABLE,), _above),
    Nature.LATE: Rule(_SUPPLY, _above),
    Nature.MISDATED: Rule((Nature.MISDATED,), _same_facet),
    Nature.VOLUME: Rule((*_SUPPLY, Nature.VOLUME), _rows),
    Nature.QUALITY: Rule((*_SUPPLY, *_VALUES), _values),
    Nature.DRIFT: Rule((*_SUPPLY, *_VALUES), _values),
    Nature.PREDICTIONS: Rule(_VALUES, _fed),
    Nature.OWNERSHIP: Rule((Nature.OWNERSHIP,), _same_facet),
    Nature.PROVENANCE: Rule((Nature.OWNERSHIP, Nature.PROVENANCE), _provenance),
    Nature.CONSENT: Rule((Nature.CONSENT,), _same_facet),
    Nature.WITHDRAWALS: Rule((Nature.CONSENT,), _withdrawn),
    Nature.RETENTION: Rule((Nature.RETENTION,), _same_facet),
    Nature.BIAS: Rule((Nature.BIAS,), _bias),
    Nature.UNMEASURED: Rule((Nature.QUALITY,), _unmeasured),
}


class Causes:
    """All breaches of a night as possible causes, so that each effect meets the few that can be its.

    Of the measurements that one failed scan left undone only the one that stands for all is a cause.
    """

    def __init__(self, situations: Iterable[Situation]) -> None:
        self._whole: dict[tuple[Entity, Nature], list[Situation]] = {}
        self._of_column: dict[Entity, list[Situation]] = {}
        for one in situations:
            if one.nature in _VALUES:
                for column in one.columns:
                    self._of_column.setdefault(column, []).append(one)
                if not one.is_of_schema:
                    continue
            here = self._whole.setdefault((one.dataset, one.nature), [])
            if one.nature is Nature.UNREADABLE and here:
                here[0] = min(here[0], one, key=telling)
            else:
                here.append(one)

    def of(self, effect: Situation) -> list[Situation]:
        """Every breach that explains ``effect``."""
        found = {one.breach.key: one for one in self._near(effect) if explains(one, effect)}
        return list(found.values())

    def _near(self, effect: Situation) -> Iterator[Situation]:
        rule = RULES.get(effect.nature)
        natures = {Nature.UNREADABLE, *(rule.causes if rule else ())}
        places = {effect.dataset, *effect.reach.datasets, *effect.reach.beside}
        for reach in effect.columns.values():
            places.update(reach.datasets)
            for column in reach.upstream:
                yield from self._of_column.get(column, ())
        for place, nature in product(places, natures):
            yield from self._whole.get((place, nature), ())
