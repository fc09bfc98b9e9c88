"""Waivers: a finding is let be for a time, by those whom the playbook names, with a compensating control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from governance_pipeline.charter.playbook import Playbook, WaiverRule
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.reviews import acts
from governance_pipeline.reviews.evidence import FindingKey
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.people import Circle
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import ReviewEvent, ReviewStatus, Waiver

_LIVE = (ReviewStatus.IN_REVIEW, ReviewStatus.CHANGES_REQUESTED)


def waive(
    table: Table,
    review_id: str,
    *,
    person: str,
    function: Function,
    finding: str,
    until: date,
    control: str,
    reason: str,
) -> ReviewState:
    """One person's word that a finding of a review is let be until a day. It is in force once everybody has
    given it whom the playbook's rule for the indicator names, with the same day and control.

    Args:
        finding: ``ENTITY INDICATOR`` or ``ENTITY INDICATOR[FACET]``, as `review show` has it.
        control: what is done in the meantime instead.

    Raises:
        NotFound: the review has no such finding.
        Refused: the playbook lets nobody waive it, or not this function, or not for so long; or the person
            may not decide on this model.
        Conflict: the review has ended.
    """
    who, playbook = table.person(person), table.project.playbook

    def make(circle: Circle) -> ReviewEvent:
        key = _found(circle.state, finding)
        rule = _rule(playbook, key[1], function, until, table.today)
        policy = playbook.policy(key[1])
        return acts.waiving(
            circle.state,
            at=table.now,
            roles=circle.roles(who, function, asked={need.function for need in rule.by}),
            person=who.id,
            function=function,
            key=key,
            clause=policy.clause if policy else playbook.reviews.clause,
            needed={need.function: need.people for need in rule.by},
            control=control,
            until=until,
            reason=reason,
        )

    return table.act(review_id, make)


def written(key: FindingKey) -> str:
    """A finding as people write it: ``dataset:lending.incomes drift[income]``."""
    entity, indicator, facet = key
    return f"{entity} {indicator}[{facet}]" if facet else f"{entity} {indicator}"


def _found(state: ReviewState, finding: str) -> FindingKey:
    known = {written(key): key for key in state.evidence.findings}
    asked = " ".join(finding.split())
    if asked not in known:
        listed = ", ".join(f"'{one}'" for one in known) or "none"
        raise NotFound(f"review {state.id} has no finding '{asked}'", hint=f"its findings: {listed}")
    return known[asked]


def _rule(playbook: Playbook, indicator: str, function: Function, until: date, today: date) -> WaiverRule:
    reviews = playbook.reviews
    rule = reviews.waivers.get(indicator)
    if indicator in reviews.never or rule is None:
        raise Refused(
            f"the playbook lets nobody waive {indicator}",
            hint="repair it; what may be waived stands under reviews.waivers of the playbook",
        )
    may = [need.function for need in rule.by]
    if function not in may:
        raise Refused(f"{function} does not waive {indicator}", hint=f"the playbook asks {', '.join(may)}")
    last = today + timedelta(days=rule.longest_days)
    if not today <= until <= last:
        raise Refused(
            f"{indicator} can be waived from today until {calendar_date(last)} at most",
            hint="choose a day in that time; a waiver that ends can be given again",
        )
    return rule


def in_force(unit: Unit, day: date) -> dict[FindingKey, Waiver]:
    """Every waiver in force on ``day``, by its finding: of reviews that are open or approved."""
    found: dict[FindingKey, Waiver] = {}
    for review, _ in unit.reviews.list():
        state = fold(unit.reviews.events(review))
        if state.status in _LIVE or state.is_approved:
            found |= {waiver.key: waiver for waiver in state.waived(day)}
    return found


def noted(sentence: str, waiver: Waiver) -> str:
    """The sentence about a finding, with what was said about it."""
    people = ", ".join(person for _, person in waiver.approvers)
    return (
        f"{sentence} Waived until {calendar_date(waiver.until)} by {people}"
        f" ({waiver.clause}); meanwhile: {waiver.control}"
    )


def with_waivers(
    measurements: Iterable[Measurement], waivers: Mapping[FindingKey, Waiver]
) -> list[Measurement]:
    """The measurements, those that are waived with the waiver in their sentence."""
    return [
        replace(one, sentence=noted(one.sentence, waivers[one.key])) if one.key in waivers else one
        for one in measurements
    ]
