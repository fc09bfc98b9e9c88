"""The three stores, held to one contract: a test that takes ``store`` runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store

DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))


def _store_url(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    if kind == "memory":
        return "memory://"
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_store_url"))


@pytest.fixture(params=("memory", *DATABASES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A new, empty store: in memory, in SQLite, in Postgres."""
    opened = open_store(_store_url(request.param, tmp_path, request))
    yield opened
    opened.close()


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store in a database, for tests that open it more than once."""
    url = _store_url(request.param, tmp_path, request)
    open_store(url).close()
    return url
