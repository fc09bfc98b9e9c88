"""Whether one breach can bring about another: the rules of :mod:`~governance_pipeline.lineage.root_cause`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from governance_pipeline.lineage.situation import Nature, Situation
from governance_pipeline.vocabulary.outcome import Outcome

Rule = Callable[[Situation, Situation], bool]

_SUPPLY = (Nature.UNREADABLE, Nature.LATE)
_VALUES = (Nature.QUALITY, Nature.DRIFT)
_FIRST_TO_TELL = ("scan", "recency")


def explains(cause: Situation, effect: Situation) -> bool:
    """Whether ``cause`` can have brought about ``effect``."""
    if cause.breach.key == effect.breach.key:
        return False
    if _leaves_unmeasured(cause, effect):
        return True
    rule = _RULES.get(effect.nature)
    return rule is not None and rule(cause, effect)


def _leaves_unmeasured(cause: Situation, effect: Situation) -> bool:
    """A dataset that cannot be read leaves its own and its models' measurements undone."""
    if cause.nature is not Nature.UNREADABLE or effect.breach.outcome is not Outcome.NOT_RUN:
        return False
    if cause.dataset in effect.reach.beside:
        return True
    if cause.dataset != effect.dataset:
        return False
    return effect.nature is not Nature.UNREADABLE or _telling(cause) < _telling(effect)


def _telling(one: Situation) -> tuple[int, tuple[str, str, str]]:
    """Of several measurements that one failed scan left undone, which stands for it."""
    indicator = one.breach.indicator
    rank = _FIRST_TO_TELL.index(indicator) if indicator in _FIRST_TO_TELL else len(_FIRST_TO_TELL)
    return rank, one.breach.key


def _above(cause: Situation, effect: Situation) -> bool:
    """Whether the cause's dataset, as a whole, is upstream of the effect."""
    return cause.dataset != effect.dataset and cause.dataset in effect.reach.datasets


def _beside_or_above(cause: Situation, effect: Situation) -> bool:
    return cause.dataset == effect.dataset or _above(cause, effect)


def _unreadable(cause: Situation, effect: Situation) -> bool:
    return cause.nature is Nature.UNREADABLE and _above(cause, effect)


def _late(cause: Situation, effect: Situation) -> bool:
    return cause.nature in _SUPPLY and _above(cause, effect)


def _volume(cause: Situation, effect: Situation) -> bool:
    if cause.nature is Nature.LATE:
        return _beside_or_above(cause, effect)
    return cause.nature in (Nature.UNREADABLE, Nature.VOLUME) and _above(cause, effect)


def _values(cause: Situation, effect: Situation) -> bool:
    """Every column of the effect has to come from, or be, a column of the cause."""
    if cause.nature in _SUPPLY:
        return cause.dataset != effect.dataset and all(
            cause.dataset in reach.datasets
            for reach in (effect.columns or {effect.node: effect.reach}).values()
        )
    if cause.nature not in _VALUES or not effect.columns:
        return False
    covered = all(not cause.columns.keys().isdisjoint(reach.upstream) for reach in effect.columns.values())
    same = not cause.columns.keys().isdisjoint(effect.columns)
    return covered and (not same or cause.order < effect.order)


def _unmeasured(cause: Situation, effect: Situation) -> bool:
    """A column that is gone or has another type leaves measurements undone; a missing baseline of a
    model (facet ``@model``) is another matter.
    """
    near = cause.dataset == effect.dataset or cause.dataset in effect.reach.beside
    return cause.is_of_schema and near and not effect.breach.facet.startswith("@")


def _bias(cause: Situation, effect: Situation) -> bool:
    """A gap of a group shows again in its other rates and in its parts (``race=x & sex=y``)."""
    if cause.nature is not Nature.BIAS or cause.node != effect.node or not cause.groups:
        return False
    return cause.groups <= effect.groups and cause.order < effect.order


def _provenance(cause: Situation, effect: Situation) -> bool:
    if cause.nature is Nature.OWNERSHIP:
        return _beside_or_above(cause, effect)
    return cause.nature is Nature.PROVENANCE and _above(cause, effect)


def _same_question(cause: Situation, effect: Situation) -> bool:
    alike = cause.nature is effect.nature and cause.breach.facet == effect.breach.facet
    return alike and _above(cause, effect)


_RULES: Mapping[Nature, Rule] = {
    Nature.UNREADABLE: _unreadable,
    Nature.LATE: _late,
    Nature.MISDATED: _same_question,
    Nature.VOLUME: _volume,
    Nature.QUALITY: _values,
    Nature.DRIFT: _values,
    Nature.PROVENANCE: _provenance,
    Nature.CONSENT: _same_question,
    Nature.OWNERSHIP: _same_question,
    Nature.RETENTION: _same_question,
    Nature.BIAS: _bias,
    Nature.UNMEASURED: _unmeasured,
}
