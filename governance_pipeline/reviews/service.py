"""Reviews with the store around them: find one, and act on it.

An act reads the review, asks whether it is allowed and appends its event in one unit of work. Where another
act came between, everything is read and asked again: two people of different functions who decide at the same
moment both count, and of two acts that exclude each other the later gets a Conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches

from governance_pipeline.charter.people import Charter, Person
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate, Conflict, NotFound, Refused
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.assessed import assessments_due, known_of
from governance_pipeline.reviews.fold import after, fold
from governance_pipeline.reviews.interests import find_ties, interests, told
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.promises import checked_conditions, unwaived
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import Action, allowed
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, ReviewEvent, Verdict, Why

ATTEMPTS = 100
"""How often an act is tried again where others keep coming between; each time one of them got through."""


def load_review(unit: Unit, review_id: str) -> ReviewState:
    """The state of one review. Raises NotFound, naming near matches."""
    events = unit.reviews.events(review_id)
    if not events:
        known = [found for found, _ in unit.reviews.list()]
        near = get_close_matches(review_id, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "see `governance review list`"
        raise NotFound(f"there is no review '{review_id}'", hint=hint)
    return fold(events)


def list_reviews(store: Store) -> list[tuple[Milestone, ReviewState]]:
    """All reviews, oldest milestone first."""
    with store.reading() as unit:
        return [(milestone, fold(unit.reviews.events(found))) for found, milestone in unit.reviews.list()]


def review_of_version(unit: Unit, model: str, version: str) -> ReviewState | None:
    """The newest review of a model version; an approval is preferred only by being newer."""
    found = [
        review_id
        for review_id, milestone in unit.reviews.list()
        if milestone.model == model and milestone.version == version
    ]
    return fold(unit.reviews.events(found[-1])) if found else None


def person_of(charter: Charter, identity: str) -> Person:
    """Somebody in the charter by id, mail address or alias. Raises NotFound, naming the nearest."""
    found = charter.find(identity)
    if found is None:
        near = get_close_matches(identity.strip().casefold(), [p.id for p in charter.people], n=1)
        hint = f"did you mean '{near[0]}'?" if near else "people are listed in charter.yaml"
        raise NotFound(f"there is no person '{identity}' in the charter", hint=hint)
    return found


@dataclass(frozen=True, slots=True)
class Table:
    """Where people sit to act on reviews.

    Attributes:
        graph: the lineage of now: it says whose data the model is made from.
        now: the time of the act.
        identified: how the person who acts has shown who they are; kept with the act.
    """

    project: Project
    store: Store
    graph: LineageGraph
    now: datetime
    identified: str = ""

    @property
    def today(self) -> date:
        return self.now.date()

    def circle(self, unit: Unit, state: ReviewState) -> Circle:
        """The people around a review."""
        version = unit.versions.get(state.model, state.version) if state.version else None
        ties = find_ties(self.project, self.graph, state.model, version, self.today)
        due: tuple[tuple[str, str], ...] = ()
        if self.project.assessments:
            known = known_of(self.project, self.graph, unit, state.model, state.version)
            due = assessments_due(known, unit)
        return Circle(self.project, state, ties.people, self.today, ties.unread, due)

    def person(self, identity: str) -> Person:
        """See :func:`person_of`."""
        return person_of(self.project.charter, identity)

    def act(
        self, review_id: str, make: Callable[[Circle], ReviewEvent], *, evidence: str | None = None
    ) -> ReviewState:
        """Append the event that ``make`` gives for the review as it is, and return its new state.

        Args:
            evidence: the digest of the evidence the act is made on; by default that of the first reading.
                New evidence that comes between is a Conflict: nobody decides on what they have not seen.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.store.begin() as unit:
                    state = load_review(unit, review_id)
                    evidence = evidence or state.evidence.digest
                    if evidence != state.evidence.digest:
                        raise Conflict(
                            f"the evidence of review {review_id} has changed since you saw it",
                            hint=f"read it again: `governance review show {review_id}`",
                        )
                    state = self._without_fallen(unit, state)
                    event = self._signed(make(self.circle(unit, state)))
                    _append(unit, event)
                    return after(state, event)
            except _CameBetween:
                continue
        raise Conflict(f"too many act on review {review_id} at once", hint="try again in a moment")

    def _signed(self, event: ReviewEvent) -> ReviewEvent:
        if not self.identified:
            return event
        return replace(event, data={**event.data, "identified": self.identified})

    def _without_fallen(self, unit: Unit, state: ReviewState) -> ReviewState:
        """Before anything else is decided, what people decided who may not any more falls."""
        if not state.status_at(self.now).is_open:
            return state
        fallen = self.circle(unit, state).fallen()
        if not fallen:
            return state
        event = acts.falling(state, fallen, at=self.now)
        _append(unit, event)
        return after(state, event)


