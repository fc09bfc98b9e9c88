"""Fixtures that every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from governance_pipeline.store.open import upgrade_store
from tests.postgres import PostgresCannotRun, PostgresServer, empty_tables, running_postgres
from tests.spark import SparkCannotRun, running_spark

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


@pytest.fixture(scope="session")
def spark_url() -> Iterator[str]:
    """A connection's URL of a Spark that runs in this test process, started when first asked for."""
    try:
        with running_spark() as url:
            yield url
    except SparkCannotRun as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI must run Spark")
        pytest.skip(str(reason))


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A new, empty Postgres database for this test: ``postgresql+psycopg://...?host=<socket folder>``."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def _postgres_store(postgres_server: PostgresServer) -> Iterator[str]:
    """A database with the store's tables, for all tests of this process: a new one takes 0.4 s."""
    with postgres_server.database() as url:
        upgrade_store(url)
        yield url


@pytest.fixture
def postgres_store_url(_postgres_store: str) -> Iterator[str]:
    """Like ``postgres_url``, with the store's tables already there, and empty."""
    yield _postgres_store
    empty_tables(_postgres_store)
