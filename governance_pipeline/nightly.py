"""The night, top to bottom: scan -> measure -> risk -> incidents -> alerts -> reviews -> seal.

``governance nightly`` and the Dagster asset run this same function. A night is named by its date
and is idempotent: whatever it finds is written in one transaction that replaces what an earlier run
of the same night wrote, and alerts and reviews have keys that do not change between runs. An
interrupted night has written nothing and can simply be run again.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.build import BuiltGraph, build
from governance_pipeline.lineage.gaps import Gap, gaps
from governance_pipeline.reviews.milestones import Opening
from governance_pipeline.risk.assess import assess
from governance_pipeline.stages.baselines import take_baselines
from governance_pipeline.stages.changes import moved_aliases
from governance_pipeline.stages.consequences import Consequences, draw_consequences
from governance_pipeline.stages.crosses import count_crosses
from governance_pipeline.stages.discover import discover
from governance_pipeline.stages.knowledge import known_graph, known_versions
from governance_pipeline.stages.manifests import take_manifests
from governance_pipeline.stages.measure import Evidence, measure
from governance_pipeline.stages.moving_back import move_back
from governance_pipeline.stages.pictures import linked
from governance_pipeline.stages.places import read_places
from governance_pipeline.stages.publish import publish_lineage
from governance_pipeline.stages.recall import recall
from governance_pipeline.stages.record import NightResult, record, record_reviews
from governance_pipeline.stages.reviewing import find_reviews
from governance_pipeline.stages.scan import Scans, night_end, scan_datasets
from governance_pipeline.stages.seal import seal
from governance_pipeline.stages.services import Services, checkpoint_log
from governance_pipeline.stages.stations import find_stations
from governance_pipeline.stages.witnesses.copying import copy_checkpoint
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
from governance_pipeline.vocabulary.risk import RiskScore


def run_night(
    services: Services, night: date, *, datasets: Collection[str] = ()
) -> Generator[NightEvent, None, None]:
    """Run one night and yield what happens as it happens.

    Args:
        night: the day to measure, in the project's time zone; its data must have landed.
        datasets: measure only these (and no model); such a partial night is not sealed and opens
            no review. Default: everything.

    Raises:
        UsageError: the day has not ended.
        NotFound: a name in ``datasets`` is not a dataset of the project.
        StoreUnavailable: nothing was written; run the night again.
    """
    _require_ended(services, night)
    started, partial = services.clock(), bool(datasets)
    contracts = _chosen(services, datasets)
    models = () if partial else tuple(services.project.models.values())
    yield NightStarted(night, tuple(c.dataset for c in contracts), tuple(m.name for m in models))

    evidence = yield from _evidence(services, night, contracts, started)
    crosses = count_crosses(services, night, evidence.discovery, evidence.baselines, asked=datasets)
    manifests = take_manifests(services, night, evidence.discovery, evidence.baselines)
    stations = find_stations(services, night, evidence.discovery)
    evidence = replace(evidence, crosses=crosses, manifests=manifests, stations=stations)
    measurements = measure(services, evidence, contracts, models)

    risks = _risks(services, evidence, measurements, partial=partial)
    yield from map(RiskAssessed, risks)
    consequences = draw_consequences(services, evidence, measurements, risks, partial=partial)
    yield from _announced(consequences, night)
    measurements = _with_links(services, evidence, measurements, consequences)
    yield from map(IndicatorMeasured, measurements)

    sealed = None if partial else seal(services, evidence, contracts, models, measurements, started)
    entities = (*(Entity.dataset(c.dataset) for c in contracts), *(Entity.model(m.name) for m in models))
    keeping = services.project.playbook.profiles
    result = NightResult(evidence, entities, measurements, risks, consequences, keeping, sealed)
    yield from map(AlertQueued, record(services.store, result))
    yield publish_lineage(services, evidence, measurements, started)
    if not partial and evidence.memory.is_newest:
        yield from move_back(services, night)
    if sealed is not None:
        yield from copy_checkpoint(services.project, services.store, checkpoint_log(services.project), night)
        seconds = (sealed.finished_at - started).total_seconds()
        yield NightSealed(night, sealed.expected, sealed.received, sealed.missing, seconds)


def check_dataset(services: Services, dataset: str, night: date) -> list[Measurement]:
    """Measure one dataset as the night would, and write nothing.

    Raises:
        UsageError: the day has not ended.
        NotFound: there is no such dataset.
    """
    _require_ended(services, night)
    contracts = [services.project.contract(dataset)]
    evidence = _returned(_evidence(services, night, contracts, services.clock()))
    return measure(services, evidence, contracts, ())


def open_new_reviews(services: Services, *, write: bool = True) -> Sequence[Opening]:
    """Open the reviews of model versions that appeared since the last night, and of aliases that moved, on
    that night's evidence.

    The next night would open them too; this lets a registration by day be reviewed at once. Before a
    first night there is no evidence, and nothing is opened.

    Args:
        write: False only says what would be opened.
    """
    with services.store.reading() as unit:
        latest = unit.nights.latest()
        measurements = unit.measurements.of_night(latest.night) if latest else ()
    if latest is None:
        return ()
    versions = known_versions(services.project, services.store)
    discovery = discover(services.project, services.clock(), environ=services.environ, known=versions)
    project, store, now = services.project, services.store, services.clock()
    graph = known_graph(project, store, discovery.all_versions, latest.night, now).graph
    moved = moved_aliases(store, project, latest.night, latest.night, discovery)
    found = find_reviews(services, latest.night, now, discovery, graph, measurements, moved)
    if write and found.openings:
        record_reviews(services.store, found)
    return found.openings


def missed_nights(services: Services, until: date) -> list[date]:
    """Nights from the schedule's start to ``until`` that were never sealed, oldest first.

    Schedulers drop ticks while they are down; so the project, not the scheduler, knows what is due.

    Raises:
        UsageError: the day ``until`` has not ended.
    """
    _require_ended(services, until)
    start = services.project.settings.schedule.start
    with services.store.reading() as unit:
        sealed = {record.night for record in unit.nights.between(start, until)}
    days = (start + timedelta(days=i) for i in range((until - start).days + 1))
    return [day for day in days if day not in sealed]


def last_due_night(services: Services) -> date:
    """The newest night whose scheduled time has come: the local day before the last cron tick."""
    schedule = services.project.settings.schedule
    local_now = services.clock().astimezone(ZoneInfo(schedule.timezone))
    tick: datetime = croniter(schedule.cron, local_now + timedelta(seconds=1)).get_prev(datetime)
    return tick.date() - timedelta(days=1)


def _require_ended(services: Services, night: date) -> None:
    """Refuse a night that is still to come: kept, it would be the newest and silence the real ones."""
    if night_end(services.project, night) > services.clock():
        raise UsageError(
            f"the day {night} has not ended, so its night cannot be run",
            hint=f"the last night that is due is {last_due_night(services)}",
        )


def _evidence(
    services: Services, night: date, contracts: Sequence[Contract], read_at: datetime
) -> Generator[NightEvent, None, Evidence]:
    """What the night's measurements are made from: recalled, discovered and scanned."""
    project = services.project
    memory = recall(services.store, project, night)
    discovery = discover(
        project, night_end(project, night), environ=services.environ, known=memory.versions.values()
    )
    yield from discovery.told(night)
    for version in discovery.all_versions:
        if (version.model, version.version) not in memory.versions:
            yield VersionDiscovered(night, version)
    with services.store.reading() as unit:
        tellings = unit.lineage_events.as_of(night_end(project, night))
    places = read_places(services, night)
    yield from places.told(night)
    built = build(project, discovery.all_versions, tellings, places.readings)
    asked = [contract.dataset for contract in contracts]
    baselines = take_baselines(
        services, night, discovery, memory.baselines, memory.unreadable, compared=asked
    )
    scans = Scans()
    yield from scan_datasets(services, night, contracts, discovery, baselines, into=scans)
    open_ends = _gaps(project, built)
    return Evidence(
        night,
        scans,
        baselines,
        discovery,
        memory,
        built.graph,
        read_at,
        nodes=built.nodes,
        gaps=open_ends,
        places=places,
    )