def append_late(unit: Unit, event: ReviewEvent) -> None:
    """Append what a night decided some time ago, after whatever people did since.

    The fold lets nothing count that does not fit any more; a night is not lost because somebody decided
    while it ran.
    """
    for _ in range(ATTEMPTS):
        newest = max(one.sequence for one in unit.reviews.events(event.review))
        try:
            return unit.reviews.append(replace(event, sequence=newest + 1))
        except Conflict:
            continue
    raise Conflict(f"too many act on review {event.review} at once", hint="run the night again")


class _CameBetween(Exception):
    """Another act has taken the sequence number."""


def _append(unit: Unit, event: ReviewEvent) -> None:
    try:
        unit.reviews.append(event)
    except Conflict as lost:
        raise _CameBetween from lost


def decide(
    table: Table,
    review_id: str,
    *,
    person: str,
    function: Function,
    verdict: Verdict,
    reason: str,
    conditions: Sequence[str] = (),
    trade_off: str = "",
    evidence: str | None = None,
) -> ReviewState:
    """Record one person's decision and return the review's new state.

    Args:
        conditions: see :func:`reviews.conditions.read_condition`.
        trade_off: what is accepted in return.
        evidence: digest of the evidence it is made on, see :meth:`Table.act`.

    Raises:
        NotFound: no such review or person.
        Refused: the person left, may not decide for the function, or would judge their own work.
        Conflict: the review has ended, or its evidence has changed.
        CannotEvaluate: it is an approval, and who wrote the model cannot be read.
    """
    decider = table.person(person)
    asked = checked_conditions(table.project, conditions)

    def make(circle: Circle) -> ReviewEvent:
        if verdict.consents:
            _require_approvable(circle, table, decider)
        return acts.deciding(
            circle.state,
            at=table.now,
            roles=circle.roles(decider, function),
            person=decider.id,
            function=function,
            verdict=verdict,
            reason=reason,
            conditions=asked,
            on_behalf="" if function in decider.functions else circle.principal(decider, function),
            trade_off=trade_off,
            name=decider.name,
        )

    return table.act(review_id, make, evidence=evidence)


def _require_approvable(circle: Circle, table: Table, decider: Person) -> None:
    """Whether what an approval rests on is there, whoever gives it."""
    review = circle.state.id
    if circle.assessments_due:
        due, why = circle.assessments_due[0]
        raise Refused(
            f"the assessment '{due}' is to be answered before anybody approves: {why}",
            hint=f"see `governance assessment show {due} --review {review}`",
        )
    open_ = unwaived(circle.state, table.project.playbook, table.today)
    if open_:
        raise Refused(
            f"{' '.join(open_[0][:2])} can be approved only once it is waived",
            hint=f"see `governance review waive {review} --help`",
        )
    if circle.unread:
        raise CannotEvaluate(
            f"nobody can say whether {decider.name} wrote what is judged: {circle.unread}",
            hint="approve where the whole repository that the model's file names can be read",
        )


def comment(table: Table, review_id: str, *, person: str, text: str) -> ReviewState:
    """Say something about a review, in whatever state it is."""
    who = table.person(person)
    return table.act(
        review_id,
        lambda circle: acts.commenting(
            circle.state, at=table.now, roles=circle.roles(who), person=who.id, text=text
        ),
    )


