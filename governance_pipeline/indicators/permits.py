"""Permits: was every version that serves permitted to, as exactly the artefact that it is?"""

from __future__ import annotations

from collections.abc import Iterator

from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.wording import listed
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Threshold

NAME = "permits"
NONE = Threshold(warn=None, fail=0.0, breach="above")


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """How many versions are at a stage that the policy names, and have no permit for it; one fails."""
    policy = inputs.playbook.indicators.permits
    if policy is None:
        return
    without = [station for station in inputs.stations if station.problem]
    yield Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=NAME,
        outcome=NONE.judge(float(len(without))),
        sentence=_sentence(inputs, policy.stages),
        clause=policy.clause,
        value=float(len(without)),
        unit="versions",
        n=len(inputs.stations),
        threshold=NONE,
        details={"without": {station.version: station.problem for station in without}},
    )


def _sentence(inputs: ModelInputs, stages: tuple[str, ...]) -> str:
    problems = [station.problem for station in inputs.stations if station.problem]
    if problems:
        text = "; ".join(problems)
        return f"{text[0].upper()}{text[1:]}."
    if not inputs.stations:
        return f"No version is at {listed(stages)}, where it would need a permit."
    there = listed([f"version {station.version} at {station.stage}" for station in inputs.stations])
    return f"A permit was given for {there}."


PERMITS = Indicator(
    name=NAME,
    title="Permits",
    subject="model",
    measure_model=measure,
    expects_model=lambda _: True,
)
