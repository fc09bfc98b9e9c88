"""Apply every indicator to what was scanned. What could not be scanned is ``not_run``, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.base import DatasetInputs, Indicator, ModelInputs, NightInputs, Station
from governance_pipeline.indicators.registry import expects_dataset, measured_by, not_run
from governance_pipeline.lineage.gaps import Gap
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.stages import baselines as baseline_stage
from governance_pipeline.stages.baselines import Baselines
from governance_pipeline.stages.crosses import Counts
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.manifests import Manifests
from governance_pipeline.stages.places import PlacesRead
from governance_pipeline.stages.recall import Memory
from governance_pipeline.stages.scan import Scans, night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Node
from governance_pipeline.vocabulary.measurement import Measurement


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that tonight's measurements are made from; ``read_at`` is when the tables were read, ``gaps`` what
    the lineage leaves open, where the playbook asks for that.
    """

    night: date
    scans: Scans
    baselines: Baselines
    discovery: Discovery
    memory: Memory
    graph: LineageGraph
    read_at: datetime
    crosses: Counts = field(default_factory=Counts)
    nodes: Sequence[Node] = ()
    gaps: Sequence[Gap] = ()
    manifests: Manifests = field(default_factory=Manifests)
    stations: Mapping[str, tuple[Station, ...]] = field(default_factory=dict)
    places: PlacesRead = field(default_factory=PlacesRead)


def measure(
    services: Services,
    evidence: Evidence,
    contracts: Sequence[Contract],
    models: Sequence[ModelSpec],
) -> list[Measurement]:
    """Every enabled indicator's measurements, concluded over the whole night, in a stable order."""
    found: list[Measurement] = []
    inputs = {one.contract.dataset: one for one in datasets_inputs(services, evidence, contracts)}
    for indicator in measured_by(services.project.playbook):
        mine: list[Measurement] = list(_of_night(services, evidence, contracts, indicator))
        for contract in contracts:
            mine.extend(_of_dataset(services, evidence, inputs[contract.dataset], indicator))
        for model in models:
            mine.extend(_of_model(services, evidence, model, indicator))
        found.extend(_concluded(services, evidence, indicator, mine))
    return sorted(found, key=lambda measurement: measurement.key)


def _concluded(
    services: Services, evidence: Evidence, indicator: Indicator, mine: list[Measurement]
) -> list[Measurement]:
    playbook = services.project.playbook
    if indicator.conclude_after is not None:
        earlier = evidence.memory.findings.get(indicator.name, {})
        return indicator.conclude_after(mine, playbook, earlier)
    return indicator.conclude(mine, playbook) if indicator.conclude else mine


def _of_dataset(
    services: Services, evidence: Evidence, inputs: DatasetInputs, indicator: Indicator
) -> Iterator[Measurement]:
    measure_dataset, contract = indicator.measure_dataset, inputs.contract
    if measure_dataset is None:
        return
    entity = Entity.dataset(contract.dataset)
    failure = evidence.scans.failures.get(contract.dataset)
    refused = contract.dataset in services.project.refused
    if failure is not None and (refused or "declared" not in indicator.tags):
        if expects_dataset(indicator, contract, tuple(services.project.models.values())):
            yield not_run(
                entity, indicator.name, evidence.night, failure, _clause(services, indicator), cause="scan"
            )
        return
    yield from _guarded(services, evidence, indicator, entity, lambda: measure_dataset(inputs))
    model = indicator.name == "drift" and _model_without_baseline(services, evidence, contract)
    if model:
        reason = evidence.baselines.problems.get(model, f"model {model} has no registered version")
        yield not_run(
            entity, indicator.name, evidence.night, reason, _clause(services, indicator), facet=f"@{model}"
        )


def _of_night(
    services: Services, evidence: Evidence, contracts: Sequence[Contract], indicator: Indicator
) -> Iterator[Measurement]:
    """Of an indicator that compares datasets; one that breaks is ``not_run`` for each it is expected of."""
    measure_night = indicator.measure_night
    if measure_night is None:
        return
    project = services.project
    readers = tuple(project.models.values())
    inputs = NightInputs(
        night=evidence.night,
        as_of=night_end(project, evidence.night),
        contracts=project.contracts,
        measured=tuple(c.dataset for c in contracts if c.dataset in evidence.scans.profiles),
        profiles={**evidence.memory.previous, **evidence.scans.profiles},
        playbook=project.playbook,
        charter=project.charter,
        graph=evidence.graph,
        minimum_group_size=project.settings.minimum_group_size,
    )
    expected = [c.dataset for c in contracts if expects_dataset(indicator, c, readers)]
    clause = _clause(services, indicator)
    try:
        yield from list(measure_night(inputs))
    except Exception as error:  # noqa: BLE001 - as for each entity: it must not end the night or pass
        reason = f"the indicator broke: {type(error).__name__}: {error}"
        for dataset in expected:
            yield not_run(Entity.dataset(dataset), indicator.name, evidence.night, reason, clause)
        return
    for dataset in expected:
        failure = evidence.scans.failures.get(dataset)
        if failure is not None:
            yield not_run(
                Entity.dataset(dataset), indicator.name, evidence.night, failure, clause, cause="scan"
            )


