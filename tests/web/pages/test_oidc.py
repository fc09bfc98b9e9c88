"""Sign-in with a provider: a certified one with its own pages in a browser, and one that lies."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import subprocess
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.charter.settings import SignIn
from governance_pipeline.errors import CannotEvaluate, Refused
from governance_pipeline.web.app import application
from governance_pipeline.web.pages.oidc import OidcDoor
from governance_pipeline.web.routes import page_router
from tests.tiny import change
from tests.web.pages.browser import NEEDS, browsing
from tests.web.pages.people import Visit
from tests.web.serving import free_port, listening_at

SECRET = "a-secret-of-the-test"
_PROVIDER = Path(__file__).with_name("provider.mjs")
_PACKAGE = "oidc-provider@8.8.1"


@contextmanager
def signing_in_with(shop: Path, issuer: str, port: int) -> Iterator[int]:
    """The pages, which send people to a provider."""
    change(
        shop,
        "governance.yaml",
        "name: shop",
        f"name: shop\nsign_in: {{issuer: '{issuer}', client_id: governance, client_secret: '${{SECRET}}',"
        f" url: 'http://127.0.0.1:{port}'}}",
    )
    project = open_project(shop)
    store = open_project_store(project)
    router = page_router(project, store, {"SECRET": SECRET})
    with listening_at(application([], None, [router]), port):
        yield port
    store.close()


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider's package, from npm."""
    if shutil.which("npm") is None and "CI" not in os.environ:
        pytest.skip("no Node.js here, which runs the identity provider: apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("provider")
    (folder / "package.json").write_text("{}")
    words = ["npm", "install", "--no-audit", "--no-fund", "--silent", _PACKAGE]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "CI" not in os.environ:
        pytest.skip(f"the identity provider cannot be installed: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def provided(package: Path, shop: Path, clock: object) -> Iterator[int]:
    """The pages with a certified provider; their port."""
    port, issuer = free_port(), free_port()
    redirect = f"http://127.0.0.1:{port}/sign-in/callback"
    process = subprocess.Popen(
        ["node", str(_PROVIDER), str(package), str(issuer), redirect],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with signing_in_with(shop, f"http://127.0.0.1:{issuer}", port):
            yield port
    finally:
        process.kill()
        process.communicate()


def at_the_provider(page: Any, name: str) -> None:
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("whatever")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


@pytest.mark.live
@NEEDS
@pytest.mark.timeout(400)
def test_people_sign_in_with_a_certified_provider(provided: int) -> None:
    with browsing(provided) as page:
        page.goto(f"http://127.0.0.1:{provided}/reviews")
        assert "Development" not in page.content()
        page.get_by_role("button", name="Sign in").click()
        at_the_provider(page, "lea")
        page.wait_for_url(f"http://127.0.0.1:{provided}/reviews")
        assert page.get_by_text("Lea Stern").is_visible()
        page.get_by_role("link", name="Approval, version 2").click()
        page.get_by_label("Say something").fill("Signed in for real.")
        page.get_by_role("button", name="Comment").click()
        page.locator(".comment").get_by_text("Signed in for real.").wait_for()
        page.reload()
        assert page.locator(".history").get_by_text("subject lea").is_visible()
        page.get_by_role("button", name="Sign out").click()
        page.goto(f"http://127.0.0.1:{provided}/")
        assert page.get_by_role("heading", name="Sign in").is_visible()


@pytest.mark.live
@NEEDS
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("name", "said"), [("mallory", "has nobody here of that name"), ("unverified.lea", "has not verified")]
)
def test_who_is_not_known_or_not_verified_does_not_come_in(provided: int, name: str, said: str) -> None:
    with browsing(provided) as page:
        page.goto(f"http://127.0.0.1:{provided}/")
        page.get_by_role("button", name="Sign in").click()
        at_the_provider(page, name)
        page.get_by_text(said).wait_for()
        page.goto(f"http://127.0.0.1:{provided}/")
        assert page.get_by_role("heading", name="Sign in").is_visible()


@dataclass
class Liar:
    """A provider that says what a test has it say.

    Attributes:
        claims: of the ID token, in place of the right ones.
        token: the whole token, made from the right claims.
    """

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k"}))
    claims: dict[str, Any] = field(default_factory=dict)
    token: Callable[[dict[str, Any]], str] | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    asked: dict[str, list[str]] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.key.as_dict(private=False)]}

    def id_token(self) -> dict[str, Any]:
        now = int(time.time())
        right = {
            "iss": self.issuer, "sub": "lea-1", "aud": "governance", "iat": now, "exp": now + 60,
            "nonce": self.nonce, "email": "lea@example.org", "email_verified": True,
        }  # fmt: skip
        claims = {name: value for name, value in {**right, **self.claims}.items() if value is not None}
        signed = (
            self.token(claims) if self.token else jwt.encode({"alg": "RS256", "kid": "k"}, claims, self.key)
        )
        return {"access_token": "a", "token_type": "Bearer", "id_token": signed}


@pytest.fixture
def liar() -> Iterator[Liar]:
    found = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = {"/.well-known/openid-configuration": found.metadata, "/jwks": found.jwks}
            self._answer(found.answers.get(self.path) or known[self.path]())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            found.asked = parse_qs(body)
            self._answer(found.answers.get(self.path) or found.id_token())

        def _answer(self, said: Any) -> None:
            body = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def door(liar: Liar, **more: str) -> OidcDoor:
    settings = SignIn(
        issuer=liar.issuer, client_id="governance", client_secret=None, url="http://127.0.0.1:5000", **more
    )
    return OidcDoor(settings, SECRET)


