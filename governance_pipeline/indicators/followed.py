"""What the indicators share that follow a model's predictions over time: which of them, of which days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from governance_pipeline.charter.model import Predictions
from governance_pipeline.indicators.base import ModelInputs
from governance_pipeline.profiles.profile import ErrorCell, GroupTable, OutcomeCell, PredictionCell
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

Arrived = TypeVar("Arrived", OutcomeCell, ErrorCell)


@dataclass(frozen=True, slots=True)
class Followed:
    """One model's tallies on one night, of the version that serves where the log says who predicted."""

    log: Predictions
    table: GroupTable
    version: str | None
    night: date

    def arrived(self, cells: Iterable[Arrived], days: int) -> list[Arrived]:
        """Those that arrived in the ``days`` up to the night, or without a date."""
        first = self.night - timedelta(days=days - 1)
        return [
            cell
            for cell in cells
            if self._mine(cell.version) and (cell.arrived is None or first <= cell.arrived <= self.night)
        ]

    def predicted(self, first: date | None = None, last: date | None = None) -> list[PredictionCell]:
        """Predictions of the days from ``first`` to ``last``; those without a date always."""
        low, high = first or date.min, last or self.night
        return [
            cell
            for cell in self.table.predictions
            if self._mine(cell.version) and (cell.day is None or low <= cell.day <= high)
        ]

    def still_open(self, days: int) -> tuple[int, int]:
        """(how many outcomes are not known, of how many predictions) of the ``days`` up to the night."""
        cells = self.predicted(self.night - timedelta(days=days - 1))
        return sum(cell.count for cell in cells if cell.open), sum(cell.count for cell in cells)

    def _mine(self, version: str | None) -> bool:
        return self.log.version is None or self.version is None or version == self.version


def followed(inputs: ModelInputs, parts: tuple[str, ...]) -> Followed | str:
    """The model's tallies, or why there are none; ``parts`` are those that have to be there."""
    log = inputs.model.predictions
    if log is None:
        return "the model's file does not name where its predictions are kept"
    profile = inputs.profiles.get(log.dataset)
    if profile is None:
        return f"{log.dataset} could not be read this night"
    for part in parts:
        reason = profile.unmeasured.get(f"{part}:{inputs.model.name}")
        if reason:
            return reason
    table = next((table for table in profile.groups if table.model == inputs.model.name), None)
    if table is None:
        return f"the predictions in {log.dataset} were not counted this night"
    return Followed(log, table, inputs.version.version if inputs.version else None, inputs.night)


def blank(inputs: ModelInputs, indicator: str, clause: str, unit: str = "") -> Measurement:
    """Everything that is known before anything is counted; not run until it is."""
    return Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=indicator,
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=clause,
        unit=unit,
        details={"version": inputs.version.version if inputs.version else None},
    )
