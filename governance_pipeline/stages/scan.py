"""Scan every dataset of the night once, a few at a time; an error is that dataset's alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from zoneinfo import ZoneInfo

from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.playbook import Indicators
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.purposes import ledger_words
from governance_pipeline.errors import GovernanceError
from governance_pipeline.profiles.codec import partition_to_json
from governance_pipeline.profiles.grid import Grid, of_histogram
from governance_pipeline.profiles.plan import ConsentPlan, ErasurePlan, FollowPlan, GroupPlan, Scan, ScanPlan
from governance_pipeline.profiles.profile import Days, Profile
from governance_pipeline.profiles.scanning import night_bounds, plan_scan, time_zone
from governance_pipeline.stages.baselines import Baselines
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.partitions import known_partitions
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import PartitionRecord
from governance_pipeline.vocabulary.night import DatasetScanned


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is to be remembered of a dataset's partitions: those read tonight, and the names of all."""

    read: tuple[PartitionRecord, ...]
    present: tuple[str, ...]


@dataclass(slots=True)
class Scans:
    """What the scans brought: a profile or a reason for each dataset.

    Attributes:
        days: by dataset, each recent day's columns, of those that a baseline is compared with.
        remembered: by dataset, what the next night shall not have to read again.
    """

    profiles: dict[str, Profile] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    days: dict[str, Days] = field(default_factory=dict)
    remembered: dict[str, Remembered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Found:
    """One dataset's scan, or why there is none."""

    seconds: float
    failure: str = ""
    profile: Profile | None = None
    days: Days = field(default_factory=dict)
    remembered: Remembered | None = None


def scan_datasets(
    services: Services,
    night: date,
    contracts: Sequence[Contract],
    discovery: Discovery,
    baselines: Baselines,
    into: Scans,
) -> Iterator[DatasetScanned]:
    """Scan ``contracts``; results are yielded in order and gathered in ``into``. Of a training snapshot that
    was read for tonight's baselines nothing is read again.
    """

    def scan(contract: Contract) -> _Found:
        return _scan(services, contract, night, discovery, baselines)

    pool = ThreadPoolExecutor(max_workers=services.project.settings.limits.threads)
    try:
        results = zip(contracts, pool.map(scan, contracts), strict=True)
        for contract, found in results:
            _gather(contract.dataset, found, into)
            rows = None if found.profile is None else found.profile.rows
            yield DatasetScanned(night, contract.dataset, rows, found.seconds, found.failure or None)
    finally:
        pool.shutdown(cancel_futures=True)  # after an interrupt only what has begun is waited for


def _gather(dataset: str, found: _Found, into: Scans) -> None:
    if found.profile is None:
        into.failures[dataset] = found.failure
        return
    into.profiles[dataset] = found.profile
    into.days[dataset] = found.days
    if found.remembered is not None:
        into.remembered[dataset] = found.remembered


def night_end(project: Project, night: date) -> datetime:
    """The first instant after ``night`` in the project's time zone, in UTC."""
    zone = ZoneInfo(project.settings.schedule.timezone)
    return datetime.combine(night + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)


def day_start(project: Project, day: date) -> datetime:
    """The first instant of ``day`` in the project's time zone, in UTC."""
    return night_end(project, day - timedelta(days=1))


def _scan(
    services: Services,
    contract: Contract,
    night: date,
    discovery: Discovery,
    baselines: Baselines,
) -> _Found:
    refused = services.project.refused.get(contract.dataset)
    if refused:
        return _Found(0.0, f"its contract is not valid: {refused}")
    begun = perf_counter()
    try:
        plan = replace(
            plan_for(services.project, contract, night, discovery, baselines.profiles),
            access=_access_asked(services, contract, night),
        )
        first = baselines.read.get(contract.dataset)
        already = {partition.id: partition for partition in first.partitions} if first else {}
        scan = services.engine.read(plan, known_partitions(services, plan) | already)
    except GovernanceError as error:
        return _Found(perf_counter() - begun, str(error))
    except Exception as error:  # noqa: BLE001 - one dataset's surprise must not end the night
        reason = f"the scan of {contract.dataset} broke: {type(error).__name__}: {error}"
        return _Found(perf_counter() - begun, reason)
    return _Found(perf_counter() - begun, "", scan.profile, scan.days, _remembered(scan, first))


def _remembered(scan: Scan, first: Scan | None) -> Remembered:
    """Of the partitions those that were read tonight, now or ``first`` for a baseline."""
    ids = scan.read | first.read if first else scan.read
    read = (partition for partition in scan.partitions if partition.id in ids)
    return Remembered(
        tuple(PartitionRecord(partition.id, *partition_to_json(partition)) for partition in read),
        tuple(partition.id for partition in scan.partitions),
    )


def plan_for(
    project: Project,
    contract: Contract,
    night: date,
    discovery: Discovery,
    baselines: Mapping[tuple[str, str], Profile],
) -> ScanPlan:
    """What tonight's scan of one dataset is asked for."""
    compared = _compared(project, contract, discovery, baselines)
    return plan_scan(
        contract,
        night,
        project.playbook,
        grids={name: grid for name, grid in compared.items() if grid is not None},
        compared=compared,
        consent=_consent(project, contract, discovery),
        groups=(*_groups(project, contract, night, discovery), *_labels(project, contract)),
        erasures=_erasures(project, contract, night),
    )


def _access_asked(services: Services, contract: Contract, night: date) -> bool:
    """Grants are read as they are: of a night that ended a day ago or more they would say what was not so."""
    late = services.clock() >= night_end(services.project, night) + timedelta(days=1)
    return services.project.playbook.asks_for("access") and bool(contract.readers) and not late


def _erasures(project: Project, contract: Contract, night: date) -> ErasurePlan | None:
    """Asked of tables about people; the register and the consent ledger may remember whom they are about."""
    register = project.settings.erasures
    remembers = contract.kind is DatasetKind.CONSENT_LEDGER
    if register is None or contract.subject_key is None or remembers or contract.dataset == register.dataset:
        return None
    holder = project.contracts[register.dataset]
    before = night_bounds(contract, night)[1] - timedelta(days=register.within_days)
    return ErasurePlan(register, holder.location, before, time_zone(holder))


def _compared(
    project: Project,
    contract: Contract,
    discovery: Discovery,
    baselines: Mapping[tuple[str, str], Profile],
) -> dict[str, Grid | None]:
    """The columns that baselines are compared with, and the grid of the first of these histograms."""
    compared: dict[str, Grid | None] = {}
    if contract.kind is DatasetKind.TRAINING_SNAPSHOT:
        return compared
    for model in project.models.values():
        serving = discovery.serving(model.name)
        baseline = baselines.get((model.name, serving.version)) if serving else None
        for feature in model.features if baseline else ():
            if feature.dataset != contract.dataset:
                continue
            column = baseline.columns.get(feature.baseline_column) if baseline else None
            grid = of_histogram(column.histogram) if column and column.histogram else None
            compared[feature.name] = compared.get(feature.name) or grid
    return compared


def _consent(project: Project, contract: Contract, discovery: Discovery) -> ConsentPlan | None:
    plan = consent_plan(project) if contract.purposes and contract.subject_key is not None else None
    return plan and replace(plan, trained_at=_trained_at(project, contract, discovery))


def consent_plan(project: Project) -> ConsentPlan | None:
    """How the project's consent ledger is read; None where it has none."""
    ledger = project.settings.consent
    if ledger is None:
        return None
    holder = project.contracts[ledger.dataset]
    policy, purposes = project.playbook.indicators.consent, project.playbook.purposes
    return ConsentPlan(
        ledger,
        holder.location,
        policy.conflict,
        time_zone(holder),
        ledger_words(purposes),
        tuple((name, purpose.notices) for name, purpose in purposes.items() if purpose.notices),
        at_event=policy.at_event,
        purposes=_asked_for(project),
    )


def _asked_for(project: Project) -> tuple[str, ...]:
    """The purposes that tables with subjects, and trainings, are used for."""
    used = {
        use.purpose
        for contract in project.contracts.values()
        if contract.subject_key is not None
        for use in contract.purposes
    }
    return tuple(sorted(used | {model.training.purpose for model in project.models.values()}))


def _trained_at(project: Project, contract: Contract, discovery: Discovery) -> datetime | None:
    """When the newest serving version that learned from this snapshot was registered."""
    if contract.kind is not DatasetKind.TRAINING_SNAPSHOT:
        return None
    serving = (discovery.serving(name) for name in project.models)
    times = [one.registered_at for one in serving if one is not None and one.snapshot == contract.dataset]
    return max(times, default=None)


def _groups(project: Project, contract: Contract, night: date, discovery: Discovery) -> tuple[GroupPlan, ...]:
    """The predictions to tally: of models with sensitive attributes, and of those that are followed."""
    _, end = night_bounds(contract, night)
    policies = project.playbook.indicators
    plans = []
    for model in project.models.values():
        log = model.predictions
        if log is None or log.dataset != contract.dataset:
            continue
        follow = _follow(policies, model, discovery, end)
        if follow is None and not model.sensitive_attributes:
            continue
        plans.append(
            GroupPlan(
                model=model.name,
                attributes=tuple(attribute.column for attribute in model.sensitive_attributes),
                prediction=log.prediction,
                label=log.label,
                positive=log.positive,
                version_column=log.version,
                window_start=end - timedelta(days=policies.bias.window_days),
                score=log.score,
                recorded_at=log.label_recorded_at,
                strata=log.strata,
                numeric=log.kind == "number",
                follow=follow,
            )
        )
    return tuple(plans)


def _labels(project: Project, contract: Contract) -> tuple[GroupPlan, ...]:
    """The labels of a training snapshot, by the groups whose population its contract declares."""
    policy = project.playbook.indicators.representation
    groups = tuple(column.name for column in contract.columns if column.population is not None)
    if policy is None or not policy.enabled or not groups:
        return ()
    return tuple(
        GroupPlan(
            model=model.name,
            attributes=groups,
            prediction=model.training.label,
            label=None,
            positive=model.predictions.positive if model.predictions else "1",
        )
        for model in project.models.values()
        if model.training.snapshot == contract.dataset
        and not (model.predictions and model.predictions.kind == "number")
    )


def _follow(policies: Indicators, model: ModelSpec, discovery: Discovery, end: datetime) -> FollowPlan | None:
    """What has to be counted by day for the policies that follow a model; None where there are none."""
    drift, outcomes = policies.prediction_drift, (policies.performance, policies.calibration)
    known = [policy.window_days for policy in outcomes if policy is not None and policy.enabled]
    days = [*known, *([drift.window_days] if drift is not None and drift.enabled else [])]
    if not days:
        return None
    serving = discovery.serving(model.name)
    return FollowPlan(
        serving=serving.version if serving else None,
        since=end - timedelta(days=max(days)),
        first_days=drift.first_days if drift else 0,
        arrived_since=end - timedelta(days=max(known)) if known else end,
    )
