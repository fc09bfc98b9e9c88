"""Ownership: is there somebody, tonight, who answers for this dataset or model?

An owner is a person or a team of the charter with at least one active member on the night. Where there
is none, the sentence names the steward, who answers meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from governance_pipeline.charter.people import Charter, Person, Team
from governance_pipeline.indicators.base import DatasetInputs, Indicator, ModelInputs
from governance_pipeline.indicators.wording import counted, listed, long_date
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Threshold

NAME = "ownership"
SOMEBODY = Threshold(warn=None, fail=1.0, breach="below")


def measure_dataset(inputs: DatasetInputs) -> Iterator[Measurement]:
    """How many active people own the dataset; none fails."""
    contract = inputs.contract
    entity = Entity.dataset(contract.dataset)
    yield _owned(inputs, entity, contract.dataset, contract.owner)


def measure_model(inputs: ModelInputs) -> Iterator[Measurement]:
    """How many active people own the model; none fails."""
    model = inputs.model
    label = f"the model {model.title or model.name}"
    yield _owned(inputs, Entity.model(model.name), label, model.owner)


def _owned(inputs: DatasetInputs | ModelInputs, entity: Entity, label: str, owner: str | None) -> Measurement:
    night, charter = inputs.night, inputs.charter
    members = charter.members(owner, night) if owner else ()
    if owner and members:
        sentence = f"{_owner_name(owner, charter)} answers for {label}{_team_size(owner, members, charter)}."
    else:
        sentence = f"{_why_nobody(owner, label, night, charter)}; {_stand_in(night, charter)}."
    return Measurement(
        night=night,
        entity=entity,
        indicator=NAME,
        outcome=SOMEBODY.judge(float(len(members))),
        sentence=sentence,
        clause=inputs.playbook.indicators.ownership.clause,
        value=float(len(members)),
        unit="people",
        n=len(members),
        threshold=SOMEBODY,
        details={"owner": owner, "steward": charter.steward},
    )


def _owner_name(owner: str, charter: Charter) -> str:
    found: Person | Team | None = charter.team(owner) or charter.person(owner)
    return found.name if found else owner


def _team_size(owner: str, members: tuple[Person, ...], charter: Charter) -> str:
    return f", with {counted(len(members), 'active member')}" if charter.team(owner) else ""


def _why_nobody(owner: str | None, label: str, night: date, charter: Charter) -> str:
    """The first half of the sentence: nobody named, nobody known, or everybody gone."""
    if not owner:
        return f"Nobody is named as the owner of {label}"
    team = charter.team(owner)
    if team:
        gone = [_owner_name(member, charter) for member in team.members]
        who = f" ({listed(gone)})" if gone else ""
        return f"{team.name} owns {label} but has no active member on {long_date(night)}{who}"
    person = charter.person(owner)
    if person is None:
        return f"The owner of {label} is given as '{owner}', who is not in the charter"
    if person.since and night < person.since:
        return f"{person.name}, the owner of {label}, only starts on {long_date(person.since)}"
    last = f" on {long_date(person.until)}" if person.until else ""
    return f"{person.name}, the owner of {label}, left{last}"


def _stand_in(night: date, charter: Charter) -> str:
    steward = charter.person(charter.steward)
    if steward is None:
        return "the charter's steward is not among its people, so nobody answers for it"
    if not steward.active_on(night):
        return (
            f"{steward.name}, the steward who would stand in, is not active either, so nobody answers for it"
        )
    return f"{steward.name} (steward) answers for it until a new owner is named"


OWNERSHIP = Indicator(
    name=NAME,
    title="Ownership",
    subject="dataset",
    measure_dataset=measure_dataset,
    measure_model=measure_model,
    expects_dataset=lambda _contract, _models: True,
    expects_model=lambda _: True,
    tags=frozenset({"declared"}),
)
