"""Who answers for something, as Dagster shows owners."""

from __future__ import annotations

from datetime import date

from governance_pipeline.charter.people import Charter


def owners(charter: Charter, owner: str | None, today: date) -> list[str]:
    """Dagster owners: the team, else the mail address of the person; not who has left by ``today``."""
    active = charter.members(owner, today) if owner else ()
    if owner and active and charter.team(owner):
        return [f"team:{owner}"]
    return [person.mail for person in active]


def owner_words(charter: Charter, owner: str | None, today: date) -> str:
    """The owner by name, said to have left where that is so."""
    if owner is None:
        return "nobody is named"
    team, person = charter.team(owner), charter.person(owner)
    name = team.name if team else person.name if person else owner
    return name if owners(charter, owner, today) else f"{name} (has left)"
