"""Who answers for something, as Dagster shows owners."""

from __future__ import annotations

from datetime import UTC, datetime

from governance_pipeline.charter.people import Charter


def owners(charter: Charter, owner: str | None) -> list[str]:
    """Dagster owners: the team, else the person's mail address. Whoever has left is not named."""
    active = charter.members(owner, datetime.now(UTC).date()) if owner else ()
    if owner and active and charter.team(owner):
        return [f"team:{owner}"]
    return [person.mail for person in active]


def owner_words(charter: Charter, owner: str | None) -> str:
    """The owner by name, said to have left where that is so."""
    if owner is None:
        return "nobody is named"
    team, person = charter.team(owner), charter.person(owner)
    name = team.name if team else person.name if person else owner
    return name if owners(charter, owner) else f"{name} (has left)"
