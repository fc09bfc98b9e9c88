"""Who comes in, for how long, and what a browser cannot be used for."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.web.app import application
from governance_pipeline.web.pages.sessions import COOKIE
from governance_pipeline.web.routes import page_router
from tests.tiny import change
from tests.web.pages.conftest import Served
from tests.web.pages.people import Visit
from tests.web.serving import listening


def test_without_a_session_every_page_leads_to_the_sign_in_and_back(served: Served) -> None:
    visit = served.visit()
    for path in ("/", "/reviews", f"/reviews/{served.review}", f"/reviews/{served.review}/assessments/bias"):
        answer = visit.get(path)
        assert (answer.status, answer.to) == (303, f"/sign-in?next={path}")
    assert visit.post("/sign-in", {"person": "lea", "next": "/reviews"}).to == "/reviews"
    assert "Lea Stern" in visit.get("/").text


OPEN = {"/api/v1/openapi.json", "/sign-in", "/sign-in/callback", "/static/{name:str}", "/{rest:path}"}


def test_there_is_no_route_that_a_stranger_can_use(served: Served) -> None:
    """Every route of the application is asked without a session; what is open is named here."""
    visit, asked = served.visit(), set()
    with served.store.begin() as unit:
        before = unit.ledger.size()
    for route in served.app.routes:
        for method in sorted(route.methods - {"OPTIONS"}):  # type: ignore[union-attr] # no route of ours is a mount
            path = route.path_format.replace("{review_id}", served.review).replace("{act}", "comment")
            path = path.replace("{questionnaire}", "bias")
            answer = visit.get(path) if method == "GET" else visit.post(path, {"text": "x", "reason": "x"})
            asked.add((method, route.path))
            if route.path in OPEN:
                continue
            assert answer.to.startswith("/sign-in?next=/"), (method, route.path, answer.status)
    assert {("POST", "/reviews/{review_id:str}/{act:str}"), ("POST", "/sign-out"), ("GET", "/")} <= asked
    with served.store.begin() as unit:
        assert unit.ledger.size() == before


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "evil", "/\n/x"]
)
def test_after_the_sign_in_nobody_is_led_elsewhere(served: Served, elsewhere: str) -> None:
    assert served.visit().post("/sign-in", {"person": "lea", "next": elsewhere}).to == "/"


def test_a_stranger_is_told_so(served: Served) -> None:
    answer = served.visit().sign_in("mallory")
    assert answer.status == 404
    assert "charter.yaml has nobody here of that name" in answer.text


def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(served: Served) -> None:
    given = served.visit().sign_in("lea").headers["set-cookie"]
    assert given.startswith(f"{COOKIE}=")
    words = {word.strip().lower() for word in given.split(";")[1:]}
    assert {"path=/", "secure", "httponly", "samesite=lax"} <= words
    assert not any(word.startswith("domain") for word in words)


def test_a_cookie_prepared_for_somebody_is_not_theirs_after_the_sign_in(served: Served) -> None:
    prepared = "a" * 43
    victim = Visit(served.port, cookie=prepared)
    victim.sign_in("lea")
    assert victim.cookie != prepared
    assert Visit(served.port, cookie=prepared).get("/").status == 303


def test_a_session_ends_with_the_sign_out_at_once(served: Served) -> None:
    visit = served.visit("lea")
    kept = visit.cookie
    assert visit.post("/sign-out", {"token": visit.token()}).to == "/sign-in"
    assert Visit(served.port, cookie=kept).get("/").status == 303


def test_who_leaves_the_charter_is_out_at_once_and_who_loses_a_function_decides_no_more(
    served: Served,
) -> None:
    lea, pax = served.visit("lea"), served.visit("pax")
    change(
        served.root, "charter.yaml", "mail: pax@example.org, functions: [privacy]", "mail: pax@example.org"
    )
    change(served.root, "charter.yaml", "- {id: lea, name: Lea Stern", "- {id: lia, name: Lia Stern")
    change(served.root, "charter.yaml", "lea@example.org", "lia@example.org")
    assert lea.get("/").status == 404
    answer = pax.act(served.review, "decide", function="privacy", verdict="reject", reason="No.")
    assert answer.status == 403
    assert served.state.status == "in_review"


def test_only_the_digest_of_a_session_lies_on_the_disk(served: Served) -> None:
    visit = served.visit("lea")
    folder = served.root / ".governance" / "sessions"
    assert folder.stat().st_mode & 0o777 == 0o700
    kept = [file for file in folder.rglob("*") if file.is_file()]
    assert kept
    assert not any(visit.cookie in f"{file}{file.read_bytes()!r}" for file in kept)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_form_from_another_page_does_nothing(served: Served, headers: dict[str, str]) -> None:
    visit = served.visit("lea")
    fields = {"token": visit.token(), "text": "hello"}
    answer = visit.post(f"/reviews/{served.review}/comment", fields, **headers)
    assert answer.status == 403
    assert "not sent from a page of ours" in answer.text
    assert visit.post("/sign-in", {"person": "pia"}, **headers).status == 403


def test_a_form_without_the_sessions_own_token_does_nothing(served: Served) -> None:
    lea, pia = served.visit("lea"), served.visit("pia")
    for token in ("", "wrong", pia.token()):
        answer = lea.post(f"/reviews/{served.review}/comment", {"token": token, "text": "hello"})
        assert answer.status == 403
        assert "reload the page" in answer.text.lower()
    assert "hello" not in lea.get(f"/reviews/{served.review}").text


def test_the_pages_are_reached_under_their_own_name_alone(served: Served) -> None:
    for host in ("evil.example", f"evil.example:{served.port}", "127.0.0.1.evil.example", "[::2]"):
        assert served.visit().get("/sign-in", Host=host).status == 404
    assert served.visit().get("/sign-in", Host=f"LOCALHOST:{served.port}").status == 200


def test_no_get_changes_anything(served: Served) -> None:
    visit = served.visit("lea")
    with served.store.begin() as unit:
        before = unit.ledger.size()
    for act in ("decide", "comment", "withdraw", "revoke"):
        assert visit.get(f"/reviews/{served.review}/{act}?text=x&reason=y&verdict=reject").status == 405
    for path in ("/", "/reviews", f"/reviews/{served.review}", "/sign-out"):
        visit.get(path)
    with served.store.begin() as unit:
        assert unit.ledger.size() == before


def test_every_answer_forbids_what_a_page_does_not_need(served: Served) -> None:
    visit = served.visit("lea")
    for path in (
        "/",
        "/sign-in",
        "/reviews/nothing",
        "/static/style.css",
        "/static/nothing",
        "/nothing/at/all",
    ):
        headers = visit.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_what_is_no_page_is_said_on_a_page_and_to_programs_in_json(served: Served) -> None:
    visit = served.visit()
    assert "There is no page /nothing/at/all" in visit.get("/nothing/at/all").text
    answer = visit.get("/api/v1/nothing")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")


def test_without_a_way_to_sign_in_the_page_says_how_to_set_one_up(shop: Path, clock: object) -> None:
    project = open_project(shop)
    store = open_project_store(project)
    with listening(application([], None, [page_router(project, store, {})])) as port:
        visit = Visit(port)
        assert "sign_in:" in visit.get("/sign-in").text
        assert visit.sign_in("lea").status == 404
        assert visit.get("/").status == 303
    store.close()


def test_every_page_says_that_anybody_can_be_anybody(served: Served) -> None:
    visit = served.visit("lea")
    for path in ("/sign-in", "/", "/reviews", f"/reviews/{served.review}", "/reviews/nothing"):
        assert "Development sign-in." in visit.get(path).text
