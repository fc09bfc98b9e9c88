"""Rehearsal: could we go back tonight, and when did somebody last make sure?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from governance_pipeline.charter.model_policies import RehearsalPolicy
from governance_pipeline.indicators.base import Indicator, ModelInputs, Station
from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "rehearsal"
DAY = 86_400.0  # seconds


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """For each stage that the policy names, the days since a rollback of its version was last rehearsed."""
    policy = inputs.playbook.indicators.rehearsal
    if policy is None:
        return
    for stage in policy.stages:
        there = [station for station in inputs.stations if station.stage == stage]
        oldest = max(there, key=lambda station: _age(station, inputs.as_of), default=None)
        yield _of_stage(inputs, policy, stage, oldest)


def _of_stage(
    inputs: ModelInputs, policy: RehearsalPolicy, stage: str, station: Station | None
) -> Measurement:
    """A rehearsal that found no way back fails whatever its age."""
    age = _age(station, inputs.as_of) if station else 0.0
    threshold = policy.threshold(inputs.model.tier)
    judged = threshold.judge(age)
    return Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=NAME,
        outcome=Outcome.FAIL if station and station.no_way_back else judged,
        sentence=_sentence(inputs, stage, station),
        clause=policy.clause,
        facet=stage,
        value=age,
        unit="days",
        n=1 if station else 0,
        threshold=threshold,
        details={"concerns_version": station.version, "never": station.rehearsed is None} if station else {},
    )


def _age(station: Station, as_of: datetime) -> float:
    """In whole days; of a version that was never rehearsed since it took the stage."""
    last = station.rehearsed or station.since
    return float(max((as_of - last).total_seconds() // DAY, 0.0)) if last else 0.0


def _sentence(inputs: ModelInputs, stage: str, station: Station | None) -> str:
    if station is None:
        return f"No version is at {stage}, so there is nothing to roll back."
    name = f"version {station.version}"
    if station.no_way_back:
        return (
            f"The last rehearsal found that {name} at {stage} cannot be rolled back: {station.no_way_back}."
        )
    days = counted(round(_age(station, inputs.as_of)), "day")
    if station.rehearsed is None:
        return f"A rollback of {name} has never been rehearsed; it has been at {stage} for {days}."
    return f"A rollback of {name} from {stage} was last rehearsed on {calendar_date(station.rehearsed)}."


REHEARSAL = Indicator(
    name=NAME,
    title="Rehearsed rollback",
    subject="model",
    measure_model=measure,
    expects_model=lambda _: True,
)
