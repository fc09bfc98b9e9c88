"""A tracking server of MLflow itself, read over HTTP without MLflow."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import time
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
from tests.live.environments import outside, run

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("mlflow"), pytest.mark.timeout(1200)]

START_SECONDS = 120
MODEL = "mortgage_approval"


@pytest.fixture
def server(mlflow: Path, tmp_path: Path) -> Iterator[str]:
    """A server on this machine, its database and artefacts in a folder of the test; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path / "mlflow"
    folder.mkdir()
    store, artefacts = f"sqlite:///{folder}/mlflow.db", str(folder / "artefacts")
    words = ["--backend-store-uri", store, "--artifacts-destination", artefacts, "--workers", "1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(mlflow / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), *words],
            stdout=log,
            stderr=log,
            env=outside(),
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process, folder / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{address}/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    pytest.fail(f"the server of MLflow does not answer: {log.read_text()[-2000:]}")


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
