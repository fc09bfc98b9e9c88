"""Reads the record of a version once: from the store, the project's files, the registry and the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.errors import CannotEvaluate, GovernanceError, NotFound, Refused
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import read_entry
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.codec import from_json
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.reports.evidence.record import Acts, Nightly, Record, Reviewed, Standing, Troubled
from governance_pipeline.reports.evidence.sealed import sealed
from governance_pipeline.reports.evidence.shown import publishable
from governance_pipeline.reviews.desk import Desk
from governance_pipeline.reviews.evidence import FindingKey, concerned_entities
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.gate import GateReport, evaluate_gate
from governance_pipeline.reviews.rollback import Readiness, look_back
from governance_pipeline.reviews.waivers import in_force, noted
from governance_pipeline.store.ledger_check import verify_ledger
from governance_pipeline.store.ports import NightRecord, Unit
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Node
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import ModelVersion, Waiver

HISTORY_NIGHTS = 365
"""Calendar nights of which a pack has every indicator."""

Graph = tuple[LineageGraph, tuple[Node, ...]]


def read_record(desk: Desk, log: CheckpointLog, model: str, version: str) -> Record:
    """Read everything that is known of a version, as it stood at the last act. Raises as
    :func:`read_records`.
    """
    return read_records(desk, log, [(model, version)])[0]


def read_records(desk: Desk, log: CheckpointLog, versions: Sequence[tuple[str, str]]) -> list[Record]:
    """Read the records of several versions, (model, version), from a ledger that is verified once.

    Raises:
        NotFound: no such model, or no night has seen the version.
        Refused: the ledger is not what was signed: nothing in it is evidence.
        CannotEvaluate, StoreUnavailable: the store or the keys cannot be read.
    """
    _require_sound(desk, log)
    return [_read(desk, log, model, version) for model, version in versions]


def _read(desk: Desk, log: CheckpointLog, model_name: str, label: str) -> Record:
    model = desk.project.model(model_name)
    with desk.store.reading() as unit:
        versions = tuple(unit.versions.of_model(model_name))
        version = _seen(model_name, label, versions)
        as_of = _last_act(unit, version)
        seal = unit.nights.latest()
        graph = _lineage(unit, seal)
        entities = _entities(model, graph[0], version)
        waivers = {key: one for key, one in in_force(unit, as_of.date()).items() if _of(key, entities)}
        acts = Acts(_reviews(unit, version), _incidents(unit, entities), waivers)
        night = _nightly(unit, seal, graph, entities, version, waivers)
        proofs = sealed(unit, log, _about(acts, seal, version))
    gate, ungated = _gate(desk, version, as_of, waivers)
    standing = Standing(gate, ungated, *_way_back(desk, version, as_of))
    return Record(desk.project, model, version, versions, as_of, entities, night, acts, standing, proofs)


def standing_version(desk: Desk, model: str) -> str | None:
    """The version of a model that is at a stage which needs a permit, else its newest; None where no night
    has seen any.
    """
    with desk.store.reading() as unit:
        versions = unit.versions.of_model(model)
    serving = [one for one in versions if one.stage in _stages(desk)]
    return (serving or list(versions))[-1].version if versions else None


def _require_sound(desk: Desk, log: CheckpointLog) -> None:
    report = verify_ledger(desk.store, log)
    if not report.holds:
        raise Refused(
            f"the ledger is not what was signed, so nothing in it is evidence: {report.faults[0].sentence}",
            hint="see `governance ledger verify`",
        )


def _seen(model: str, label: str, versions: Sequence[ModelVersion]) -> ModelVersion:
    for one in versions:
        if one.version == label:
            return one
    known = ", ".join(one.version for one in versions) or "none"
    raise NotFound(
        f"no night has seen version '{label}' of {model}",
        hint=f"versions that were seen: {known}; run `governance nightly` after registering one",
    )


def _last_act(unit: Unit, version: ModelVersion) -> datetime:
    """When the newest entry of the ledger was made; without any, when the version was registered."""
    newest = [read_entry(entry).at for entry in unit.ledger.entries(max(unit.ledger.size() - 1, 0))]
    return max([version.registered_at, *newest])


def _lineage(unit: Unit, seal: NightRecord | None) -> Graph:
    if seal is None:
        return LineageGraph(), ()
    nodes = tuple(unit.lineage.nodes_of_night(seal.night))
    return LineageGraph.of(unit.lineage.of_night(seal.night), [node.entity for node in nodes]), nodes


def _entities(model: ModelSpec, graph: LineageGraph, version: ModelVersion) -> frozenset[Entity]:
    """The model, and everything that it and this version's own training data are made from."""
    own = {Entity.dataset(version.snapshot)} if version.snapshot else set()
    above = {node for one in own for node in graph.upstream(one) if node.kind is EntityKind.DATASET}
    return concerned_entities(model, graph) | own | above