def _gaps(project: Project, built: BuiltGraph) -> Sequence[Gap]:
    """What the lineage leaves open, where the playbook asks for it."""
    policy = project.playbook.indicators.provenance
    if policy.lost_labels == policy.purposes == "off":
        return ()
    return gaps(built.graph, built.nodes, project.models.values(), project.playbook.purposes)


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


def _returned(steps: Generator[NightEvent, None, Evidence]) -> Evidence:
    """What the steps come to, where nobody follows them."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            evidence: Evidence = done.value
            return evidence


def _risks(
    services: Services, evidence: Evidence, measurements: Sequence[Measurement], *, partial: bool
) -> list[RiskScore]:
    """Scores of all that is governed; in a partial night from what an earlier run has measured too."""
    memory = evidence.memory
    measured = {m.entity for m in measurements}
    earlier = [m for m in memory.tonight if partial and m.entity not in measured]
    return assess(
        evidence.night,
        [*earlier, *measurements],
        evidence.graph,
        services.project.playbook,
        memory.risks,
        _governed(services),
    )


def _with_links(
    services: Services,
    evidence: Evidence,
    measurements: Sequence[Measurement],
    consequences: Consequences,
) -> list[Measurement]:
    """The measurements, with the pictures of the incidents that stand after tonight."""
    standing = {**evidence.memory.incidents, **{c.incident.id: c.incident for c in consequences.changes}}
    return linked(services.project, measurements, standing)


def _announced(consequences: Consequences, night: date) -> Iterator[NightEvent]:
    for dataset, problem in consequences.pictures.problems.items():
        yield PictureFailed(night, dataset, problem)
    for change in consequences.changes:
        yield IncidentChanged(change.incident, change.act, night)
    for opening in consequences.reviews.openings:
        yield ReviewOpened(opening.milestone, opening.review_id, opening.functions)
