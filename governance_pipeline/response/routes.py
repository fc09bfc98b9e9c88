"""Who is told, and by which channel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from governance_pipeline.charter.people import Charter, Person
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.settings import Channel

CONSOLE = "console"
"""The channel used when none is configured, so that nothing goes untold."""

_MAIL_SCHEMES = ("mailto:", "mailtos:")


@dataclass(frozen=True, slots=True)
class Route:
    """One way to one recipient.

    Attributes:
        recipient: person or team id.
        name: how the message addresses them.
        notice: why they get it although they are not the owner, "" for the owner.
    """

    recipient: str
    channel: str
    name: str
    notice: str = ""


def addresses_people(channel: Channel | None) -> bool:
    """Whether the channel reaches each person apart (mail) and not one place (webhook, chat, file)."""
    if channel is None or channel.type != "apprise" or channel.url is None:
        return False
    return channel.url.strip().lower().startswith(_MAIL_SCHEMES)


def routes_to(owner: str, what: str, project: Project, night: date) -> list[Route]:
    """The routes to the owner of ``what``: by mail one for each active member, else one for the owner.

    Where the owner is unknown or has no active member left, the steward is told, and told why.
    """
    charter = project.charter
    people = charter.members(owner, night)
    team = charter.team(owner)
    channels = (team.channel,) if team and team.channel else charter.alert_channels
    notice = ""
    if not people:
        who = f"its owner '{owner}' is no longer there" if owner else "nobody owns it"
        notice = f"You get this as the steward, because {what} has no active owner: {who}."
        owner = charter.steward
        people = charter.members(owner, night)
    routes: list[Route] = []
    for channel in channels or (CONSOLE,):
        if people and addresses_people(project.settings.channels.get(channel)):
            routes.extend(Route(person.id, channel, person.name, notice) for person in people)
        else:
            routes.append(Route(owner, channel, owner_name(charter, owner), notice))
    return routes


def owner_name(charter: Charter, owner: str) -> str:
    """The name of a person or team; the id itself where the charter does not know it."""
    found = charter.team(owner) or charter.person(owner)
    return found.name if found else owner


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for, with the people behind it."""

    id: str
    name: str
    people: tuple[Person, ...] = ()


def recipient_of(charter: Charter, recipient: str, night: date) -> Recipient | None:
    """The recipient of an alert of ``night``; None where the charter knows no such person or team."""
    if charter.team(recipient) is None and charter.person(recipient) is None:
        return None
    return Recipient(recipient, owner_name(charter, recipient), charter.members(recipient, night))