def _of(key: FindingKey, entities: frozenset[Entity]) -> bool:
    return key[0] in {str(entity) for entity in entities}


def _nightly(
    unit: Unit,
    seal: NightRecord | None,
    graph: Graph,
    entities: frozenset[Entity],
    version: ModelVersion,
    waivers: Mapping[FindingKey, Waiver],
) -> Nightly:
    measured = unit.measurements.of_night(seal.night) if seal else ()
    risks = unit.risks.of_night(seal.night) if seal else ()
    histories = {
        key: publishable(history, waivers)
        for entity in sorted(entities)
        for key, history in _histories(unit, entity, seal).items()
    }
    return Nightly(
        seal=seal,
        count=len(unit.nights.between(date.min, date.max)),
        graph=graph[0],
        nodes=graph[1],
        measured=publishable([one for one in measured if one.entity in entities], waivers),
        histories=histories,
        risk=next((one for one in risks if one.entity == Entity.model(version.model)), None),
        profiles=_profiles(unit, entities, seal),
        manifest=next((m for m in unit.subjects.all() if m.id == (version.model, version.version)), None),
    )


def _histories(unit: Unit, entity: Entity, seal: NightRecord | None) -> dict[FindingKey, list[Measurement]]:
    found: dict[FindingKey, list[Measurement]] = {}
    if seal is not None:
        for one in unit.measurements.history(entity, last=seal.night, nights=HISTORY_NIGHTS):
            found.setdefault(one.key, []).append(one)
    return dict(sorted(found.items()))


def _profiles(unit: Unit, entities: frozenset[Entity], seal: NightRecord | None) -> dict[str, Profile]:
    """The night's profiles; one in another release's format counts as none, and is listed as missing."""
    found = {}
    for entity in sorted(entities):
        stored = unit.profiles.get(entity.name, seal.night) if seal else None
        try:
            if stored is not None:
                found[entity.name] = from_json(stored)
        except CannotEvaluate:
            continue
    return found


def _reviews(unit: Unit, version: ModelVersion) -> tuple[Reviewed, ...]:
    """Of the version, and of the model as such."""
    found = []
    for review, milestone in unit.reviews.list():
        if milestone.model == version.model and milestone.version in (version.version, None):
            events = tuple(unit.reviews.events(review))
            found.append(Reviewed(review, milestone, fold(events), events))
    return tuple(found)


def _incidents(unit: Unit, entities: frozenset[Entity]) -> tuple[Troubled, ...]:
    mine = [one for one in unit.incidents.list() if one.entity in entities]
    return tuple(Troubled(one, tuple(unit.incidents.events(one.id))) for one in mine)


def _about(acts: Acts, seal: NightRecord | None, version: ModelVersion) -> set[str]:
    """What entries of the ledger have to be about, to stand in the pack."""
    nights = {one.milestone.night.isoformat() for one in acts.reviews}
    nights |= {seal.night.isoformat()} if seal else set()
    named = {one.id for one in acts.reviews} | {one.incident.id for one in acts.incidents}
    return named | nights | {f"{version.model}/{version.version}"}


def _gate(
    desk: Desk, version: ModelVersion, now: datetime, waivers: Mapping[FindingKey, Waiver]
) -> tuple[GateReport | None, str]:
    """The gate's answer; a number that is waived is not told without its waiver."""
    try:
        report = evaluate_gate(
            desk.project, desk.store, version.model, version.version, now, environ=desk.environ
        )
    except (NotFound, CannotEvaluate) as error:
        return None, error.message
    told = {
        one.sentence: noted(one.sentence, waivers[one.key]) for one in report.findings if one.key in waivers
    }
    reasons = (replace(one, sentence=told.get(one.sentence, one.sentence)) for one in report.reasons)
    return replace(report, reasons=tuple(reasons)), ""


def _way_back(desk: Desk, version: ModelVersion, now: datetime) -> tuple[Readiness | None, str]:
    """Whether the stage that permits are for could be given back to the version before."""
    stages = _stages(desk)
    stage = version.stage if version.stage in stages else stages[0]
    try:
        return look_back(desk, version.model, now, stage=stage), ""
    except GovernanceError as error:
        return None, error.message


def _stages(desk: Desk) -> tuple[str, ...]:
    permits = desk.project.playbook.indicators.permits
    return permits.stages if permits else ("production",)
