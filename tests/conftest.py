"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import PostgresCannotRun, PostgresServer, running_postgres


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
