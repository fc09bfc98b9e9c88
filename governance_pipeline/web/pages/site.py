"""What every page has in common: who is there, how it is rendered, what is refused and how."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Request, Response
from litestar.concurrency import sync_to_thread
from litestar.response import Redirect

from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.people import Person
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import (
    CannotEvaluate,
    Conflict,
    GovernanceError,
    NotFound,
    ProjectInvalid,
    Refused,
)
from governance_pipeline.indicators.wording import counted, percent
from governance_pipeline.reports import charts
from governance_pipeline.stages import services
from governance_pipeline.store.ports import Store
from governance_pipeline.web.pages import words
from governance_pipeline.web.pages.doors import Door, Identity, OpenDoor, host_name, known_identity
from governance_pipeline.web.pages.forms import Form
from governance_pipeline.web.pages.sessions import COOKIE, Sessions

MAX_FORM_BYTES = 200_000
TOKEN = "token"
SEE_OTHER: Final = 303

AnyRequest = Request[Any, Any, Any]


class SignInNeeded(Exception):
    """Nobody is signed in."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, as the charter knows them now.

    Attributes:
        identity: how they signed in.
        token: what every form of theirs has to hold.
    """

    person: Person
    project: Project
    identity: Identity
    token: str


class Site:
    """The pages over a project's folder and its open store.

    Args:
        door: how people come in.
    """

    def __init__(self, root: Path, store: Store, door: Door, sessions: Sessions) -> None:
        self.root, self.store, self.door, self.sessions = root, store, door, sessions
        self._templates = Environment(
            loader=PackageLoader("governance_pipeline.web.pages"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "OUTCOMES": words.OUTCOMES,
            "VERDICTS": words.VERDICTS,
            "MEANINGS": words.MEANINGS,
            "ACTS": words.ACTS,
            "TOKEN": TOKEN,
        }
        self._templates.filters |= {
            "words": words.words,
            "opened": words.opened,
            "when": words.when,
            "day": words.day,
            "part": words.part,
            "to_you": words.to_you,
            "counted": counted,
            "percent": percent,
            "figures": charts.figures,
            "bounds": lambda one: charts.bounds(one.threshold, one.unit),
            "band": charts.band,
            "line": charts.line,
        }

    @property
    def open_door(self) -> bool:
        return isinstance(self.door, OpenDoor)

    def project(self) -> Project:
        """The project's files as they are now."""
        return load_project(self.root)

    async def visitor(self, request: AnyRequest) -> Visitor:
        """Who is there. The charter is read anew: who has left, or is renamed, is out at once.

        Raises:
            SignInNeeded: nobody.
            NotFound: the charter does not know them (any more).
        """
        kept = await self.sessions.read(request.cookies.get(COOKIE))
        if kept is None or "name" not in kept:
            raise SignInNeeded
        project = await sync_to_thread(self.project)
        identity = Identity(kept["name"], kept["how"])
        person = project.charter.person(known_identity(project.charter, identity, self.now().date()))
        assert person is not None
        found = Visitor(person, project, identity, kept[TOKEN])
        request.state.visitor = found
        return found

    async def filled_in(self, request: AnyRequest) -> tuple[Visitor, Form]:
        """Who sends a form, and what they filled in.

        Raises:
            Refused: the form is not one of theirs.
        """
        self.require_own(request)
        visitor = await self.visitor(request)
        form = Form(await request.form())
        if not hmac.compare_digest(form.text(TOKEN).encode(), visitor.token.encode()):
            raise Refused(
                "this form is not from your present session, so nothing was done",
                hint="go back, reload the page and send it again",
            )
        return visitor, form

    def require_own(self, request: AnyRequest) -> None:
        """Only our own pages may send forms: the browser says from which page it comes.

        Raises:
            Refused: it comes from elsewhere, or does not say so.
        """
        origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
        if not host or urlsplit(origin).netloc != host:
            raise Refused("this form was not sent from a page of ours, so nothing was done", hint="")

    def require_host(self, host: str) -> None:
        """The pages are reached under their own names only.

        Raises:
            NotFound: under another one.
        """
        if host_name(host) not in self.door.hosts:
            raise NotFound(
                "there are no pages under this name",
                hint=f"open them as {' or '.join(sorted(self.door.hosts))}",
            )

    @staticmethod
    def now() -> datetime:
        return services.utc_now()

    def page(
        self, template: str, visitor: Visitor | None = None, *, status: int = 200, **shown: Any
    ) -> Response[str]:
        """A page."""
        text = self._templates.get_template(template).render(
            visitor=visitor, open_door=self.open_door, now=self.now(), **shown
        )
        return Response(text, status_code=status, media_type=MediaType.HTML, headers=self.headers())

    def headers(self, *form_targets: str) -> dict[str, str]:
        """What keeps a browser from being used against us (OWASP Secure Headers)."""
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": "'self'",
            "connect-src": "'self'",
            "form-action": " ".join(("'self'", *form_targets)),
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        return {
            "Content-Security-Policy": "; ".join(f"{name} {said}" for name, said in policy.items()),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",  # without it browsers do not say which page sends a form
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-store",
        }

    def refused(self, request: AnyRequest, error: GovernanceError) -> Response[str]:
        """The page that says why not."""
        visitor = getattr(request.state, "visitor", None)
        return self.page("refused.html", visitor, status=status_of(error), error=error)

    def sign_in_first(self, request: AnyRequest) -> Response[Any]:
        """To the sign-in page, and back afterwards."""
        asked = request.url.path if request.method == "GET" else "/"
        where = f"/sign-in?next={quote(asked)}"
        if request.headers.get("hx-request"):
            return Response("", headers={"HX-Redirect": where})
        return Redirect(where, status_code=SEE_OTHER)


def status_of(error: GovernanceError) -> int:
    """The HTTP status that says the same."""
    found = (
        (Conflict, 409),
        (Refused, 403),
        (NotFound, 404),
        (ProjectInvalid, 503),
        (CannotEvaluate, 503),
    )
    return next((status for kind, status in found if isinstance(error, kind)), 422)
