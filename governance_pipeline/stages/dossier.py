"""All that one review rests on, gathered once, as a page or a pack shows it to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from markupsafe import Markup

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.charter.people import Person
from governance_pipeline.charter.playbook import WaiverRule
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate, NotFound
from governance_pipeline.lineage.drift import Drift
from governance_pipeline.lineage.story import Told, tell
from governance_pipeline.reports.lineage_picture import lineage_picture
from governance_pipeline.reviews.assessed import known_of, last_assessments
from governance_pipeline.reviews.assessments import Known, due_for_approval, why_due
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.gate import GateReport, evaluate_gate
from governance_pipeline.reviews.interests import Ties, find_ties
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import load_review
from governance_pipeline.stages.lineage_answers import differing
from governance_pipeline.stages.lineage_seen import Seen, seen
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import (
    Assessment,
    Milestone,
    ModelVersion,
    ReviewEvent,
    ReviewStatus,
    Waiver,
)

NIGHTS_SHOWN = 60
"""Calendar nights of an indicator's history."""

IN_SERVICE = "production"
"""The stage of the version that decides about people."""


@dataclass(frozen=True)
class Finding:
    """Something that did not pass, with its past.

    Attributes:
        history: the same question's answers, oldest first, the present one last.
        since: the first night of the present run of nights that did not pass.
        waiver: that lets it be today, or waits for more people; None where nobody has waived it.
        rule: of the playbook, None where nobody may waive it.
    """

    measurement: Measurement
    history: Sequence[Measurement]
    since: date
    waiver: Waiver | None
    rule: WaiverRule | None


@dataclass(frozen=True)
class AskedAssessment:
    """A questionnaire, whether the model's tier asks for it, why it is due ("" where it is not), and its last
    answers.
    """

    questionnaire: Questionnaire
    asked: bool
    due: str
    last: Assessment | None


@dataclass(frozen=True)
class Comparison:
    """What the version is compared with.

    Attributes:
        review: that approved it, "" where none did and it is in service all the same.
        metrics: by name, before and after; None where one version has no such metric.
        changes: of the lineage.
        unread: why these are not known, "" where they are.
    """

    version: ModelVersion
    review: str
    metrics: Mapping[str, tuple[float | None, float | None]]
    changes: Sequence[Drift]
    unread: str


@dataclass(frozen=True)
class Dossier:
    """One review with everything that a decision on it has to see.

    Attributes:
        status: at ``now``.
        findings: what did not pass on the last night and a gate would not let pass.
        gone: findings of the evidence that the last night does not have any more.
        passed: number of measurements by indicator that passed.
        gate: None for a review of no version; ``closed`` says why it cannot be evaluated.
        picture: of what it is made from, as inline SVG.
        known: what fills questionnaires before anybody is asked.
        before: None where no other version is known to compare with.
    """

    project: Project
    now: datetime
    state: ReviewState
    status: ReviewStatus
    milestone: Milestone | None
    events: Sequence[ReviewEvent]
    version: ModelVersion | None
    night: date | None
    findings: Sequence[Finding]
    gone: Sequence[tuple[str, str, str]]
    passed: Mapping[str, int]
    gate: GateReport | None
    closed: str
    circle: Circle
    ties: Ties
    story: Sequence[Told]
    picture: Markup
    before: Comparison | None
    known: Known
    assessments: Sequence[AskedAssessment]

    def name_of(self, person_id: str) -> str:
        """A person's name; the id of one whom the charter does not know any more."""
        found: Person | None = self.project.charter.person(person_id)
        return found.name if found else person_id


