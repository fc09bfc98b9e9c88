"""What an incident is about, and how long it has stood: pure reading of measurements.

A *question* is (entity, indicator, facet): the same key on another night is the same question. One
exception: when a dataset could not be scanned, all its measurements are ``not_run`` for one and the same
reason. Indicators mark them with ``details["cause"] == "scan"``, and here they become the one question
(entity, ``scan``, ""), so a file that cannot be read is one incident and not eight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum

from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Incident, IncidentStatus
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

Key = tuple[str, str, str]

SCAN = "scan"


class Finding(Enum):
    """What a night says about a question."""

    BREACH = "breach"
    CLEAR = "clear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """Tonight's answer to one question, with the measurements it rests on."""

    entity: Entity
    indicator: str
    facet: str
    finding: Finding
    measurements: tuple[Measurement, ...]

    @property
    def key(self) -> Key:
        return (str(self.entity), self.indicator, self.facet)

    @property
    def sentence(self) -> str:
        """What is wrong, in words for a person."""
        first = self.measurements[0].sentence
        if self.indicator != SCAN:
            return first
        count = len(self.measurements)
        checks = "1 check was" if count == 1 else f"{count} checks were"
        return f"{self.entity.name} could not be measured, so {checks} not made. {first}"


def is_scan_failure(measurement: Measurement) -> bool:
    """Whether the measurement is missing because its dataset could not be scanned."""
    return measurement.outcome is Outcome.NOT_RUN and measurement.details.get("cause") == SCAN


def question(measurement: Measurement) -> Key:
    """The question a measurement answers."""
    if is_scan_failure(measurement):
        return (str(measurement.entity), SCAN, "")
    return measurement.key


def finding(measurement: Measurement) -> Finding:
    """What one measurement says of its own question.

    ``insufficient`` says nothing either way, and neither does a measurement that a failed scan
    prevented: that failure is a question of its own.
    """
    if measurement.outcome is Outcome.INSUFFICIENT or is_scan_failure(measurement):
        return Finding.UNKNOWN
    return Finding.BREACH if measurement.outcome.is_breach else Finding.CLEAR


def observe(measurements: Iterable[Measurement]) -> list[Observation]:
    """Tonight's observations, ordered by key; one of ``scan`` for every entity measured."""
    by_entity: dict[Entity, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        by_entity[measurement.entity].append(measurement)
    found: list[Observation] = []
    for entity, group in by_entity.items():
        group.sort(key=lambda measurement: measurement.key)
        found.extend(
            Observation(entity, one.indicator, one.facet, finding(one), (one,))
            for one in group
            if not is_scan_failure(one)
        )
        found.append(_scan_observation(entity, group))
    return sorted(found, key=lambda observation: observation.key)


def _scan_observation(entity: Entity, group: Sequence[Measurement]) -> Observation:
    failed = tuple(filter(is_scan_failure, group))
    verdict = Finding.BREACH if failed else Finding.CLEAR
    return Observation(entity, SCAN, "", verdict, failed or tuple(group))


def streak(history: Iterable[Measurement]) -> int:
    """How long one question's newest answer has stood, from its measurements, oldest first.

    Returns:
        n > 0: it breached on the last n nights that say anything; n < 0: it did not breach on the last
        -n of them; 0: no night says anything.
    """
    return _run_length([finding(measurement) for measurement in history])


def _run_length(findings: Sequence[Finding]) -> int:
    telling = [found for found in findings if found is not Finding.UNKNOWN]
    if not telling:
        return 0
    length = next((i for i, found in enumerate(reversed(telling)) if found is not telling[-1]), len(telling))
    return length if telling[-1] is Finding.BREACH else -length


def count_streaks(
    night: date,
    measurements: Iterable[Measurement],
    known: Mapping[str, Incident],
    past: Callable[[Entity], Sequence[Measurement]],
) -> dict[Key, int]:
    """The :func:`streak` up to and including tonight of every question that may change an incident.

    Args:
        night: tonight; what ``past`` brings of it or later is left out.
        measurements: tonight's.
        known: every incident so far by id.
        past: earlier measurements of an entity, all indicators, in any order; read only for entities
            that breach tonight or have an incident that is not resolved.
    """
    standing = {i.entity for i in known.values() if i.status is not IncidentStatus.RESOLVED}
    by_entity: dict[Entity, list[Measurement]] = defaultdict(list)
    for measurement in measurements:
        by_entity[measurement.entity].append(measurement)
    found: dict[Key, int] = {}
    for entity, tonight in by_entity.items():
        if entity in standing or any(m.outcome.is_breach for m in tonight):
            earlier = [m for m in past(entity) if m.night < night]
            found |= _streaks_of(entity, [*sorted(earlier, key=lambda m: m.night), *tonight])
    return found


def _streaks_of(entity: Entity, history: Sequence[Measurement]) -> dict[Key, int]:
    by_key: dict[Key, list[Measurement]] = defaultdict(list)
    scan_failed: dict[date, bool] = {}
    for measurement in history:
        by_key[measurement.key].append(measurement)
        failed = is_scan_failure(measurement)
        scan_failed[measurement.night] = scan_failed.get(measurement.night, False) or failed
    found = {key: streak(group) for key, group in by_key.items()}
    scans = [Finding.BREACH if scan_failed[day] else Finding.CLEAR for day in sorted(scan_failed)]
    found[(str(entity), SCAN, "")] = _run_length(scans)
    return found