def _of_model(
    services: Services, evidence: Evidence, model: ModelSpec, indicator: Indicator
) -> Iterator[Measurement]:
    measure_model = indicator.measure_model
    if measure_model is None:
        return
    version = evidence.discovery.serving(model.name)
    inputs = ModelInputs(
        night=evidence.night,
        as_of=night_end(services.project, evidence.night),
        model=model,
        version=version,
        profiles=evidence.scans.profiles,
        playbook=services.project.playbook,
        charter=services.project.charter,
        graph=evidence.graph,
        minimum_group_size=services.project.settings.minimum_group_size,
        counted=evidence.crosses.of_model(model.name),
        withdrawals=evidence.manifests.of_model(model.name),
        stations=evidence.stations.get(model.name, ()),
        baseline=evidence.baselines.profiles.get((model.name, version.version)) if version else None,
    )
    entity = Entity.model(model.name)
    yield from _guarded(services, evidence, indicator, entity, lambda: measure_model(inputs))


def datasets_inputs(
    services: Services, evidence: Evidence, contracts: Sequence[Contract]
) -> Iterator[DatasetInputs]:
    """What the indicators may look at for each dataset."""
    project = services.project
    owned = owned_sources(services, evidence.night)
    open_ends: dict[str, list[Gap]] = {}
    for gap in evidence.gaps:
        open_ends.setdefault(gap.dataset, []).append(gap)
    for contract in contracts:
        name = contract.dataset
        profile = evidence.scans.profiles.get(name) or _blank(project, contract, evidence.night)
        yield DatasetInputs(
            night=evidence.night,
            as_of=profile.as_of,
            contract=contract,
            tier=project.tier(name),
            profile=profile,
            previous=evidence.memory.previous.get(name),
            playbook=project.playbook,
            charter=project.charter,
            graph=evidence.graph,
            baselines=baseline_stage.of_dataset(project, name, evidence.discovery, evidence.baselines),
            owned_sources=owned,
            minimum_group_size=project.settings.minimum_group_size,
            read_at=evidence.read_at,
            days=evidence.scans.days.get(name, {}),
            gaps=tuple(open_ends.get(name, ())),
        )


def _blank(project: Project, contract: Contract, night: date) -> Profile:
    """Stands in for a profile where an indicator needs none: only what is declared is looked at."""
    as_of = night_end(project, night)
    return Profile(contract.dataset, night, as_of, rows=0, window_rows=0, schema=(), columns={})


def owned_sources(services: Services, night: date) -> frozenset[str]:
    """The source datasets somebody answers for tonight."""
    project = services.project
    return frozenset(
        name
        for name, contract in project.contracts.items()
        if contract.kind in (DatasetKind.SOURCE, DatasetKind.CONSENT_LEDGER)
        and contract.owner
        and project.charter.members(contract.owner, night)
    )


def _guarded(
    services: Services,
    evidence: Evidence,
    indicator: Indicator,
    entity: Entity,
    measured: Callable[[], Iterable[Measurement]],
) -> list[Measurement]:
    """An indicator that breaks is ``not_run`` for its entity; the others go on."""
    try:
        return list(measured())
    except Exception as error:  # noqa: BLE001 - a plug-in's bug must not end the night or pass
        reason = f"the indicator broke: {type(error).__name__}: {error}"
        return [not_run(entity, indicator.name, evidence.night, reason, _clause(services, indicator))]


def _model_without_baseline(services: Services, evidence: Evidence, contract: Contract) -> str | None:
    for model in services.project.models.values():
        if not any(feature.dataset == contract.dataset for feature in model.features):
            continue
        serving = evidence.discovery.serving(model.name)
        if serving is None or (model.name, serving.version) not in evidence.baselines.profiles:
            return model.name
    return None


def _clause(services: Services, indicator: Indicator) -> str:
    policy = services.project.playbook.policy(indicator.name)
    return policy.clause if policy else ""
