"""Twins: has another team built the same feature already?

Every column of every feature view is compared with those of other teams, by the profiles of the night
alone. Two features that look near-identical cost twice and drift apart one day; the owners are told of
each other. It only ever warns: the same distribution is a reason to ask, not a fault.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.model_policies import TwinsPolicy
from governance_pipeline.charter.people import Charter
from governance_pipeline.indicators.base import Indicator, NightInputs
from governance_pipeline.indicators.statistics.similarity import Likeness, alike, candidates, comparable
from governance_pipeline.indicators.wording import counted
from governance_pipeline.profiles.profile import ColumnProfile
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "twins"


@dataclass(frozen=True, slots=True)
class _Feature:
    """A column that may have a twin."""

    contract: Contract
    column: ColumnProfile

    @property
    def entity(self) -> Entity:
        return Entity.column(self.contract.dataset, self.column.name)


@dataclass(frozen=True, slots=True)
class _Twin:
    other: _Feature
    likeness: Likeness


def measure(inputs: NightInputs) -> Iterator[Measurement]:
    """For every feature view one summary, and one warning for each column that has a twin."""
    policy = inputs.playbook.indicators.twins
    if policy is None:
        return
    features = [feature for name in sorted(inputs.profiles) for feature in _features(inputs, policy, name)]
    twins = _twins(inputs, policy, features)
    by_dataset: dict[str, list[_Feature]] = defaultdict(list)
    for feature in features:
        by_dataset[feature.contract.dataset].append(feature)
    for name in inputs.measured:
        contract = inputs.contracts[name]
        if contract.kind is not DatasetKind.FEATURE_VIEW:
            continue
        mine = by_dataset[name]
        found = [(feature, twins[feature.entity]) for feature in mine if feature.entity in twins]
        others = sum(_of_another_team(contract, feature.contract) for feature in features)
        yield _summary(inputs, policy, contract, len(mine), others, len(found))
        for feature, twin in found:
            yield _warning(inputs, policy, feature, twin)


def _features(inputs: NightInputs, policy: TwinsPolicy, name: str) -> Iterator[_Feature]:
    contract = inputs.contracts.get(name)
    if contract is None or contract.kind is not DatasetKind.FEATURE_VIEW:
        return
    identifying = {*contract.primary_key, contract.subject_key, contract.event_time, contract.cluster}
    for column in inputs.profiles[name].columns.values():
        if column.name not in identifying and comparable(column, policy.minimum_rows):
            yield _Feature(contract, column)


def _twins(inputs: NightInputs, policy: TwinsPolicy, features: list[_Feature]) -> dict[Entity, _Twin]:
    """Each feature's most similar one of another team, where it is similar enough and not its source."""
    threshold = _threshold(policy)
    found: dict[Entity, _Twin] = {}
    for first, second in sorted(candidates([feature.column for feature in features])):
        one, other = features[first], features[second]
        if not _of_another_team(one.contract, other.contract):
            continue
        likeness = alike(one.column, other.column, policy.warn if policy.warn is not None else 1.0)
        if likeness is None or threshold.judge(likeness.similarity) is not Outcome.WARN:
            continue
        if _related(inputs, one, other):
            continue
        for mine, theirs in ((one, other), (other, one)):
            known = found.get(mine.entity)
            if known is None or known.likeness.similarity < likeness.similarity:
                found[mine.entity] = _Twin(theirs, likeness)
    return found


def _of_another_team(mine: Contract, other: Contract) -> bool:
    return mine.dataset != other.dataset and mine.owner != other.owner


def _related(inputs: NightInputs, one: _Feature, other: _Feature) -> bool:
    """Whether one is made from the other: a reuse that lineage knows is no twin."""
    return other.entity in inputs.graph.upstream(one.entity) or one.entity in inputs.graph.upstream(
        other.entity
    )


def _threshold(policy: TwinsPolicy) -> Threshold:
    return Threshold(policy.warn, None)


def _summary(
    inputs: NightInputs, policy: TwinsPolicy, contract: Contract, mine: int, others: int, twins: int
) -> Measurement:
    name = contract.dataset
    outcome = Outcome.PASS
    if not others:
        sentence = f"No other team has a feature that those of {name} could be compared with."
    elif not mine:
        outcome = Outcome.INSUFFICIENT
        sentence = (
            f"No column of {name} has the {policy.minimum_rows:,} values that a comparison with the features "
            "of other teams needs."
        )
    else:
        compared = f"{counted(mine, 'feature')} of {name} with {others:,} of other teams"
        sentence = (
            f"Of {compared}, {counted(twins, 'feature')} {'has' if twins == 1 else 'have'} a twin."
            if twins
            else f"No feature looks like another team's: compared were {compared}."
        )
    return Measurement(
        night=inputs.night,
        entity=Entity.dataset(name),
        indicator=NAME,
        outcome=outcome,
        sentence=sentence,
        clause=policy.clause,
        metric="twins",
        value=float(twins),
        n=mine,
        details={"compared_with": others},
    )


def _warning(inputs: NightInputs, policy: TwinsPolicy, feature: _Feature, twin: _Twin) -> Measurement:
    other, likeness = twin.other, twin.likeness
    threshold = _threshold(policy)
    mine, theirs = f"{_name(feature)}", f"{_name(other)}"
    owners = (
        _owner(inputs.charter, feature.contract.owner),
        _owner(inputs.charter, other.contract.owner),
    )
    return Measurement(
        night=inputs.night,
        entity=Entity.dataset(feature.contract.dataset),
        indicator=NAME,
        facet=feature.column.name,
        outcome=threshold.judge(likeness.similarity),
        sentence=(
            f"{mine} ({owners[0]}) and {theirs} ({owners[1]}) look near-identical: their profiles agree to "
            f"{100 * likeness.similarity:.1f} of 100. If they are the same, one of them could serve both."
        ),
        clause=policy.clause,
        metric="similarity",
        value=likeness.similarity,
        unit="share",
        n=min(feature.column.present, other.column.present),
        threshold=threshold,
        details={
            "twin": f"{other.contract.dataset}#{other.column.name}",
            "owner": feature.contract.owner,
            "twin_owner": other.contract.owner,
            "distribution": round(likeness.distribution, 6),
            "missing": round(likeness.missing, 6),
            "mean_deviations": round(likeness.mean, 6),
            "deviation_share": round(likeness.deviation, 6),
        },
    )


def _name(feature: _Feature) -> str:
    return f"'{feature.column.name}' of {feature.contract.dataset}"


def _owner(charter: Charter, owner: str | None) -> str:
    if owner is None:
        return "nobody's"
    found = charter.team(owner) or charter.person(owner)
    return found.name if found else owner


TWINS = Indicator(
    name=NAME,
    title="Twins of other teams",
    subject="dataset",
    measure_night=measure,
    expects_dataset=lambda contract, _: contract.kind is DatasetKind.FEATURE_VIEW,
    tags=frozenset({"model input"}),
)
