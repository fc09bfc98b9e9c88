"""What an entity's own measurements add to its risk: points per indicator, each with its reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from governance_pipeline.charter.indicator_policy import IndicatorPolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.wording import counted
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.risk import Contribution

EVIDENCE = "evidence"
WARN_SHARE = 0.5
FURTHER_SHARE = 0.5
CAP = 1.5
DIGITS = 2
DEFAULT_WEIGHT = float(IndicatorPolicy.model_fields["weight"].default)


def points(measurement: Measurement, playbook: Playbook) -> float:
    """The points of one measurement alone: its indicator's weight for ``fail``, half of it for ``warn``,
    the playbook's ``missing_evidence`` for ``insufficient`` and ``not_run``, nothing for ``pass``.

    An indicator without a policy (a plug-in's) has the weight that policies have by default.
    """
    if measurement.outcome is Outcome.PASS:
        return 0.0
    if measurement.outcome in (Outcome.INSUFFICIENT, Outcome.NOT_RUN):
        return playbook.risk.missing_evidence
    weight = _weight(measurement.indicator, playbook)
    return weight if measurement.outcome is Outcome.FAIL else weight * WARN_SHARE


def own_contributions(measurements: Iterable[Measurement], playbook: Playbook) -> tuple[Contribution, ...]:
    """One contribution per indicator that found something, the largest first.

    Twenty drifting columns are worse than one, but not twenty times: of an indicator's facets the worst
    counts in full, the second a quarter, the third an eighth, and so on, each half of the one before.
    The sum stays under one and a half times the worst, and is capped at one and a half times the
    indicator's weight. So every further or worse finding adds something, and none can ever take away.
    """
    by_indicator: dict[str, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        by_indicator[measurement.indicator].append(measurement)
    found = (_of_indicator(name, group, playbook) for name, group in sorted(by_indicator.items()))
    return tuple(sorted((one for one in found if one.points > 0), key=lambda one: (-one.points, one.source)))


def nothing_measured(entity: Entity, playbook: Playbook) -> Contribution:
    """What stands for an entity of which nothing is known tonight: no evidence is no low risk."""
    return Contribution(
        EVIDENCE, playbook.risk.missing_evidence, f"Nothing was measured for {entity.name} tonight."
    )


def column_of(measurement: Measurement) -> tuple[str, ...]:
    """The columns a dataset's measurement is about: what its details name, or its facet before ``@``."""
    details = measurement.details
    named = details.get("columns", details.get("column"))
    if isinstance(named, str):
        return (named,)
    if isinstance(named, list | tuple):
        return tuple(str(name) for name in named)
    facet = measurement.facet.partition("@")[0]
    return (facet,) if facet else ()


def is_about(measurement: Measurement, entity: Entity) -> bool:
    """Whether a measurement counts for ``entity``: made of it, or of its dataset about this column."""
    if measurement.entity == entity:
        return True
    return (
        entity.kind is EntityKind.COLUMN
        and measurement.entity == Entity.dataset(entity.dataset_name)
        and entity.column_name in column_of(measurement)
    )


def _of_indicator(name: str, group: list[Measurement], playbook: Playbook) -> Contribution:
    ranked = sorted(group, key=lambda one: (-points(one, playbook), one.key, one.sentence))
    amounts = [points(one, playbook) for one in ranked]
    total = amounts[0] + sum(
        amount * FURTHER_SHARE**place for place, amount in enumerate(amounts[1:], start=2)
    )
    total = min(total, CAP * _weight(name, playbook))
    further = sum(amount > 0 for amount in amounts[1:])
    more = f" ({counted(further, 'further finding')} of this kind.)" if further else ""
    return Contribution(name, round(total, DIGITS), f"{ranked[0].sentence}{more}")


def _weight(indicator: str, playbook: Playbook) -> float:
    policy = playbook.policy(indicator)
    return DEFAULT_WEIGHT if policy is None else policy.weight
