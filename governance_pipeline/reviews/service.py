"""Reviews with the store around them: who may decide, and the deciding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from difflib import get_close_matches

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.people import Charter, Person
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.evidence import concerned_entities
from governance_pipeline.reviews.review import ReviewState, deciding, fold
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.entity import EntityKind
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, Verdict


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
    with store.begin() as unit:
        return [(milestone, fold(unit.reviews.events(found))) for found, milestone in unit.reviews.list()]


def review_of_version(unit: Unit, model: str, version: str) -> ReviewState | None:
    """The newest review of a model version; an approval is preferred only by being newer."""
    found = [
        review_id
        for review_id, milestone in unit.reviews.list()
        if milestone.model == model and milestone.version == version
    ]
    return fold(unit.reviews.events(found[-1])) if found else None


def decide(
    project: Project,
    store: Store,
    graph: LineageGraph,
    review_id: str,
    *,
    person: str,
    function: Function,
    verdict: Verdict,
    reason: str,
    conditions: Sequence[str] = (),
    now: datetime,
) -> ReviewState:
    """Record one person's decision and return the review's new state.

    Raises:
        NotFound: no such review or person.
        Refused: the person left, does not hold the function, or would judge their own work.
        Conflict: the review has ended, or another decision came first.
    """
    decider = _active_person(project, person, now.date())
    if function not in decider.functions:
        held = ", ".join(decider.functions) or "none"
        raise Refused(
            f"{decider.name} does not hold the function {function}",
            hint=f"they hold: {held}; functions are given in charter.yaml",
        )
    with store.begin() as unit:
        state = load_review(unit, review_id)
        version = unit.versions.get(state.model, state.version) if state.version else None
        interest = own_work(project, graph, state.model, version, now.date()).get(decider.id)
        if interest:
            raise Refused(
                f"{decider.name} may not decide on {state.model}: {interest}",
                hint=f"another holder of {function} must decide",
            )
        event = deciding(
            state,
            at=now,
            person=decider.id,
            function=function,
            verdict=verdict,
            reason=reason,
            conditions=conditions,
        )
        unit.reviews.append(event)
        return fold(unit.reviews.events(review_id))


def own_work(
    project: Project,
    graph: LineageGraph,
    model_name: str,
    version: ModelVersion | None,
    day: date,
) -> dict[str, str]:
    """People whose own work a decision would judge, and why: separation of duties is computed.

    Source: NIST SP 800-53 Rev. 5, AC-5 (separation of duties).
    """
    model = project.model(model_name)
    found: dict[str, str] = {}
    for entity in sorted(concerned_entities(model, graph)):
        contract = project.contracts.get(entity.name) if entity.kind is EntityKind.DATASET else None
        for member in _answering(project.charter, contract, day) if contract else ():
            found[member.id] = f"they answer for its input {entity.name}"
    for member in project.charter.members(model.owner, day):
        found[member.id] = "they own the model"
    if version:
        if version.trained_by:
            found[version.trained_by] = f"they trained version {version.version}"
        if version.registered_by:
            found[version.registered_by] = f"they registered version {version.version}"
    return found


def _answering(charter: Charter, contract: Contract, day: date) -> tuple[Person, ...]:
    """The people behind a dataset's owner; the steward where nobody is left."""
    owners = charter.members(contract.owner, day) if contract.owner else ()
    return owners or charter.members(charter.steward, day)


def eligible(
    project: Project, graph: LineageGraph, state: ReviewState, version: ModelVersion | None, day: date
) -> dict[Function, tuple[Person, ...]]:
    """Who may still decide for each function that is missing."""
    interested = own_work(project, graph, state.model, version, day)
    decided = {decision.person for decision in state.decisions}
    return {
        function: tuple(
            person
            for person in project.charter.holders(function, day)
            if person.id not in interested and person.id not in decided
        )
        for function in state.missing
    }


def _active_person(project: Project, person_id: str, day: date) -> Person:
    folded = person_id.strip().casefold()
    found = next((p for p in project.charter.people if folded in (p.id.casefold(), p.mail.casefold())), None)
    if found is None:
        near = get_close_matches(folded, [p.id for p in project.charter.people], n=1)
        hint = f"did you mean '{near[0]}'?" if near else "people are listed in charter.yaml"
        raise NotFound(f"there is no person '{person_id}' in the charter", hint=hint)
    if not found.active_on(day):
        raise Refused(
            f"{found.name} is not in the organisation on {calendar_date(day)}",
            hint="their delegate or another holder of the function must decide",
        )
    return found
