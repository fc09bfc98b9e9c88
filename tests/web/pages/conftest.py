"""The pages over a project with an open review."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar import Litestar

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import list_reviews, load_review
from governance_pipeline.store.ports import Store
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.review import ReviewEvent
from governance_pipeline.web.app import application
from governance_pipeline.web.routes import page_router
from tests.web.conftest import _lived, clock, shop
from tests.web.pages.people import Visit
from tests.web.serving import listening

__all__ = ["_lived", "clock", "shop"]


@dataclass
class Served:
    """Pages on a port, with what stands behind them."""

    port: int
    app: Litestar
    root: Path
    store: Store
    clock: FixedClock

    def visit(self, person: str | None = None) -> Visit:
        found = Visit(self.port)
        if person is not None:
            assert found.sign_in(person).status == 303
        return found

    @property
    def review(self) -> str:
        """The id of version 2's review."""
        return next(state.id for _, state in list_reviews(self.store) if state.version == "2")

    def events(self) -> Sequence[ReviewEvent]:
        review = self.review
        with self.store.begin() as unit:
            return unit.reviews.events(review)

    @property
    def state(self) -> ReviewState:
        review = self.review
        with self.store.begin() as unit:
            return load_review(unit, review)


@pytest.fixture
def served(shop: Path, clock: FixedClock) -> Iterator[Served]:
    """With the sign-in of development."""
    project = open_project(shop)
    store = open_project_store(project)
    app = application([], None, [page_router(project, store, {}, dev_sign_in=True)])
    with listening(app) as port:
        yield Served(port, app, shop, store, clock)
    store.close()
