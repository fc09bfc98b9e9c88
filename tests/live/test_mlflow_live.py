"""A tracking server of MLflow itself, read over HTTP without MLflow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from governance_pipeline.nightly import open_new_reviews, run_night
from governance_pipeline.stages.discover import discover
from governance_pipeline.testing import a_model, a_services, a_small_project
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind
from governance_pipeline.vocabulary.night import PlaceRead
from governance_pipeline.vocabulary.review import MilestoneKind
from tests.live.environments import run
from tests.live.mlflow_server import mlflow_server

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("mlflow"), pytest.mark.timeout(1200)]

MODEL = "mortgage_approval"


@pytest.fixture
def server(mlflow: Path, tmp_path: Path) -> Iterator[str]:
    with mlflow_server(mlflow, tmp_path / "mlflow") as address:
        yield address


def test_versions_runs_and_aliases_of_a_server_are_read_and_a_moved_alias_opens_a_review(
    mlflow: Path, server: str, tmp_path: Path
):
    training = Path(__file__).with_name("mlflow_training.py")
    run([str(mlflow / "python"), str(training), server], tmp_path)
    model = a_model(registry={"mlflow": {"connection": "tracking", "name": "approvals"}})
    settings = {
        "connections": {"tracking": {"url": server}},
        "catalog": [{"mlflow": {"connection": "tracking"}}],
        "schedule": {"start": datetime.now(UTC).date() - timedelta(days=9)},
    }
    project = a_small_project(tmp_path, settings=settings, models={model.name: model})
    services = a_services(tmp_path, project=project, clock=lambda: datetime.now(UTC) + timedelta(days=1))
    first, second = discover(project, services.clock(), environ={}).versions[MODEL]
    assert (first.stage, second.stage) == ("production", "candidate")
    assert first.digest == f"sha256:{hashlib.sha256(b'weights 1').hexdigest()}"
    assert (first.snapshot, first.metrics) == ("lending.training_set", {"auc": pytest.approx(0.8)})
    assert first.snapshot_digest != second.snapshot_digest

    night = datetime.now(UTC).date()
    (told,) = [event for event in run_night(services, night) if isinstance(event, PlaceRead)]
    assert (told.error, told.not_understood) == (None, ())
    with services.store.begin() as unit:
        edges = unit.lineage.of_night(night)
        nodes = {node.entity: node for node in unit.lineage.nodes_of_night(night)}
    trains = {(edge.source, edge.target) for edge in edges if edge.kind is EdgeKind.TRAINS}
    assert (Entity.dataset("lending.training_set"), Entity.version(MODEL, "1")) in trains
    runs = [node for entity, node in nodes.items() if entity.kind is EntityKind.RUN]
    assert sorted(run.facts["params"] for run in runs) == ["c=1", "c=2"]
    assert nodes[Entity.model(MODEL)].description == "Approves mortgages."

    moved = {"name": "approvals", "alias": "champion", "version": "2"}
    path = "/api/2.0/mlflow/registered-models/alias"
    requests.post(server + path, json=moved, timeout=30).raise_for_status()
    (opened,) = open_new_reviews(services)
    assert (opened.milestone.kind, opened.milestone.version) == (MilestoneKind.MOVED_ALIAS, "2")
