"""Who can read a table is measured by the night: on files by permission, in Postgres by grant and view."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pyarrow.parquet as pq
import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import AlertQueued, IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests import tiny
from tests.profiles.support import write_postgres

LEAK = """
CREATE ROLE n_risk LOGIN; CREATE ROLE n_intern LOGIN;
GRANT SELECT ON people TO n_risk; GRANT USAGE ON SCHEMA public TO n_risk, n_intern;
CREATE VIEW people_view AS SELECT income FROM people; GRANT SELECT ON people_view TO n_intern;
"""
CLEAN = "DROP OWNED BY n_risk, n_intern; DROP ROLE n_risk, n_intern"
FILES = '- {server: local, type: local, path: "data/people/*.parquet", format: parquet}'
SERVER = "- {server: engine, type: postgres, host: h, port: 5432, database: d, schema: public}"


def with_roles(root: Path, role: str) -> Path:
    """The tiny shop, whose people one role may read."""
    tiny.tiny_project(root)
    playbook = root / "playbook" / "playbook.yaml"
    tiny.change(root, "playbook/playbook.yaml", "indicators:\n", "indicators:\n  access: {clause: P-2}\n")
    assert "access:" in playbook.read_text()
    contract = root / "datasets" / "people.odcs.yaml"
    contract.write_text(f"{contract.read_text()}\nroles: [{{role: {role}, access: read}}]\n")
    return root


def night(root: Path, *, run_on: int = 1) -> tuple[dict[str, Measurement], list[str]]:
    """The first night, run in the morning after the night of that number."""
    with tiny.opened(root, run_on) as services:
        events = list(run_night(services, tiny.night(1)))
    found = [event.measurement for event in events if isinstance(event, IndicatorMeasured)]
    told = [event.alert.body for event in events if isinstance(event, AlertQueued)]
    return {m.entity.name: m for m in found if m.indicator == "access"}, told


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that everybody may look into, unlike those of pytest."""
    with TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def test_files_that_everybody_may_read_are_a_breach_until_their_permissions_change(folder: Path):
    root = with_roles(folder / "shop", "risk")
    for path in (root / "data" / "people").iterdir():
        path.chmod(0o644)
    found, told = night(root)
    assert set(found) == {"shop.people"}
    assert found["shop.people"].outcome is Outcome.FAIL
    assert any("everybody on the machine (by the permissions of its files)" in body for body in told)

    for path in (root / "data" / "people").iterdir():
        path.chmod(0o600)
    assert night(root)[0]["shop.people"].outcome is Outcome.PASS


def test_a_reader_by_way_of_a_view_is_found_in_postgres(tmp_path: Path, postgres_url: str):
    root = with_roles(tmp_path / "shop", "n_risk")
    tiny.contract(root, "people", FILES, SERVER)
    write_postgres(postgres_url, pq.read_table(root / "data" / "people"), "people")
    settings = root / "governance.yaml"
    settings.write_text(f"{settings.read_text()}connections:\n  engine: {{url: '{postgres_url}'}}\n")
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(LEAK)
        try:
            found, told = night(root)
        finally:
            connection.execute(CLEAN)
    one = found["shop.people"]
    assert one.outcome is Outcome.FAIL
    assert [line for line in one.details["undeclared"] if line.startswith("n_")] == [
        "n_intern: grant, itself, by way of public.people_view"
    ]
    assert any("n_intern" in body for body in told)


def test_of_a_night_that_ended_days_ago_nobody_knows(tmp_path: Path):
    found, _ = night(with_roles(tmp_path / "shop", "risk"), run_on=3)
    assert found["shop.people"].outcome is Outcome.INSUFFICIENT
