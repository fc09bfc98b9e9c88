"""The night as one daily-partitioned multi-asset: the same function as ``governance nightly``."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import dagster as dg

from assets.checks import CheckBook
from assets.findings import Findings, of_events
from assets.resources import GovernanceResource
from assets.stages import materialisations, observations, stage_specs
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.wording import counted
from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.night import (
    DatasetScanned,
    IncidentChanged,
    NightEvent,
    NightSealed,
    ReviewOpened,
    StageMovedBack,
)

MOST_LOGGED = 100
Report = dg.MaterializeResult[Any] | dg.AssetCheckResult | dg.AssetObservation


def nights(project: Project) -> dg.DailyPartitionsDefinition:
    """One partition per night, in the schedule's time zone."""
    schedule = project.settings.schedule
    return dg.DailyPartitionsDefinition(start_date=schedule.start.isoformat(), timezone=schedule.timezone)


def night_asset(project: Project) -> dg.AssetsDefinition:
    """The night of ``project``: its assets, and the checks on the tables and models it measures.

    The whole night always runs; a partial selection only reports less of it.
    """

    @dg.multi_asset(
        name="night",
        specs=stage_specs(project),
        check_specs=CheckBook(project).specs(),
        partitions_def=nights(project),
        can_subset=True,
        allow_arbitrary_check_specs=True,
    )
    def night(context: dg.AssetExecutionContext, governance: GovernanceResource) -> Iterator[Any]:
        key = date.fromisoformat(context.partition_key)
        events: list[NightEvent] = []
        log = _RunLog(context.log)
        with governance.open() as services:
            for event in run_night(services, key):
                events.append(event)
                log.tell(event)
            log.end()
            project_now = services.project
        selected = {*context.selected_asset_keys, *context.selected_asset_check_keys}
        for report in report_night(CheckBook(project_now), of_events(key, events)):
            if isinstance(report, dg.AssetObservation):
                context.log_event(report)
            elif _key(report) in selected:
                yield report

    return night


def report_night(book: CheckBook, findings: Findings) -> Iterator[Report]:
    """A night as Dagster records it."""
    for key, metadata in materialisations(findings, book.indicators):
        yield dg.MaterializeResult(key, metadata=metadata)
    yield from book.results(findings.measurements)
    yield from observations(book.project, findings)


def _key(report: dg.MaterializeResult[Any] | dg.AssetCheckResult) -> dg.AssetKey | dg.AssetCheckKey:
    if isinstance(report, dg.MaterializeResult):
        return dg.AssetKey.from_coercible(report.asset_key or "")
    return dg.AssetCheckKey(dg.AssetKey.from_coercible(report.asset_key or ""), report.check_name or "")


class _RunLog:
    """What somebody who reads the run's log wants to know. Every line is an event that Dagster writes, so
    of what can be thousands only the first are told; the assets' metadata has the rest.
    """

    def __init__(self, log: dg.DagsterLogManager) -> None:
        self._log = log
        self._lines = 0

    def tell(self, event: NightEvent) -> None:
        match event:
            case DatasetScanned(error=str() as error):
                self._one_of_many(self._log.error, f"{event.dataset} could not be scanned: {error}")
            case IncidentChanged(act=act) if act is not IncidentAct.KEPT:
                text = f"incident {event.incident.id} {act}: {event.incident.sentence}"
                self._one_of_many(self._log.info, text)
            case ReviewOpened():
                text = f"review {event.review} opened: {event.milestone.sentence}"
                self._one_of_many(self._log.info, text)
            case StageMovedBack():
                done = event.problem or f"version {event.restored} is back, in place of {event.found}"
                self._one_of_many(self._log.warning, f"{event.model} at {event.stage}: {done}")
            case NightSealed():
                self._log.info(
                    f"sealed: {event.received} of {event.expected} expected checks received "
                    f"in {event.seconds:.1f} s"
                )
            case _:
                return

    def end(self) -> None:
        """How many lines were left out."""
        if self._lines > MOST_LOGGED:
            more = counted(self._lines - MOST_LOGGED, "more line")
            self._log.info(f"and {more} like these: `governance incident list`")

    def _one_of_many(self, write: Callable[[str], None], text: str) -> None:
        self._lines += 1
        if self._lines <= MOST_LOGGED:
            write(text)
