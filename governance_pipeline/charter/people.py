"""charter.yaml: people, teams, functions and who may decide."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.vocabulary.function import Function

PersonId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,62}$")]


class Person(FileModel):
    """A person, with the dates between which they hold their functions."""

    id: PersonId
    name: str
    mail: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    functions: tuple[Function, ...] = ()
    since: date | None = None
    until: date | None = Field(None, description="Last day in the organisation.")
    delegate: PersonId | None = None

    def active_on(self, day: date) -> bool:
        """Whether the person is in the organisation on ``day``."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Team(FileModel):
    """A group that can own things; it owns nothing once its last member has left."""

    id: PersonId
    name: str
    members: tuple[PersonId, ...]
    channel: str | None = Field(None, description="Channel of governance.yaml its alerts go to.")


class Charter(FileModel):
    """The whole of charter.yaml."""

    purpose: str = ""
    steward: PersonId = Field(description="Answers for whatever has lost its owner.")
    people: tuple[Person, ...]
    teams: tuple[Team, ...] = ()
    alert_channels: tuple[str, ...] = Field((), description="Channels for owners without one of their own.")
    cadences: dict[str, str] = Field(default_factory=dict)

    def person(self, person_id: str) -> Person | None:
        return next((person for person in self.people if person.id == person_id), None)

    def team(self, team_id: str) -> Team | None:
        return next((team for team in self.teams if team.id == team_id), None)

    @property
    def owner_ids(self) -> tuple[str, ...]:
        """The ids that can own something: of people, then of teams."""
        return (*(person.id for person in self.people), *(team.id for team in self.teams))

    def members(self, owner: str, day: date) -> tuple[Person, ...]:
        """The people behind an owner id (a person or a team) who are active on ``day``."""
        team = self.team(owner)
        ids = team.members if team else (owner,)
        people = (self.person(person_id) for person_id in ids)
        return tuple(person for person in people if person and person.active_on(day))

    def holders(self, function: Function, day: date) -> tuple[Person, ...]:
        """Who holds ``function`` on ``day``."""
        return tuple(p for p in self.people if function in p.functions and p.active_on(day))
