"""A feature store that Feast itself made, read without Feast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.catalog.feast import read_feast
from governance_pipeline.charter.places import FeastPlace
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import NIGHT, a_services, a_small_project
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind, Reading
from governance_pipeline.vocabulary.night import PlaceRead, ReviewOpened
from governance_pipeline.vocabulary.review import MilestoneKind
from tests.live.environments import run

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("feast"), pytest.mark.timeout(1200)]

DEFINITIONS = Path(__file__).with_name("feast_repository.py").read_text(encoding="utf-8")
STORE = """\
project: lending
provider: local
registry: {registry}
online_store: {{type: sqlite, path: data/{online}.db}}
offline_store: {{type: file}}
entity_key_serialization_version: 3
"""
OF_FILE = FeastPlace(registry="features/data/registry.db", repository="features")
OF_SQL = FeastPlace(connection="feats", repository="features")
VIEW = Entity(EntityKind.FEATURE_VIEW, "lending/incomes")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the configurations of a file registry and of a SQL registry."""
    folder = tmp_path / "features"
    (folder / "data").mkdir(parents=True)
    sql = '{registry_type: sql, path: "sqlite:///data/registry.sqlite"}'
    (folder / "feature_store.yaml").write_text(STORE.format(registry="data/registry.db", online="one"))
    (folder / "sql.yaml").write_text(STORE.format(registry=sql, online="two"))
    (folder / "definitions.py").write_text(DEFINITIONS)
    at = [datetime(2026, 1, 1)] * 2  # noqa: DTZ001  (Feast takes it for UTC)
    rows = {"applicant_id": [1, 2], "ratio": [0.1, 0.2], "debt": [1.0, 2.0], "at": at}
    pq.write_table(pa.table(rows), folder / "data" / "incomes.parquet")
    return folder


def test_what_feast_applied_is_read_of_its_file_and_of_its_tables_and_a_change_opens_a_review(
    feast: Path, repository: Path, tmp_path: Path
):
    run([str(feast / "feast"), "apply"], repository)
    run([str(feast / "feast"), "-f", "sql.yaml", "apply"], repository)
    settings = {
        "catalog": [{"feast": OF_FILE.model_dump(exclude_none=True)}],
        "connections": {"feats": {"url": "sqlite:///features/data/registry.sqlite"}},
    }
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings=settings))
    around = surroundings(services.project, datetime.now(UTC), {})
    of_file, of_sql = read_feast(OF_FILE, "feast", around), read_feast(OF_SQL, "feast", around)
    _is_as_defined(of_file)
    assert {(one.entity, one.digest, one.tags, one.owners) for one in of_file.nodes} == {
        (one.entity, one.digest, one.tags, one.owners) for one in of_sql.nodes
    }
    assert {(edge.source, edge.target) for edge in of_file.edges} == {
        (edge.source, edge.target) for edge in of_sql.edges
    }

    (told,) = [e for e in run_night(services, NIGHT - timedelta(days=1)) if isinstance(e, PlaceRead)]
    assert (told.error, told.not_understood) == (None, ())
    changed = DEFINITIONS.replace('Field(name="ratio", dtype=Float64)', 'Field(name="ratio", dtype=Int64)')
    (repository / "definitions.py").write_text(changed)
    run([str(feast / "feast"), "apply"], repository)
    (opened,) = [
        event.milestone
        for event in run_night(services, NIGHT)
        if isinstance(event, ReviewOpened) and event.milestone.kind is MilestoneKind.FEATURE_STORE_CHANGE
    ]
    assert opened.model == "mortgage_approval"
    assert "lending/incomes has ratio as INT64, not DOUBLE" in opened.sentence


def _is_as_defined(found: Reading) -> None:
    assert found.not_understood == ()
    nodes = {one.entity: one for one in found.nodes}
    view = nodes[VIEW]
    assert (view.owners, view.tags, view.facts["ttl"]) == (("ada@example.org",), ("team=credit",), "2 d")
    key = nodes[Entity(EntityKind.FEATURE, "lending/incomes#applicant_id")]
    assert (key.role, key.tags, key.owners) == ("join key", ("personal",), ("ben@example.org",))
    flows = {(str(e.source), str(e.target)) for e in found.edges if e.kind is EdgeKind.FEEDS}
    assert {
        ("source:features/data/incomes.parquet", "feature_view:lending/incomes"),
        ("column:features/data/incomes.parquet#ratio", "feature:lending/incomes#ratio"),
        ("feature:lending/incomes#debt", "feature:lending/burden#load"),
        ("column:lending/asked#amount", "feature:lending/burden#load"),
        ("feature:lending/incomes#ratio", "feature_service:lending/approval"),
        ("feature_service:lending/approval", "model:mortgage_approval"),
    } <= flows
    assert ("feature:lending/incomes#debt", "feature_service:lending/approval") not in flows
