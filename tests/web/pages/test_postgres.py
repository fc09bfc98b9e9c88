"""The pages over a store on Postgres: the same page, the same acts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.reviews.service import list_reviews
from governance_pipeline.testing import FixedClock
from governance_pipeline.web.app import application
from governance_pipeline.web.routes import page_router
from tests.reviews.test_killed import lived
from tests.tiny import morning
from tests.web.pages.people import Visit
from tests.web.serving import listening


def shown(root: Path) -> list[str]:
    """What somebody sees of version 2's review, before and after deciding, without what differs by chance."""
    project = open_project(root)
    store = open_project_store(project)
    review = next(state.id for _, state in list_reviews(store) if state.version == "2")
    with listening(application([], None, [page_router(project, store, {}, dev_sign_in=True)])) as port:
        visit = Visit(port)
        visit.sign_in("lea")
        pages = [visit.get("/").text, visit.get(f"/reviews/{review}").text]
        decided = visit.act(review, "decide", function="legal", verdict="approve", reason="Read.")
        assert decided.status == 303
        pages += [visit.get(decided.to).text, visit.get("/reviews?show=open").text]
        assert visit.act(review, "delegate", function="legal", to="eli", until="2026-03-20").status == 303
        other = Visit(port)
        other.sign_in("eli")
        assert other.act(review, "recuse", reason="I built it with her.").status == 303
        pages.append(other.get(f"/reviews/{review}").text)
    store.close()
    return [re.sub(r'name="token" value="[^"]+"', "", page) for page in pages]


@pytest.mark.postgres
def test_people_see_and_do_the_same_on_both_stores(
    tmp_path: Path, postgres_store_url: str, clock: FixedClock
) -> None:
    clock.now = morning(1)
    on_sqlite, on_postgres = (
        lived(tmp_path / name, url) for name, url in (("a", None), ("b", postgres_store_url))
    )
    assert shown(on_sqlite) == shown(on_postgres)
