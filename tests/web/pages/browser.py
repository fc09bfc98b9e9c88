"""A real browser on the pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDS = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="no Chromium here: apt-get install chromium"
)


@contextmanager
def browsing(port: int, **context: Any) -> Iterator[Any]:
    """A page. What pages of ``port`` write to its console, a refused script among it, fails the test."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        page = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context}).new_page()
        said: list[str] = []
        page.on("console", lambda one: said.append(f"{one.location['url']}: {one.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        yield page
        browser.close()
    ours = [one for one in said if one.startswith((f"http://127.0.0.1:{port}/", "Error"))]
    assert [one for one in ours if "status of 4" not in one] == []


def sign_in(page: Any, port: int, name: str, path: str = "/") -> None:
    """As somebody of the charter, by name."""
    page.goto(f"http://127.0.0.1:{port}{path}")
    option = page.locator("#person option").filter(has_text=name).get_attribute("value")
    page.select_option("#person", option)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()
