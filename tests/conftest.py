"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import make_url

from governance_pipeline.store.open import upgrade_store
from tests.postgres import PostgresCannotRun, PostgresServer, running_postgres

# No time limit per example (machines differ, and verdicts may not), and no database of examples on disk.
settings.register_profile("suite", deadline=None, database=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One embedded Postgres per test process, started when the first test asks for it."""
    try:
        with running_postgres() as server:
            yield server
    except PostgresCannotRun as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A new, empty Postgres database for this test: ``postgresql+psycopg://...?host=<socket folder>``."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def _postgres_template(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with the store's tables, to copy: quicker than running the migrations for each test."""
    with postgres_server.database() as url:
        upgrade_store(url)
        yield str(make_url(url).database)


@pytest.fixture
def postgres_store_url(postgres_server: PostgresServer, _postgres_template: str) -> Iterator[str]:
    """Like ``postgres_url``, with the store's tables already there."""
    with postgres_server.database(template=_postgres_template) as url:
        yield url
