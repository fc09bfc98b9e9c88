"""What each person is to a review: holder, delegate, owner of what is judged ... Pure.

Separation of duties is computed from what is known, not declared: NIST SP 800-53 Rev. 5, AC-5.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from governance_pipeline.charter.people import Person
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rights import OWN_WORK, Action, Role, allowed
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Decision, ReviewStatus

Interests = Mapping[str, Mapping[Role, str]]
"""Person id to what ties them to the model under review, each with its words (``they own the model``)."""


@dataclass(frozen=True, slots=True)
class Circle:
    """The people around one review on one day.

    Attributes:
        interests: whose own work the review judges, see :func:`reviews.interests.find_ties`.
        assessments_due: questionnaires to be answered before anybody approves, each with why.
        unread: why that could not be read in full, "" where it could.
    """

    project: Project
    state: ReviewState
    interests: Interests
    day: date
    unread: str = ""
    assessments_due: tuple[tuple[str, str], ...] = ()

    def roles(
        self, person: Person, function: Function | None = None, *, asked: Collection[Function] | None = None
    ) -> dict[Role, str]:
        """What ``person`` is to the review, with the words for it.

        Args:
            function: the one they would act for; None for acts that are for no function.
            asked: the functions whose word is asked; by default those that the review asks.
        """
        if not person.active_on(self.day):
            return {Role.ABSENT: f"they are not in the organisation on {calendar_date(self.day)}"}
        found = dict(self._rights(person, function, self.state.required if asked is None else asked))
        if person.id == self.project.charter.steward:
            found[Role.STEWARD] = "they are the steward"
        if any(condition.owner == person.id for condition in self.state.conditions):
            found[Role.CONDITION_OWNER] = "they own a condition"
        found |= self.interests.get(person.id, {})
        found |= dict(self._limits(person, function))
        return found

    def _rights(
        self, person: Person, function: Function | None, asked: Collection[Function]
    ) -> Iterator[tuple[Role, str]]:
        held = set(person.functions)
        nothing = Role.OTHER_HOLDER if held else Role.MEMBER
        if function is None:
            known = sorted(held & set(asked))
            yield (Role.HOLDER if known else nothing), (f"they hold {', '.join(known)}" if known else "")
        elif function not in asked:
            asks = ", ".join(sorted(asked))
            yield nothing, f"the review does not ask {function}; it asks {asks}"
        elif function in held:
            yield Role.HOLDER, f"they hold {function}"
        elif principal := self.principal(person, function):
            yield Role.DELEGATE, f"they decide for {principal}"
        elif (person.id, function) in self.state.stand_ins:
            yield Role.STAND_IN, f"they stand in for {function}"
        else:
            told = ", ".join(person.functions) or "none"
            yield nothing, f"they do not hold the function {function}; they hold: {told}"

    def _limits(self, person: Person, function: Function | None) -> Iterator[tuple[Role, str]]:
        if person.id in self.state.recused:
            yield Role.RECUSED, f"they stepped back: {self.state.recused[person.id]}"
        if function is None:
            return
        if (person.id, function) in self.state.fallen:
            yield Role.FALLEN, f"their decision for {function} fell, and the review has not been opened again"
        other = next(
            (d.function for d in self.state.decisions if d.person == person.id and d.function != function),
            None,
        )
        if other is not None:
            told = f"they have already decided for {other}; one person decides for one function"
            yield Role.DECIDED_OTHERWISE, told

    def principal(self, person: Person, function: Function) -> str:
        """For whom ``person`` decides as a delegate today, "" for nobody.

        Somebody hands over for some days of this review, or the charter says who decides while they are away
        or after they left. Nobody can hand over what they may not do themselves.
        """
        charter = self.project.charter
        for handed in self.state.delegations:
            giver = charter.person(handed.person)
            fits = (handed.to, handed.function) == (person.id, function) and handed.holds_on(self.day)
            if fits and giver and function in giver.functions and self._is_free(giver):
                return giver.id
        for giver in charter.people:
            absent = not giver.active_on(self.day) or giver.is_away(self.day)
            fits = giver.delegate == person.id and function in giver.functions and absent
            if fits and self._is_free(giver, although_absent=True):
                return giver.id
        return ""

    def _is_free(self, giver: Person, *, although_absent: bool = False) -> bool:
        tied = OWN_WORK & self.interests.get(giver.id, {}).keys()
        here = although_absent or giver.active_on(self.day)
        return here and not tied and giver.id not in self.state.recused

    def may_decide(self, person: Person, function: Function) -> bool:
        """Whether ``person`` may decide for ``function`` while the review is open."""
        return allowed(self.roles(person, function).keys(), Action.APPROVE, ReviewStatus.IN_REVIEW)

    def eligible(self) -> dict[Function, tuple[Person, ...]]:
        """Who may still decide for each function that is missing, and has not decided yet."""
        decided = {decision.person for decision in self.state.decisions}
        return {
            function: tuple(
                person
                for person in self.project.charter.people
                if person.id not in decided and self.may_decide(person, function)
            )
            for function in self.state.missing
        }

    def fallen(self) -> list[tuple[str, str]]:
        """(person, function) of open decisions whose person has left, lost the function, or come to own
        what is judged. A delegate's decision outlives the delegation, because it was made in its time.
        """
        return [key for key, decision in self.state.standing.items() if not self._still_stands(decision)]

    def _still_stands(self, decision: Decision) -> bool:
        person = self.project.charter.person(decision.person)
        if person is None or not person.active_on(self.day):
            return False
        if OWN_WORK & self.interests.get(person.id, {}).keys():
            return False
        stood_in = decision.on_behalf or (decision.person, decision.function) in self.state.stand_ins
        return bool(stood_in) or decision.function in person.functions