def arriving(liar: Liar, **given: str) -> Any:
    found = door(liar)
    leaving = found.leave()
    asked = {name: value[0] for name, value in parse_qs(urlsplit(leaving.url).query).items()}
    liar.nonce = liar.nonce or asked["nonce"]
    return found.arrive(leaving.remembered, {"code": "c", "state": asked["state"], **given})


def test_a_right_token_says_who_somebody_is_and_how_they_showed_it(liar: Liar) -> None:
    identity = arriving(liar)
    assert identity.name == "lea@example.org"
    assert identity.how == f"OpenID Connect, {liar.issuer}, subject lea-1"
    assert liar.asked["code_verifier"][0]


def test_what_is_asked_of_the_provider_is_bound_to_this_browser(liar: Liar) -> None:
    one, other = door(liar).leave(), door(liar).leave()
    asked = parse_qs(urlsplit(one.url).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    for name in ("state", "nonce", "verifier"):
        assert one.remembered[name] != other.remembered[name]
        assert one.remembered["verifier"] not in one.url


LIES: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another"},
    "another issuer": {"iss": "https://evil.example"},
    "another nonce": {"nonce": "of somebody else's sign-in"},
    "no nonce": {"nonce": None},
    "out of date": {"exp": 1},
    "no end": {"exp": None},
    "no subject": {"sub": None},
    "meant for others too": {"aud": ["governance", "another"]},
    "the address is not verified": {"email_verified": False},
    "whether it is verified is not said": {"email_verified": None},
    "verified as a word": {"email_verified": "true"},
    "no address": {"email": None},
    "an address that is none": {"email": ["lea@example.org"]},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_is_not_right_lets_nobody_in(liar: Liar, lie: str) -> None:
    liar.claims = LIES[lie]
    with pytest.raises(Refused):
        arriving(liar)


def test_a_token_that_the_provider_has_not_signed_lets_nobody_in(liar: Liar) -> None:
    other = RSAKey.generate_key(2048, {"kid": "k"})
    public = liar.key.as_pem(private=False)

    def none(claims: dict[str, Any]) -> str:
        head, body = (_part(one) for one in ({"alg": "none"}, claims))
        return f"{head}.{body}."

    def symmetric(claims: dict[str, Any]) -> str:
        head, body = (_part(one) for one in ({"alg": "HS256", "kid": "k"}, claims))
        made = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{_text(made)}"

    liar.token = lambda claims: jwt.encode({"alg": "RS256", "kid": "k"}, claims, other)
    with pytest.raises(Refused):
        arriving(liar)
    for forged in (none, symmetric, lambda _: "x", lambda _: ""):
        liar.token = forged
        with pytest.raises(Refused):
            arriving(liar)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(said: dict[str, Any]) -> str:
    return _text(json.dumps(said).encode())


@pytest.mark.parametrize(
    "given",
    [{"state": ""}, {"state": "of another sign-in"}, {"iss": "https://evil.example"}],
)
def test_an_answer_to_another_question_lets_nobody_in(liar: Liar, given: dict[str, str]) -> None:
    with pytest.raises(Refused):
        arriving(liar, **given)


def test_nobody_comes_back_who_has_not_left(liar: Liar) -> None:
    with pytest.raises(Refused):
        door(liar).arrive({}, {"code": "c", "state": ""})
    with pytest.raises(Refused):
        door(liar).arrive({}, {"code": "c", "state": "-"})


def test_a_refusal_of_the_provider_is_told(liar: Liar) -> None:
    found = door(liar)
    leaving = found.leave()
    with pytest.raises(Refused, match="access_denied"):
        found.arrive(leaving.remembered, {"state": leaving.remembered["state"], "error": "access_denied"})


def test_a_provider_that_names_itself_otherwise_is_none(liar: Liar) -> None:
    liar.answers["/.well-known/openid-configuration"] = {**liar.metadata(), "issuer": "https://evil.example"}
    with pytest.raises(CannotEvaluate):
        door(liar).leave()


def test_a_provider_that_does_not_answer_is_a_page_that_says_so(shop: Path, clock: object) -> None:
    port = free_port()
    with signing_in_with(shop, f"http://127.0.0.1:{free_port()}", port):
        visit = Visit(port)
        answer = visit.get("/sign-in")
        assert answer.status == 503
        assert "does not answer" in answer.text
        assert visit.post("/sign-in", {"next": "/"}).status == 503


def test_the_secret_of_the_client_is_on_no_page(liar: Liar, shop: Path, clock: object) -> None:
    with signing_in_with(shop, liar.issuer, free_port()) as port:
        visit = Visit(port)
        answers = [
            visit.get("/sign-in"),
            visit.post("/sign-in", {"next": "/"}),
            visit.get("/sign-in/callback?state=x&code=y"),
        ]
        for answer in answers:
            assert SECRET not in answer.text + str(answer.headers)
        assert f"form-action 'self' {liar.issuer}" in answers[0].headers["content-security-policy"]
        assert answers[1].to.startswith(f"{liar.issuer}/auth?")
        assert answers[2].status == 403
