"""Show in Dagster what ran outside it: ``python -m assets.history`` mirrors sealed nights.

Nights may have been run by ``governance nightly`` or by the demo. Each becomes a materialisation of the
night's assets; the checks and observations of the newest ones follow, so that the tables show their
present state. Nothing is mirrored twice, and a night that Dagster ran itself is not touched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import dagster as dg
from dagster._core.events.log import EventLogEntry
from rich.console import Console

from assets.checks import CheckBook, rolls_up
from assets.event_log import AssetEvent, entry, store_all
from assets.findings import Findings, NightReader, Seal
from assets.keys import stage_key
from assets.location import project_folder
from assets.stages import materialisations, observations, seal_metadata, stage_specs
from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.indicators.wording import counted
from governance_pipeline.store.ports import NightRecord, Store

NIGHTS_WITH_CHECKS = 7
OUTSIDE = "Run by `governance nightly`, outside Dagster."


def mirror(project: Project, store: Store, instance: dg.DagsterInstance) -> int:
    """Report sealed nights that Dagster does not know; returns how many were reported."""
    known = instance.get_materialized_partitions(stage_key("seal"))
    entries: list[EventLogEntry] = []
    book = CheckBook(project)
    with store.reading() as unit:
        reader = NightReader(project, unit)
        latest = unit.nights.latest()
        sealed = unit.nights.between(project.settings.schedule.start, latest.night) if latest else ()
        newest = {record.night for record in sealed[-NIGHTS_WITH_CHECKS:]}
        if any(record.night.isoformat() in known for record in sealed[-1:]):
            newest = set()  # Dagster has newer outcomes than any of these
        for record in sealed:
            if record.night.isoformat() in known:
                continue
            if rolls_up(project) and record.night not in newest:
                events = _bare(book, record)  # a million measurements a year are not read for a green dot
            else:
                events = _events(book, reader.read(record), whole=record.night in newest)
            entries.extend(entry(event, record.finished_at.timestamp()) for event in events)
    store_all(instance, entries)
    return sum(record.night.isoformat() not in known for record in sealed)


def _bare(book: CheckBook, record: NightRecord) -> Iterator[AssetEvent]:
    """That a night was measured, with its seal."""
    for spec in stage_specs(book.project):
        yield dg.AssetMaterialization(
            spec.key,
            partition=record.night.isoformat(),
            description=OUTSIDE,
            metadata=seal_metadata(Seal(record.expected, record.received, record.missing))
            if spec.key == stage_key("seal")
            else {},
        )


def _events(book: CheckBook, findings: Findings, *, whole: bool) -> Iterator[AssetEvent]:
    """A night's reports as events that belong to no run; with checks and observations if ``whole``."""
    for key, metadata in materialisations(findings, book.indicators):
        yield dg.AssetMaterialization(
            key,
            partition=findings.night.isoformat(),
            description=OUTSIDE,
            metadata=metadata,
        )
    if not whole:
        return
    for result in book.results(findings.measurements):
        yield dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey.from_coercible(result.asset_key or ""),
            check_name=result.check_name or "",
            passed=result.passed,
            metadata=result.metadata,
            severity=result.severity,
            description=result.description,
        )
    yield from observations(book.project, findings)


def main() -> int:
    """Mirror the project of GOVERNANCE_PROJECT into the instance of DAGSTER_HOME; an exit code."""
    console = Console(stderr=True, highlight=False)
    try:
        project = open_project(project_folder())
        store = open_project_store(project)
        try:
            with (
                console.status("showing earlier nights in Dagster ..."),
                dg.DagsterInstance.get() as instance,
            ):
                count = mirror(project, store, instance)
        finally:
            store.close()
    except KeyboardInterrupt:
        return 130  # nothing was written: it is one transaction
    except GovernanceError as error:
        console.print(f"error: {error}", markup=False)
        return error.exit_code
    if count:
        console.print(f"{counted(count, 'night')} run outside Dagster can now be seen in it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
