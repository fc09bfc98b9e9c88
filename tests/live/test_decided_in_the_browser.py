"""A version is decided on in a browser, promoted in MLflow, void by a change, rolled back, and proved."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.reviews.service import list_reviews
from governance_pipeline.testing import FixedClock
from governance_pipeline.web.app import application
from governance_pipeline.web.routes import page_router
from tests import tiny
from tests.cli.conftest import Command, clock, governance
from tests.live.environments import outside, run
from tests.live.mlflow_server import mlflow_server
from tests.web.pages.browser import NEEDS, browsing, sign_in
from tests.web.pages.people import Visit
from tests.web.serving import listening

__all__ = ["clock", "governance"]

pytestmark = [
    pytest.mark.live,
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.timeout(1200),
    pytest.mark.usefixtures("begun"),
    NEEDS,
]

MODEL = tiny.MODEL
DECIDERS = (("Eva Lund", "eva", "engineering"), ("Lea Stern", "lea", "legal"), ("Pax Vos", "pax", "privacy"),
            ("Eli Sato", "eli", "ethics"))  # fmt: skip


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first night is today's, because MLflow stamps a version with the time it is registered at."""
    monkeypatch.setattr(tiny, "START", datetime.now(UTC).date())


@dataclass
class Shop:
    """A project whose model is registered in MLflow, with its pages and its commands."""

    root: Path
    server: str
    mlflow: Path
    port: int
    clock: FixedClock
    governance: Command

    def release(self, number: int) -> None:
        script = Path(__file__).with_name("mlflow_release.py")
        run(
            [str(self.mlflow / "python"), str(script), self.server, MODEL, "shop.snapshot", str(number)],
            self.root,
        )

    def night(self, number: int) -> None:
        self.clock.now = tiny.morning(number)
        tiny.land(self.root, number, model=True)
        self.command("nightly", "--date", tiny.night(number), codes=(0, 1))

    def command(self, *words: object, codes: tuple[int, ...] = (0,)) -> Any:
        done = self.governance(*words, "--project", self.root)
        assert done.code in codes, (done.code, done.out, done.err)
        return done

    def review(self, version: str) -> str:
        store = open_project_store(open_project(self.root))
        try:
            return next(state.id for _, state in list_reviews(store) if state.version == version)
        finally:
            store.close()

    def champion(self) -> str:
        """The version that MLflow's alias names."""
        asked = {"name": MODEL, "alias": "champion"}
        path = "/api/2.0/mlflow/registered-models/alias"
        found = requests.get(self.server + path, params=asked, timeout=30)
        found.raise_for_status()
        return str(found.json()["model_version"]["version"])


@pytest.fixture
def shop(begun: None, mlflow: Path, tmp_path: Path, clock: FixedClock, governance: Command) -> Iterator[Shop]:
    with mlflow_server(mlflow, tmp_path / "mlflow") as server:
        root = tiny.tiny_project(tmp_path / "shop", model=True)
        (root / "registry.json").unlink()
        tiny.change(root, f"models/{MODEL}.yaml", "registry: {path: registry.json}",
                    f"registry: {{mlflow: {{connection: tracking, name: {MODEL}}}}}")  # fmt: skip
        tiny.change(root, f"models/{MODEL}.yaml", "tier: high", "tier: critical")
        tiny.change(
            root,
            "governance.yaml",
            "name: shop",
            f"name: shop\nconnections: {{tracking: {{url: '{server}'}}}}",
        )
        project = open_project(root)
        store = open_project_store(project)
        with listening(application([], None, [page_router(project, store, {}, dev_sign_in=True)])) as port:
            yield Shop(root, server, mlflow, port, clock, governance)
        store.close()


def test_what_four_functions_decide_moves_the_alias_and_what_changes_afterwards_takes_it_back(
    shop: Shop, cryptography_alone: Path, tmp_path: Path
) -> None:
    shop.release(1)
    shop.night(1)
    first = shop.review("1")
    for _, person, function in DECIDERS:
        visit = Visit(shop.port)
        visit.sign_in(person)
        assert visit.act(first, "decide", function=function, verdict="approve", reason="Read.").status == 303
    shop.command("promote", MODEL, "1", "--as", "ben")
    assert shop.champion() == "1"

    shop.release(2)
    shop.night(2)
    closed = shop.command("gate", MODEL, "2", codes=(1,))
    assert "still to decide: engineering, ethics, legal, privacy" in " ".join(closed.out.split())
    refused = shop.command("promote", MODEL, "2", "--as", "ben", codes=(1,))
    assert "review" in refused.err
    assert shop.champion() == "1"

    _decide_in_the_browser(shop, shop.review("2"))
    assert shop.command("gate", MODEL, "2").out.startswith("OPEN")
    shop.command("promote", MODEL, "2", "--as", "ben")
    assert shop.champion() == "2"
    assert shop.command("gate", MODEL, "2", "--stage", "production").out.startswith("OPEN")

    shop.night(3)
    people = shop.root / "data" / "people" / f"{tiny.night(3)}.parquet"
    rows = pq.read_table(people).to_pandas()
    rows.loc[:50, "income"] = -1.0
    rows.to_parquet(people)
    shop.command("nightly", "--date", tiny.night(3), codes=(1,))
    void = shop.command("gate", MODEL, "2", "--stage", "production", codes=(1,)).out
    assert "shop.people: quality fail" in void

    shop.command("rollback", MODEL, "--as", "eva", "--reason", "Incomes are negative.")
    assert shop.champion() == "1"
    shop.command("ledger", "verify")

    pack = tmp_path / "pack"
    shop.command("evidence", MODEL, "2", "--out", pack)
    keys = shop.root / ".governance" / "signing-keys.public.json"
    words = [str(cryptography_alone / "python"), "-I", str(pack / "verify.py"), str(pack), "--key", str(keys)]
    held = subprocess.run(words, capture_output=True, text=True, env=outside(), timeout=240, check=False)
    assert (held.returncode, held.stderr) == (0, "")
    page = (pack / "index.html").read_text(encoding="utf-8")
    for name, _, _ in DECIDERS:
        assert name in page
    assert "Incomes are negative." in page


def _decide_in_the_browser(shop: Shop, review: str) -> None:
    path = f"/reviews/{review}"
    with browsing(shop.port) as page:
        sign_in(page, shop.port, "Ada Okafor", path)
        assert page.get_by_text("You may not decide on this:").is_visible()
        assert page.get_by_text("you answer for its input").is_visible()
        assert page.get_by_role("button", name="Record my decision").count() == 0
    for name, _, _ in DECIDERS:
        with browsing(shop.port) as page:
            sign_in(page, shop.port, name, path)
            page.locator("input[name=verdict][value=approve]").check()
            page.locator("#reason").fill(f"{name} has read the evidence.")
            page.get_by_role("button", name="Record my decision").click()
            page.get_by_text("Your decision is recorded.").wait_for()
