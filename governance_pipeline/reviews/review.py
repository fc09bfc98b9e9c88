"""One review as its events leave it. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import (
    Assessment,
    Condition,
    Decision,
    Delegation,
    ReviewStatus,
    Verdict,
    Waiver,
    Why,
)


@dataclass(frozen=True, slots=True)
class ReviewState:
    """One review as its events leave it (:func:`governance_pipeline.reviews.fold.fold`).

    Attributes:
        required: function to the number of distinct people who must approve for it.
        evidence: what decisions are made on now.
        expires_at: when it expires undecided; None where it never does.
        decisions: every decision, oldest first; those that count no more are in ``void``.
        recused: who stepped back, and why.
        fallen: (person, function) whose open decision fell, because they hold the function no more.
        stand_ins: (person, function) whom an escalation asked; ``escalated`` how many steps were taken.
        reminded_at: when those who are missing were reminded.
        waivers: by person and date, in the order they were asked for.
        assessments: questionnaires answered as part of it, oldest first.
        fulfilled: places in ``conditions`` that their owners have seen to.
        ended: how it ended; None while it is open. ``ended_by`` who did it, ``ended_reason`` in their words,
            ``why`` an approval was revoked.
        settled_at: when it ended.
        sequence: of the newest event.
        round: 1, more after re-openings.
    """

    id: str
    model: str
    version: str | None
    required: Mapping[Function, int]
    evidence: Evidence
    opened_at: datetime
    due: datetime
    valid_days: int
    expires_at: datetime | None = None
    stage: str = ""
    decisions: tuple[Decision, ...] = ()
    void: tuple[Decision, ...] = ()
    recused: Mapping[str, str] = field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    fallen: tuple[tuple[str, str], ...] = ()
    stand_ins: tuple[tuple[str, str], ...] = ()
    escalated: int = 0
    reminded_at: tuple[datetime, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    fulfilled: tuple[int, ...] = ()
    ended: ReviewStatus | None = None
    ended_by: str = ""
    ended_reason: str = ""
    why: Why | None = None
    settled_at: datetime | None = None
    sequence: int = 0
    round: int = 1

    @property
    def status(self) -> ReviewStatus:
        """Where the review stands, apart from the passing of time (see :meth:`status_at`)."""
        return self.ended or self.verdict

    @property
    def verdict(self) -> ReviewStatus:
        """What the standing decisions add up to."""
        standing = self.standing.values()
        if any(decision.verdict is Verdict.REJECT for decision in standing):
            return ReviewStatus.REJECTED
        if any(decision.verdict is Verdict.REQUEST_CHANGES for decision in standing):
            return ReviewStatus.CHANGES_REQUESTED
        if self.missing:
            return ReviewStatus.IN_REVIEW
        return ReviewStatus.APPROVED_WITH_CONDITIONS if self.conditions else ReviewStatus.APPROVED

    def status_at(self, now: datetime) -> ReviewStatus:
        """The status; expired where an approval has run out, or nobody has decided for too long."""
        ends = self.valid_until if self.is_approved else self.expires_at if self.status.is_open else None
        return ReviewStatus.EXPIRED if ends is not None and now > ends else self.status

    @property
    def is_approved(self) -> bool:
        return self.status.is_approval

    @property
    def valid_until(self) -> datetime | None:
        """An approval's last instant, at the latest the end of its first waiver; None until approved."""
        if not self.is_approved or self.settled_at is None:
            return None
        waived = (waiver for waiver in self.waivers if waiver.key in self.evidence.findings)
        ends = [_end_of(waiver.until) for waiver in waived if not waiver.missing]
        return min([self.settled_at + timedelta(days=self.valid_days), *ends])

    @property
    def standing(self) -> dict[tuple[str, str], Decision]:
        """Each person's newest decision per function, on the present evidence."""
        return {(d.person, d.function): d for d in self.decisions}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Of the standing approvals, in the order they were made."""
        consenting = (d for d in self.standing.values() if d.verdict.consents)
        return tuple(condition for decision in consenting for condition in decision.conditions)

    @property
    def missing(self) -> dict[Function, int]:
        """How many more people each function still has to bring.

        People count once, for one function: a second hat does not make a second person, and neither does
        a delegate beside the one who handed over.
        """
        counted = dict.fromkeys(self.required, 0)
        used: set[str] = set()
        for decision in self.decisions:
            people = {decision.person, decision.on_behalf} - {""}
            newest = self.standing[decision.person, decision.function]
            if newest is decision and decision.verdict.consents and not people & used:
                function = Function(decision.function)
                counted[function] = counted.get(function, 0) + 1
                used |= people
        return {f: n - counted[f] for f, n in self.required.items() if counted[f] < n}

    def waived(self, day: date) -> tuple[Waiver, ...]:
        """The waivers in force on ``day``."""
        return tuple(waiver for waiver in self.waivers if waiver.holds_on(day))


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)
