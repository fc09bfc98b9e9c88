"""The night, top to bottom: scan -> measure -> risk -> incidents -> alerts -> reviews -> seal.

``governance nightly`` and the Dagster asset run this same function. A night is named by its date
and is idempotent: whatever it finds is written in one transaction that replaces what an earlier run
of the same night wrote, and alerts and reviews have keys that do not change between runs. An
interrupted night has written nothing and can simply be run again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from governance_pipeline.charter.contract import Contract
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.reviews.milestones import Opening
from governance_pipeline.risk.assess import assess
from governance_pipeline.stages.baselines import take_baselines
from governance_pipeline.stages.consequences import Consequences, draw_consequences
from governance_pipeline.stages.crosses import count_crosses
from governance_pipeline.stages.discover import discover
from governance_pipeline.stages.measure import Evidence, measure
from governance_pipeline.stages.pictures import linked
from governance_pipeline.stages.publish import publish_lineage
from governance_pipeline.stages.recall import recall
from governance_pipeline.stages.record import NightResult, record, record_reviews
from governance_pipeline.stages.reviewing import find_reviews
from governance_pipeline.stages.scan import Scans, night_end, scan_datasets
from governance_pipeline.stages.seal import seal
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    IncidentChanged,
    IndicatorMeasured,
    NightEvent,
    NightSealed,
    NightStarted,
    PictureFailed,
    ReviewOpened,
    RiskAssessed,
    VersionDiscovered,
)


def run_night(services: Services, night: date, *, datasets: Collection[str] = ()) -> Iterator[NightEvent]:
    """Run one night and yield what happens as it happens.

    Args:
        night: the day to measure, in the project's time zone; its data must have landed.
        datasets: measure only these (and no model); such a partial night is not sealed and opens
            no review. Default: everything.

    Raises:
        NotFound: a name in ``datasets`` is not a dataset of the project.
        StoreUnavailable: nothing was written; run the night again.
    """
    project, store = services.project, services.store
    started = services.clock()
    contracts = _chosen(services, datasets)
    models = () if datasets else tuple(project.models.values())
    yield NightStarted(night, tuple(c.dataset for c in contracts), tuple(m.name for m in models))

    memory = recall(store, project, night)
    discovery = discover(project, night_end(project, night))
    for version in discovery.all_versions:
        if (version.model, version.version) not in memory.versions:
            yield VersionDiscovered(night, version)
    graph = build_graph(project, discovery.all_versions)

    asked = [contract.dataset for contract in contracts]
    baselines = take_baselines(
        services, night, discovery, memory.baselines, memory.unreadable, compared=asked
    )
    crosses = count_crosses(services, night, discovery, baselines, asked=datasets)
    scans = Scans()
    yield from scan_datasets(services, night, contracts, discovery, baselines.profiles, into=scans)

    evidence = Evidence(night, scans, baselines, discovery, memory, graph, read_at=started, crosses=crosses)
    measurements = measure(services, evidence, contracts, models)

    measured = {m.entity for m in measurements}
    known = [m for m in memory.tonight if datasets and m.entity not in measured] + measurements
    risks = assess(night, known, graph, project.playbook, memory.risks, _governed(services))
    yield from map(RiskAssessed, risks)

    consequences = draw_consequences(services, evidence, measurements, risks, partial=bool(datasets))
    yield from _announced(consequences, night)
    standing = {**memory.incidents, **{c.incident.id: c.incident for c in consequences.changes}}
    measurements = linked(project, measurements, standing)
    yield from map(IndicatorMeasured, measurements)

    sealed = None if datasets else seal(services, evidence, contracts, models, measurements, started)
    entities = (*(Entity.dataset(c.dataset) for c in contracts), *(Entity.model(m.name) for m in models))
    fresh = record(
        store,
        NightResult(evidence, entities, measurements, risks, consequences, project.playbook.profiles, sealed),
    )
    yield from map(AlertQueued, fresh)
    yield publish_lineage(services, evidence, measurements, started)
    if sealed is not None:
        seconds = (sealed.finished_at - started).total_seconds()
        yield NightSealed(night, sealed.expected, sealed.received, sealed.missing, seconds)


def check_dataset(services: Services, dataset: str, night: date) -> list[Measurement]:
    """Measure one dataset as the night would, and write nothing.

    Raises:
        NotFound: there is no such dataset.
    """
    project = services.project
    contract = project.contract(dataset)
    memory = recall(services.store, project, night)
    discovery = discover(project, night_end(project, night))
    graph = build_graph(project, discovery.all_versions)
    baselines = take_baselines(
        services, night, discovery, memory.baselines, memory.unreadable, compared=[dataset]
    )
    scans = Scans()
    for _ in scan_datasets(services, night, [contract], discovery, baselines.profiles, into=scans):
        pass
    evidence = Evidence(night, scans, baselines, discovery, memory, graph, read_at=services.clock())
    return measure(services, evidence, [contract], ())


def open_new_reviews(services: Services, *, write: bool = True) -> Sequence[Opening]:
    """Open the reviews of model versions that appeared since the last night, on that night's evidence.

    The next night would open them too; this lets a registration by day be reviewed at once. Before a
    first night there is no evidence, and nothing is opened.

    Args:
        write: False only says what would be opened.
    """
    with services.store.begin() as unit:
        latest = unit.nights.latest()
        measurements = unit.measurements.of_night(latest.night) if latest else ()
    if latest is None:
        return ()
    discovery = discover(services.project, services.clock())
    graph = build_graph(services.project, discovery.all_versions)
    found = find_reviews(services, latest.night, services.clock(), discovery, graph, measurements)
    if write and found.openings:
        record_reviews(services.store, found)
    return found.openings


def missed_nights(services: Services, until: date) -> list[date]:
    """Nights from the schedule's start to ``until`` that were never sealed, oldest first.

    Schedulers drop ticks while they are down; so the project, not the scheduler, knows what is due.
    """
    start = services.project.settings.schedule.start
    with services.store.begin() as unit:
        sealed = {record.night for record in unit.nights.between(start, until)}
    days = (start + timedelta(days=i) for i in range((until - start).days + 1))
    return [day for day in days if day not in sealed]


def last_due_night(services: Services) -> date:
    """The newest night whose scheduled time has come: the local day before the last cron tick."""
    schedule = services.project.settings.schedule
    local_now = services.clock().astimezone(ZoneInfo(schedule.timezone))
    tick: datetime = croniter(schedule.cron, local_now + timedelta(seconds=1)).get_prev(datetime)
    return tick.date() - timedelta(days=1)


def _chosen(services: Services, datasets: Collection[str]) -> Sequence[Contract]:
    if not datasets:
        return tuple(services.project.contracts.values())
    return tuple(services.project.contract(name) for name in sorted(set(datasets)))


def _governed(services: Services) -> tuple[Entity, ...]:
    """Everything that gets a risk score: datasets, model features, models."""
    project = services.project
    features = {Entity.column(f.dataset, f.name) for model in project.models.values() for f in model.features}
    return (
        *map(Entity.dataset, project.contracts),
        *sorted(features),
        *map(Entity.model, project.models),
    )


def _announced(consequences: Consequences, night: date) -> Iterator[NightEvent]:
    for dataset, problem in consequences.pictures.problems.items():
        yield PictureFailed(night, dataset, problem)
    for change in consequences.changes:
        yield IncidentChanged(change.incident, change.act, night)
    for opening in consequences.reviews.openings:
        yield ReviewOpened(opening.milestone, opening.review_id, opening.functions)
