"""What tonight's measurements lead to: incidents, alerts, reviews. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.root_cause import root_causes
from governance_pipeline.response.compose import compose
from governance_pipeline.response.incidents import Change, respond
from governance_pipeline.reviews import evidence as review_evidence
from governance_pipeline.reviews import milestones as rules
from governance_pipeline.reviews.evidence import concerned_entities, gather
from governance_pipeline.reviews.milestones import Opening
from governance_pipeline.reviews.review import ReviewState, attaching, opening, superseding
from governance_pipeline.reviews.service import list_reviews
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind, ModelVersion, ReviewEvent
from governance_pipeline.vocabulary.risk import RiskScore

MAX_STREAK = 30


@dataclass(frozen=True, slots=True)
class Consequences:
    """Tonight's changes, to be written with the measurements in one transaction."""

    changes: Sequence[Change] = ()
    alerts: Sequence[Alert] = ()
    reviews: Sequence[Opening] = ()
    review_events: Sequence[ReviewEvent] = ()


def draw_consequences(
    services: Services,
    evidence: Evidence,
    measurements: Sequence[Measurement],
    risks: Sequence[RiskScore],
    *,
    partial: bool,
) -> Consequences:
    """Decide what follows. A night older than the newest sealed one only corrects its numbers:
    it opens nothing and tells nobody, because later nights already did.
    """
    if not evidence.memory.is_newest:
        return Consequences()
    now = services.clock()
    playbook = services.project.playbook
    breaches = [m for m in measurements if m.outcome.is_breach]
    changes = respond(
        evidence.night,
        now,
        measurements,
        evidence.memory.incidents,
        root_causes(evidence.graph, breaches),
        playbook,
        owner_of(services.project),
        streaks(services, evidence, breaches),
    )
    alerts = compose(evidence.night, changes, services.project, evidence.graph, risks)
    if partial:
        return Consequences(changes, alerts)
    openings, events = _reviews(services, evidence, measurements)
    return Consequences(changes, alerts, openings, events)


def owner_of(project: Project) -> Callable[[Entity], str]:
    """Who answers for an entity: its owner, or the steward where nobody does."""

    def find(entity: Entity) -> str:
        if entity.kind in (EntityKind.DATASET, EntityKind.COLUMN):
            contract = project.contracts.get(entity.dataset_name)
            return (contract.owner if contract else None) or project.charter.steward
        model = project.models.get(entity.name.partition("/")[0])
        return model.owner if model else project.charter.steward

    return find


def streaks(
    services: Services, evidence: Evidence, breaches: Sequence[Measurement]
) -> Mapping[tuple[str, str, str], int]:
    """For each breach, how many measured nights in a row it has stood, tonight included."""
    found: dict[tuple[str, str, str], int] = {}
    playbook = services.project.playbook
    with services.store.begin() as unit:
        for breach in breaches:
            policy = playbook.policy(breach.indicator)
            needed = min(policy.persist if policy else 1, MAX_STREAK)
            found[breach.key] = 1
            if needed == 1:
                continue
            past = unit.measurements.history(
                breach.entity, breach.indicator, breach.facet, last=evidence.night, nights=needed
            )
            for earlier in reversed([m for m in past if m.night < evidence.night]):
                if not earlier.outcome.is_breach:
                    break
                found[breach.key] += 1
    return found


def _reviews(
    services: Services, evidence: Evidence, measurements: Sequence[Measurement]
) -> tuple[list[Opening], list[ReviewEvent]]:
    """Reviews to open, and events for reviews that are open already."""
    reviews = {state.id: state for _, state in list_reviews(services.store)}
    openings: list[Opening] = []
    events: list[ReviewEvent] = []
    for milestone in _milestones(services, evidence):
        review_id = rules.review_id(milestone)
        version = _version(evidence, milestone)
        if review_id not in reviews:
            openings.append(_opening(services, evidence, measurements, milestone, version))
            events.extend(_superseded(services, reviews.values(), milestone, review_id))
    superseded = {event.review for event in events}
    for state in reviews.values():
        if state.id not in superseded:
            events.extend(_fresh_evidence(services, evidence, measurements, state))
    return openings, events


def _milestones(services: Services, evidence: Evidence) -> list[Milestone]:
    night, discovery = evidence.night, evidence.discovery
    as_of = night_end(services.project, night)
    found = [rules.new_version(night, version) for version in discovery.all_versions]
    for model in services.project.models:
        due = rules.retraining_due(night, as_of, discovery.serving(model), services.project.playbook)
        if due is not None:
            found.append(due)
    return found


def _version(evidence: Evidence, milestone: Milestone) -> ModelVersion:
    versions = evidence.discovery.versions[milestone.model]
    return next(version for version in versions if version.version == milestone.version)


def _opening(
    services: Services,
    evidence: Evidence,
    measurements: Sequence[Measurement],
    milestone: Milestone,
    version: ModelVersion,
) -> Opening:
    project = services.project
    model = project.models[milestone.model]
    bound = _bound(services, evidence, measurements, version)
    required = rules.required_functions(model, bound, project.playbook)
    review_id = rules.review_id(milestone)
    event = opening(
        review_id,
        at=services.clock(),
        required=required,
        evidence=bound,
        model=model.name,
        version=version.version,
        due_days=project.playbook.reviews.due_days,
        valid_days=project.playbook.reviews.valid_days,
    )
    return Opening(milestone, review_id, tuple(map(str, required)), event)


def _bound(
    services: Services, evidence: Evidence, measurements: Sequence[Measurement], version: ModelVersion
) -> review_evidence.Evidence:
    project = services.project
    return gather(
        version,
        project.playbook_digest,
        measurements,
        concerned_entities(project.models[version.model], evidence.graph),
        allow_warn=project.playbook.reviews.allow_warn,
    )


def _superseded(
    services: Services, reviews: Iterable[ReviewState], milestone: Milestone, by: str
) -> list[ReviewEvent]:
    """A newer version's review takes the place of older ones that are still undecided."""
    if milestone.kind is not MilestoneKind.NEW_VERSION:
        return []
    return [
        superseding(state, by, at=services.clock())
        for state in reviews
        if state.model == milestone.model and state.status.is_open
    ]


def _fresh_evidence(
    services: Services, evidence: Evidence, measurements: Sequence[Measurement], state: ReviewState
) -> list[ReviewEvent]:
    """New evidence for a review whose decisions no longer cover what is known tonight."""
    versions = evidence.discovery.versions.get(state.model, ())
    version = next((found for found in versions if found.version == state.version), None)
    if version is None or not (state.status.is_open or state.is_approved):
        return []
    bound = _bound(services, evidence, measurements, version)
    return [] if state.evidence.covers(bound) else [attaching(state, bound, at=services.clock())]