def dossier(project: Project, store: Store, review_id: str, now: datetime) -> Dossier:
    """Gather everything about one review.

    Raises:
        NotFound: there is no such review.
    """
    around = seen(project, store, None)
    with store.reading() as unit:
        state = load_review(unit, review_id)
        events, milestone = unit.reviews.events(review_id), unit.reviews.get(review_id)
        version = unit.versions.get(state.model, state.version) if state.version else None
        known = known_of(project, around.graph, unit, state.model, state.version)
        last = last_assessments(unit, state.model)
        findings = _findings(project, unit, state, around, now.date())
        before = _before(unit, review_id, state)
    ties = find_ties(project, around.graph, state.model, version, now.date())
    due = tuple((one.id, why) for one, why in due_for_approval(project, known, last))
    gate, closed = _gate(project, store, state, now)
    node = Entity.version(state.model, version.version) if version else Entity.model(state.model)
    known_node = node in around.graph.nodes
    present = {finding.measurement.key for finding in findings}
    return Dossier(
        project=project,
        now=now,
        state=state,
        status=state.status_at(now),
        milestone=milestone,
        events=events,
        version=version,
        night=around.night,
        findings=findings,
        gone=[key for key in state.evidence.findings if key not in present],
        passed=_passed(known.measurements),
        gate=gate,
        closed=closed,
        circle=Circle(project, state, ties.people, now.date(), ties.unread, due),
        ties=ties,
        story=tell(around.graph, node, nodes=around.nodes, measured=around.measured) if known_node else (),
        picture=lineage_picture(around.graph, node, {one.measurement.entity for one in findings}),
        known=known,
        before=_comparison(store, around, version, before),
        assessments=_asked(project, state, known, last),
    )


def _findings(
    project: Project, unit: Unit, state: ReviewState, around: Seen, day: date
) -> tuple[Finding, ...]:
    keys = set(state.evidence.findings)
    waivers = {waiver.key: waiver for waiver in state.waivers if waiver.until >= day}
    rules, never = project.playbook.reviews.waivers, project.playbook.reviews.never
    found = []
    for one in around.measured:
        if one.key not in keys or one.outcome is Outcome.PASS:
            continue
        history = unit.measurements.history(
            one.entity, one.indicator, one.facet, last=one.night, nights=NIGHTS_SHOWN
        )
        rule = None if one.indicator in never else rules.get(one.indicator)
        found.append(Finding(one, history, _since(history, one), waivers.get(one.key), rule))
    return tuple(sorted(found, key=lambda finding: -finding.measurement.outcome.severity))


def _since(history: Sequence[Measurement], now: Measurement) -> date:
    first = now.night
    for one in reversed(history):
        if one.outcome is Outcome.PASS:
            break
        first = one.night
    return first


def _passed(measured: Iterable[Measurement]) -> dict[str, int]:
    counts = Counter(one.indicator for one in measured if one.outcome is Outcome.PASS)
    return dict(sorted(counts.items()))


def _gate(project: Project, store: Store, state: ReviewState, now: datetime) -> tuple[GateReport | None, str]:
    if not state.version:
        return None, ""
    try:
        return evaluate_gate(project, store, state.model, state.version, now), ""
    except (CannotEvaluate, NotFound) as error:
        return None, error.message


def _before(unit: Unit, review_id: str, state: ReviewState) -> tuple[str, ModelVersion] | None:
    """The other version of the model that was approved last, with its review; else the one in service."""
    approved = []
    for found, milestone in unit.reviews.list():
        if found == review_id or milestone.model != state.model or milestone.version in (None, state.version):
            continue
        other = fold(unit.reviews.events(found))
        if other.is_approved and other.settled_at is not None:
            approved.append((other.settled_at, found, str(milestone.version)))
    if not approved:
        known = (one for one in unit.versions.of_model(state.model) if one.version != state.version)
        return next((("", one) for one in known if one.stage == IN_SERVICE), None)
    _, review, number = max(approved)
    version = unit.versions.get(state.model, number)
    return (review, version) if version else None


def _comparison(
    store: Store, around: Seen, version: ModelVersion | None, before: tuple[str, ModelVersion] | None
) -> Comparison | None:
    if before is None or version is None:
        return None
    review, old = before
    names = dict.fromkeys((*old.metrics, *version.metrics))
    metrics = {name: (old.metrics.get(name), version.metrics.get(name)) for name in names}
    try:
        changes: Sequence[Drift] = differing(store, around, None, version.model).differences
    except NotFound as error:
        return Comparison(old, review, metrics, (), error.message)
    return Comparison(old, review, metrics, changes, "")


def _asked(
    project: Project, state: ReviewState, known: Known, last: Mapping[str, Assessment]
) -> tuple[AskedAssessment, ...]:
    tier = project.model(state.model).tier
    return tuple(
        AskedAssessment(
            one,
            tier in one.tiers,
            why_due(one, project.assessment_digest(one.id), known, last.get(one.id)),
            last.get(one.id),
        )
        for one in project.assessments.values()
    )
