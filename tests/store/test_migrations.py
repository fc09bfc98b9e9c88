"""The migrations build what the tables say, both ways, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, text

from governance_pipeline.store.engine import database_url as parsed
from governance_pipeline.store.engine import make_engine
from governance_pipeline.store.measurements import SqlMeasurements
from governance_pipeline.store.night_records import measurement_rows
from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.store.schema import VERSION_TABLE
from governance_pipeline.store.tables import REVISION, measurements, metadata
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.upgrade import migration_config
from governance_pipeline.vocabulary.outcome import Outcome
from tests.store.examples import NIGHT, measurement, nights_after
from tests.store.test_unit import WRITTEN, everything, write_everything


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    return str(request.getfixturevalue("postgres_url"))


def on(url: str, act: Callable) -> object:
    """What ``act`` gives for an open connection to ``url``."""
    engine = make_engine(parsed(url))
    try:
        with engine.begin() as connection:
            return act(connection)
    finally:
        engine.dispose()


def differences(connection) -> list:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return compare_metadata(context, metadata)


def definitions(connection) -> dict:
    """Everything the database itself says of its tables, with the collations of Postgres."""
    inspector = inspect(connection)
    found = {}
    for table in sorted(inspector.get_table_names()):
        found[table] = {
            "columns": [
                (part["name"], str(part["type"]), getattr(part["type"], "collation", None), part["nullable"])
                for part in inspector.get_columns(table)
            ],
            "primary key": inspector.get_pk_constraint(table),
            "foreign keys": sorted(map(str, inspector.get_foreign_keys(table))),
            "unique": sorted(map(str, inspector.get_unique_constraints(table))),
            "indexes": sorted(map(of_index, inspector.get_indexes(table))),
        }
    return found


def of_index(said) -> str:
    options = {name: str(value) for name, value in said.get("dialect_options", {}).items()}
    return str({**said, "dialect_options": options})


def create_all(connection) -> None:
    metadata.create_all(connection)


def test_an_upgraded_database_equals_the_tables(empty_url: str):
    revision = upgrade_store(empty_url)
    assert (revision.current, revision.expected) == (REVISION, REVISION)
    assert on(empty_url, differences) == []


def test_a_database_made_at_once_equals_a_migrated_one(empty_url: str, tmp_path: Path, request):
    upgrade_store(empty_url)
    if empty_url.startswith("sqlite"):
        open_store(f"sqlite:///{tmp_path}/new.db").close()
        at_once = on(f"sqlite:///{tmp_path}/new.db", definitions)
        assert on(empty_url, definitions) == at_once
        return
    migrated = on(empty_url, definitions)
    with request.getfixturevalue("postgres_server").database() as url:
        on(url, create_all)
        at_once = on(url, definitions)
    migrated.pop(VERSION_TABLE)
    assert migrated == at_once


def test_what_a_season_of_nights_found_is_read_by_its_index(empty_url: str):
    """Of 400 nights of 20 passes and one failure each, the failures alone are looked at."""
    upgrade_store(empty_url)
    rows = [
        row
        for number in range(400)
        for facet, outcome in enumerate([Outcome.FAIL, *[Outcome.PASS] * 20])
        for row in measurement_rows(
            nights_after(number),
            [measurement(night=nights_after(number), facet=str(facet), outcome=outcome)],
        )
    ]

    def plan(connection) -> str:
        connection.execute(measurements.insert(), rows)
        connection.execute(text("analyze"))
        sent = []
        event.listen(connection, "before_cursor_execute", lambda *said: sent.append(said[2:4]))
        transaction = Transaction(connection, "here")
        assert len(SqlMeasurements(transaction).found("recency", NIGHT, nights_after(399))) == 400
        statement, parameters = sent[-1]
        explain = "explain query plan" if connection.dialect.name == "sqlite" else "explain"
        return str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all())

    assert "ix_measurements_found" in str(on(empty_url, plan))


@pytest.mark.postgres
def test_names_are_ordered_by_code_point_on_postgres_whatever_its_language(postgres_url: str):
    upgrade_store(postgres_url)
    columns = on(postgres_url, definitions)["measurements"]["columns"]
    assert {name: collation for name, _, collation, _ in columns if collation} == {
        "entity": "C",
        "indicator": "C",
        "facet": "C",
    }


def test_down_removes_every_table_and_up_again_works(empty_url: str):
    upgrade_store(empty_url)
    on(empty_url, lambda connection: command.downgrade(migration_config(connection), "base"))
    assert set(on(empty_url, definitions)) == {VERSION_TABLE}
    upgrade_store(empty_url)
    assert on(empty_url, differences) == []


def test_upgrading_again_changes_nothing(empty_url: str):
    upgrade_store(empty_url)
    store = open_store(empty_url)
    with store.begin() as unit:
        write_everything(unit)
    store.close()
    assert upgrade_store(empty_url).is_current
    store = open_store(empty_url)
    with store.begin() as unit:
        assert everything(unit) == WRITTEN
    store.close()


def test_a_failed_upgrade_leaves_the_database_as_it_was(empty_url: str):
    on(empty_url, lambda connection: connection.execute(text("create table versions (mine int)")))
    before = on(empty_url, definitions)
    with pytest.raises(Exception, match="store"):
        upgrade_store(empty_url)
    assert on(empty_url, definitions) == before


def test_the_tables_stand_for_the_newest_migration(tmp_path: Path):
    script = on(
        f"sqlite:///{tmp_path}/any.db",
        lambda connection: ScriptDirectory.from_config(migration_config(connection)),
    )
    assert script.get_heads() == [REVISION]


def test_the_migrations_are_shipped_with_the_package():
    folder = resources.files("governance_pipeline.store.migrations")
    assert folder.joinpath("env.py").is_file()
    assert folder.joinpath("script.py.mako").is_file()
    assert folder.joinpath("versions/v0001_first_tables.py").is_file()
