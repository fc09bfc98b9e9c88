"""Which reviews tonight opens, and which standing ones need new evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.response.incidents import Change
from governance_pipeline.reviews import milestones as rules
from governance_pipeline.reviews.acts import opening, superseding
from governance_pipeline.reviews.evidence import Evidence, concerned_entities, gather
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.incidents import condition_incident, open_for_condition
from governance_pipeline.reviews.interests import interests
from governance_pipeline.reviews.milestones import Opening
from governance_pipeline.reviews.notices import announce
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import eligible, list_reviews
from governance_pipeline.reviews.upkeep import Seen, upkeep
from governance_pipeline.reviews.upkeep_notices import tell_upkeep
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind, ModelVersion, ReviewEvent, Why


@dataclass(frozen=True, slots=True)
class ReviewChanges:
    """What a night changes among the reviews.

    Attributes:
        openings: reviews to open; ``events`` for those that stand already, in order.
        alerts: the messages about all of it.
        incidents: opened because an approval's condition is broken.
    """

    openings: Sequence[Opening] = ()
    events: Sequence[ReviewEvent] = ()
    alerts: Sequence[Alert] = ()
    incidents: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the decisions here are made from."""

    services: Services
    night: date
    discovery: Discovery
    graph: LineageGraph
    measurements: Sequence[Measurement]

    def evidence(self, version: ModelVersion) -> Evidence:
        project = self.services.project
        return gather(
            version,
            project.playbook_digest,
            self.measurements,
            concerned_entities(project.models[version.model], self.graph),
            allow_warn=project.playbook.reviews.allow_warn,
        )

    def of_model(self, model: str) -> list[Measurement]:
        return [one for one in self.measurements if one.entity == Entity.model(model)]

    def version(self, model: str, version: str | None) -> ModelVersion | None:
        known = self.discovery.versions.get(model, ())
        return next((found for found in known if found.version == version), None)


def find_reviews(
    services: Services,
    night: date,
    as_of: datetime,
    discovery: Discovery,
    graph: LineageGraph,
    measurements: Sequence[Measurement],
    changes: Sequence[Milestone] = (),
) -> ReviewChanges:
    """What changes among the reviews. Nothing is written here.

    Args:
        changes: milestones of what changed around the models, see :mod:`governance_pipeline.stages.changes`.
    """
    desk = _Desk(services, night, discovery, graph, measurements)
    listed = list_reviews(services.store)
    standing = {state.id: state for _, state in listed}
    openings: list[Opening] = []
    superseded: dict[str, ReviewEvent] = {}
    for milestone in (*_milestones(desk, as_of), *changes):
        review_id = rules.review_id(milestone)
        version = desk.version(milestone.model, milestone.version)
        if review_id in standing or version is None or _is_settled(desk, milestone, standing.values()):
            continue
        openings.append(_opening(desk, milestone, version))
        if milestone.kind is MilestoneKind.NEW_VERSION:
            for state in _open_reviews(standing.values(), milestone.model):
                superseded[state.id] = superseding(state, review_id, at=services.clock())
    kept = [
        _kept(desk, milestone, state)
        for milestone, state in listed
        if state.id not in superseded and state.model in services.project.models
    ]
    return ReviewChanges(
        openings,
        [*superseded.values(), *(event for one in kept for event in one.events)],
        [*_announced(desk, openings), *(alert for one in kept for alert in one.alerts)],
        [change for one in kept for change in one.incidents],
    )


def _milestones(desk: _Desk, as_of: datetime) -> list[Milestone]:
    playbook = desk.services.project.playbook
    found = [rules.new_version(desk.night, version) for version in desk.discovery.all_versions]
    for model in desk.services.project.models:
        due = rules.retraining_due(desk.night, as_of, desk.discovery.serving(model), playbook)
        withdrawn = rules.withdrawals(desk.night, desk.discovery.serving(model), desk.of_model(model))
        found += [milestone for milestone in (due, withdrawn) if milestone is not None]
    return found


def _opening(desk: _Desk, milestone: Milestone, version: ModelVersion) -> Opening:
    project = desk.services.project
    evidence = desk.evidence(version)
    model = project.models[milestone.model]
    required = rules.required_functions(model, evidence, project.playbook, milestone.kind)
    review_id = rules.review_id(milestone)
    event = opening(
        review_id,
        at=desk.services.clock(),
        required=required,
        evidence=evidence,
        model=milestone.model,
        version=version.version,
        due_days=project.playbook.reviews.due_days,
        valid_days=project.playbook.reviews.valid_days,
        open_days=project.playbook.reviews.open_days,
    )
    return Opening(milestone, review_id, tuple(map(str, required)), event)


def _announced(desk: _Desk, openings: Sequence[Opening]) -> list[Alert]:
    project = desk.services.project
    alerts: list[Alert] = []
    for found in openings:
        version = desk.version(found.milestone.model, found.milestone.version)
        free = eligible(project, desk.graph, fold([found.event]), version, found.event.at.date())
        alerts.extend(announce(desk.night, found, project, free))
    return alerts


def _is_settled(desk: _Desk, milestone: Milestone, standing: Iterable[ReviewState]) -> bool:
    """Whether an alias was moved to a version that an approval stands for: that is what it was for."""
    if milestone.kind is not MilestoneKind.MOVED_ALIAS:
        return False
    now = desk.services.clock()
    return any(
        state.model == milestone.model
        and state.version == milestone.version
        and state.is_approved
        and state.status_at(now) is state.status
        for state in standing
    )


def _open_reviews(standing: Iterable[ReviewState], model: str) -> Iterable[ReviewState]:
    """A newer version's review takes the place of older ones that are still undecided."""
    return (state for state in standing if state.model == model and state.status.is_open)


def _kept(desk: _Desk, milestone: Milestone, state: ReviewState) -> ReviewChanges:
    """What tonight does to one review that stands, who is told, and the incident where a condition broke."""
    if not (state.status.is_open or state.is_approved):
        return ReviewChanges()
    services, project = desk.services, desk.services.project
    model, version = project.models[state.model], desk.version(state.model, state.version)
    evidence = desk.evidence(version) if version else None
    day = services.clock().date()
    circle = Circle(project, state, interests(project, desk.graph, state.model, version, day), day)
    seen = Seen(
        circle,
        evidence,
        rules.required_functions(
            model, evidence or state.evidence, project.playbook, milestone.kind, state.stage
        ),
        desk.measurements,
        project.playbook.reviews,
        services.clock(),
    )
    events = upkeep(seen)
    if not events:
        return ReviewChanges()
    alerts = tell_upkeep(desk.night, milestone, circle, events)
    return ReviewChanges((), events, alerts, _incidents(desk, state, events))


def _incidents(desk: _Desk, state: ReviewState, events: Sequence[ReviewEvent]) -> list[Change]:
    """A broken condition is something to be mended: an incident of the model's owner."""
    owner = desk.services.project.models[state.model].owner
    found: list[Change] = []
    for event in events:
        if event.data.get("why") == Why.BROKEN_CONDITION:
            with desk.services.store.reading() as unit:
                known = unit.incidents.get(condition_incident(state.model, state.id))
            found.append(open_for_condition(desk.night, event, state, owner, known))
    return found
