"""charter.yaml: people, teams, functions and who may decide."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.vocabulary.function import Function

PersonId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9._-]{0,62}$")]


def folded(identity: str) -> str:
    """A name as it is compared: Unicode's compatibility form (NFKC), without case and outer blanks."""
    return unicodedata.normalize("NFKC", identity).strip().casefold()


class Absence(FileModel):
    """Days on which a person is away, the first and the last included."""

    since: date
    until: date


class Person(FileModel):
    """A person, with the dates between which they hold their functions."""

    id: PersonId
    name: str
    mail: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    functions: tuple[Function, ...] = ()
    since: date | None = None
    until: date | None = Field(None, description="Last day in the organisation.")
    delegate: PersonId | None = Field(
        None, description="Decides in their place on days of `away`, and after they have left."
    )
    away: tuple[Absence, ...] = Field((), description="When they are away and their delegate decides.")
    aliases: tuple[str, ...] = Field(
        (),
        description=(
            "Other names they are known by: mail addresses, user names of registries, "
            "git identities. Compared without regard to case."
        ),
    )

    @property
    def identities(self) -> frozenset[str]:
        """All names they are known by, folded."""
        return frozenset(map(folded, (self.id, self.mail, *self.aliases)))

    def is_away(self, day: date) -> bool:
        return any(absence.since <= day <= absence.until for absence in self.away)

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

    def find(self, identity: str) -> Person | None:
        """Somebody by id, mail address or alias."""
        name = folded(identity)
        return next((person for person in self.people if name and name in person.identities), None)

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