def recuse(
    table: Table, review_id: str, *, person: str, function: Function | None = None, reason: str
) -> ReviewState:
    """Step back from a review: an open decision falls, and another holder of the function must decide.

    Args:
        function: the one they could decide for; by default the first of the review's that they hold, stand in
            for or were handed.
    """
    who = table.person(person)

    def make(circle: Circle) -> ReviewEvent:
        each = [circle.roles(who, one) for one in ([function] if function else circle.state.required)]
        status = circle.state.status_at(table.now)
        roles = next((one for one in each if allowed(one.keys(), Action.RECUSE, status)), each[0])
        return acts.recusing(circle.state, at=table.now, roles=roles, person=who.id, reason=reason)

    return table.act(review_id, make)


def delegate(
    table: Table,
    review_id: str,
    *,
    person: str,
    function: Function,
    to: str,
    since: date | None = None,
    until: date,
) -> ReviewState:
    """Hand one's decision in a review to another person for some days.

    Raises:
        Refused: also where the other person has left or would judge their own work.
    """
    giver, taker = table.person(person), table.person(to)

    def make(circle: Circle) -> ReviewEvent:
        if not taker.active_on(until) or circle.interests.get(taker.id) or taker.id in circle.state.recused:
            ties = "; ".join(circle.interests.get(taker.id, {}).values())
            why = ties or "they step back from it, or are not in the organisation until then"
            raise Refused(
                f"{taker.name} cannot decide on {circle.state.model}: {why}", hint="name another person"
            )
        return acts.delegating(
            circle.state,
            at=table.now,
            roles=circle.roles(giver, function),
            person=giver.id,
            function=function,
            to=taker.id,
            since=since or table.today,
            until=until,
        )

    return table.act(review_id, make)


def withdraw(table: Table, review_id: str, *, person: str, reason: str) -> ReviewState:
    """Take the candidate back before it is decided on."""
    who = table.person(person)
    return table.act(
        review_id,
        lambda circle: acts.withdrawing(
            circle.state, at=table.now, roles=circle.roles(who), person=who.id, reason=reason
        ),
    )


def revoke(table: Table, review_id: str, *, person: str, reason: str) -> ReviewState:
    """Take an approval back: the gate is closed from then on."""
    who = table.person(person)
    return table.act(
        review_id,
        lambda circle: acts.revoking(
            circle.state,
            at=table.now,
            roles=circle.roles(who),
            person=who.id,
            reason=reason,
            why=Why.BY_HAND,
        ),
    )


def reopen(table: Table, review_id: str, *, person: str, reason: str) -> ReviewState:
    """Begin a review again that has ended; everybody decides anew, on the evidence it has.

    The next night attaches newer evidence where there is some.
    """
    who, policy = table.person(person), table.project.playbook.reviews
    return table.act(
        review_id,
        lambda circle: acts.reopening(
            circle.state,
            at=table.now,
            roles=circle.roles(who),
            person=who.id,
            reason=reason,
            required=circle.state.required,
            evidence=circle.state.evidence,
            due_days=policy.due_days,
            open_days=policy.open_days,
        ),
    )


def fulfil(table: Table, review_id: str, *, person: str, condition: int, note: str) -> ReviewState:
    """Report that a condition with an owner and a day has been seen to.

    Args:
        condition: its number in `governance review show`, from 1.
    """
    who = table.person(person)
    return table.act(
        review_id,
        lambda circle: acts.fulfilling(
            circle.state,
            condition - 1,
            at=table.now,
            roles=circle.roles(who),
            person=who.id,
            note=note,
        ),
    )


def own_work(
    project: Project,
    graph: LineageGraph,
    model_name: str,
    version: ModelVersion | None,
    day: date,
) -> dict[str, str]:
    """People whose own work a decision would judge, and why, in words."""
    return told(interests(project, graph, model_name, version, day))


def eligible(
    project: Project, graph: LineageGraph, state: ReviewState, version: ModelVersion | None, day: date
) -> dict[Function, tuple[Person, ...]]:
    """Who may still decide for each function that is missing."""
    tied = interests(project, graph, state.model, version, day)
    return Circle(project, state, tied, day).eligible()
