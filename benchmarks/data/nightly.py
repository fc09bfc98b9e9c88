"""Runs nights over a project of this package, as ``governance nightly`` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter, process_time

from governance_pipeline.bootstrap import services
from governance_pipeline.charter.project import Project
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.night import DatasetScanned, IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Night:
    """What one night took and found.

    Attributes:
        seconds: from opening the store to the sealed night; ``cpu`` of all threads meanwhile.
        scans: seconds of each dataset's scan; they overlap where several run at a time.
        rows: of each dataset.
        outcomes: how many measurements had each outcome.
    """

    seconds: float
    cpu: float
    scans: Mapping[str, float]
    rows: Mapping[str, int]
    outcomes: Mapping[Outcome, int]


def run(project: Project, night: date) -> Night:
    """One night by services of its own: only the store is what an earlier night left.

    Raises:
        RuntimeError: a dataset could not be scanned; its time would be no figure.
    """
    begun, cpu = perf_counter(), process_time()
    scans: dict[str, float] = {}
    rows: dict[str, int] = {}
    outcomes = dict.fromkeys(Outcome, 0)
    with services(project, clock=clock_after(night)) as opened:
        for event in run_night(opened, night):
            if isinstance(event, DatasetScanned):
                if event.error is not None:
                    raise RuntimeError(event.error)
                scans[event.dataset], rows[event.dataset] = event.seconds, event.rows or 0
            elif isinstance(event, IndicatorMeasured):
                outcomes[event.measurement.outcome] += 1
    return Night(perf_counter() - begun, process_time() - cpu, scans, rows, outcomes)


def clock_after(night: date) -> FixedClock:
    """A clock that stands at two in the morning after ``night``."""
    return FixedClock(datetime.combine(night + timedelta(days=1), time(2), tzinfo=UTC))
