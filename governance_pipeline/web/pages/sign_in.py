"""Signing in and out."""

from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from litestar import Response, get, post
from litestar.concurrency import sync_to_thread
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from governance_pipeline.errors import GovernanceError
from governance_pipeline.web.pages.doors import ClosedDoor, Identity, known_identity
from governance_pipeline.web.pages.forms import Form
from governance_pipeline.web.pages.oidc import CALLBACK
from governance_pipeline.web.pages.sessions import COOKIE, SIGNING_IN_LASTS
from governance_pipeline.web.pages.site import MAX_FORM_BYTES, SEE_OTHER, TOKEN, AnyRequest, Site


def sign_in_pages(site: Site) -> list[HTTPRouteHandler]:
    """The routes."""
    return [_page(site), _begin(site), _callback(site), _sign_out(site)]


def _page(site: Site) -> HTTPRouteHandler:
    @get("/sign-in")
    async def sign_in(request: AnyRequest) -> Response[Any]:
        return await sync_to_thread(_sign_in_page, site, _own_path(request.query_params.get("next", "/")))

    return sign_in


def _sign_in_page(site: Site, after: str) -> Response[Any]:
    people = site.project().charter.people if site.open_door else ()
    today = site.now().date()
    trouble: GovernanceError | None = None
    targets: tuple[str, ...] = ()
    try:
        targets = site.door.forms_go_to()
    except GovernanceError as error:
        trouble = error
    page = site.page(
        "sign_in.html",
        status=200 if trouble is None else 503,
        after=after,
        people=[person for person in people if person.active_on(today)],
        closed=isinstance(site.door, ClosedDoor),
        trouble=trouble,
    )
    page.headers.update(site.headers(*targets))
    return page


def _begin(site: Site) -> HTTPRouteHandler:
    @post("/sign-in", request_max_body_size=MAX_FORM_BYTES, status_code=SEE_OTHER)
    async def begin(request: AnyRequest) -> Redirect:
        site.require_own(request)
        form = Form(await request.form())
        after = _own_path(form.text("next"))
        leaving = await sync_to_thread(site.door.leave)
        if leaving is None:
            identity = site.door.arrive({}, {"person": form.text("person")})
            return await _signed_in(site, request, identity, after)
        name = await site.sessions.start({"flow": dict(leaving.remembered), "next": after}, SIGNING_IN_LASTS)
        return _with_session(Redirect(leaving.url, status_code=SEE_OTHER), name)

    return begin


def _callback(site: Site) -> HTTPRouteHandler:
    @get(CALLBACK)
    async def callback(request: AnyRequest) -> Redirect:
        kept = await site.sessions.read(request.cookies.get(COOKIE)) or {}
        given = {name: str(value) for name, value in request.query_params.items()}
        identity = await sync_to_thread(site.door.arrive, kept.get("flow", {}), given)
        return await _signed_in(site, request, identity, kept.get("next", "/"))

    return callback


async def _signed_in(site: Site, request: AnyRequest, identity: Identity, after: str) -> Redirect:
    """Begin a session for somebody whom the charter knows. Raises NotFound for others."""
    project = await sync_to_thread(site.project)
    known_identity(project.charter, identity, site.now().date())
    await site.sessions.end(request.cookies.get(COOKIE))
    kept = {"name": identity.name, "how": identity.how, TOKEN: token_urlsafe(32)}
    return _with_session(Redirect(after, status_code=SEE_OTHER), await site.sessions.start(kept))


def _sign_out(site: Site) -> HTTPRouteHandler:
    @post("/sign-out", request_max_body_size=MAX_FORM_BYTES, status_code=SEE_OTHER)
    async def sign_out(request: AnyRequest) -> Redirect:
        await site.filled_in(request)
        await site.sessions.end(request.cookies.get(COOKIE))
        gone = Redirect("/sign-in", status_code=SEE_OTHER)
        gone.set_cookie(_cookie("", max_age=0))
        return gone

    return sign_out


def _with_session(found: Redirect, name: str) -> Redirect:
    found.set_cookie(_cookie(name))
    return found


def _cookie(value: str, max_age: int | None = None) -> Cookie:
    return Cookie(
        key=COOKIE, value=value, path="/", secure=True, httponly=True, samesite="lax", max_age=max_age
    )


def _own_path(path: str) -> str:
    """A path of ours; the first page for anything else."""
    own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if own else "/"
