"""Permits: was every version that serves permitted to, as exactly the artefact that it is?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from governance_pipeline.indicators.base import Indicator, ModelInputs, Station
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
    stations = [station for station in inputs.stations if station.stage in policy.stages]
    without = [station for station in stations if station.problem]
    yield Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=NAME,
        outcome=NONE.judge(float(len(without))),
        sentence=_sentence(stations, policy.stages),
        clause=policy.clause,
        value=float(len(without)),
        unit="versions",
        n=len(stations),
        threshold=NONE,
        details={"without": {station.version: station.problem for station in without}},
    )


def _sentence(stations: Sequence[Station], stages: tuple[str, ...]) -> str:
    problems = [station.problem for station in stations if station.problem]
    if problems:
        text = "; ".join(problems)
        return f"{text[0].upper()}{text[1:]}."
    if not stations:
        return f"No version is at {listed(stages)}, where it would need a permit."
    there = listed([f"version {station.version} at {station.stage}" for station in stations])
    return f"A permit was given for {there}."


PERMITS = Indicator(
    name=NAME,
    title="Permits",
    subject="model",
    measure_model=measure,
    expects_model=lambda _: True,
)
