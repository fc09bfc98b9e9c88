"""How people come in: through an identity provider, or on one's own machine by saying who one is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from urllib.parse import urlsplit

from governance_pipeline.charter.people import Charter
from governance_pipeline.errors import NotFound

LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody has shown to be.

    Attributes:
        name: what the charter knows them by: an id, a mail address or an alias.
        how: how they showed it, kept with everything they do.
    """

    name: str
    how: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """To where a browser is sent to sign in, and what has to be known when it comes back."""

    url: str
    remembered: Mapping[str, str]


class Door(Protocol):
    """A way to sign in.

    Attributes:
        hosts: the names under which the pages are reached; requests for others are refused, so that no
            page elsewhere can reach them under a name of its own (DNS rebinding).
    """

    hosts: frozenset[str]

    def forms_go_to(self) -> tuple[str, ...]:
        """Origins to which the sign-in form leads, beside our own."""

    def leave(self) -> Leaving | None:
        """Where to sign in; None where it is done here, by choosing a person."""

    def arrive(self, remembered: Mapping[str, str], given: Mapping[str, str]) -> Identity:
        """Who came back. Raises Refused where that is not certain."""


class OpenDoor:
    """For development: whoever reaches the server is whom they say they are."""

    hosts = LOOPBACK

    def forms_go_to(self) -> tuple[str, ...]:
        return ()

    def leave(self) -> Leaving | None:
        return None

    def arrive(self, remembered: Mapping[str, str], given: Mapping[str, str]) -> Identity:  # noqa: ARG002 - nothing is remembered
        return Identity(given["person"], "development sign-in, nothing was checked")


class ClosedDoor:
    """Nobody comes in: no way to sign in is set up."""

    hosts = LOOPBACK

    def forms_go_to(self) -> tuple[str, ...]:
        return ()

    def leave(self) -> Leaving | None:
        return None

    def arrive(self, remembered: Mapping[str, str], given: Mapping[str, str]) -> Identity:  # noqa: ARG002 - nobody arrives
        raise NotFound(
            "no way to sign in is set up", hint="see sign_in in docs/how-to/review-in-the-browser.md"
        )


def known_identity(charter: Charter, identity: Identity, day: date) -> str:
    """The id of the person of the charter with this identity.

    Raises:
        NotFound: the charter does not know them, or they are not in the organisation on ``day``.
    """
    found = charter.find(identity.name)
    if found is None or not found.active_on(day):
        raise NotFound(
            f"you are signed in as {identity.name}, and charter.yaml has nobody here of that name",
            hint="ask the steward to enter you, or this name as one of your aliases",
        )
    return found.id


def host_name(netloc: str) -> str:
    """``example.com:8080`` without its port, in lower case; IPv6 keeps its brackets."""
    parts = urlsplit(f"//{netloc}")
    name = (parts.hostname or "").lower()
    return f"[{name}]" if ":" in name else name
