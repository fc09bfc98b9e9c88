"""What is read of an MLflow server over HTTP, without MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.catalog.mlflow import read_mlflow, registry_state
from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.catalog.registry_moves import move_stage
from governance_pipeline.charter.places import MlflowPlace
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.settings import Connection
from governance_pipeline.errors import CannotEvaluate, NotFound
from governance_pipeline.lineage.build import build
from governance_pipeline.lineage.sql import column_lineage
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.nightly import run_night
from governance_pipeline.reviews.gate import evaluate_gate
from governance_pipeline.stages.discover import discover
from governance_pipeline.testing import NIGHT, a_model, a_services, a_small_project
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind, Node, Reading
from governance_pipeline.vocabulary.night import NightSealed, PlaceRead, VersionDiscovered
from tests.catalog.mlflow_server import AT, DIGEST, FakeMlflow, an_input, serving

TRAINING_SET = "lending.training_set"
VERSION = "version:tracking/mortgage_approval/1"


@pytest.fixture
def fake() -> Iterator[FakeMlflow]:
    with serving(FakeMlflow()) as server:
        yield server


def around(url: str, *, token: str | None = None, **environ: str) -> Surroundings:
    known = {"tracking": Connection(url=url, token=token)}
    return Surroundings(Path("/project"), environ, datetime.now(UTC), column_lineage, known)


def read(fake: FakeMlflow, **place: Any) -> Reading:
    return read_mlflow(MlflowPlace(connection="tracking", **place), "mlflow:tracking", around(fake.url))


def edges(reading: Reading, kind: EdgeKind) -> set[tuple[str, str]]:
    return {(str(e.source), str(e.target)) for e in reading.edges if e.kind is kind}


def node(reading: Reading, name: str) -> Node:
    return next(one for one in reading.nodes if str(one.entity) == name)


def test_models_versions_aliases_and_runs_are_read(fake: FakeMlflow):
    fake.add_version("1")
    fake.models["mortgage_approval"] |= {
        "description": "Approves mortgages.",
        "tags": [{"key": "owner", "value": "ada@example.org"}, {"key": "mlflow.x", "value": "1"}],
    }
    fake.alias("champion", "1")
    tags = {"mlflow.user": "ada@example.org", "mlflow.source.git.commit": "c0ffee"}
    fake.add_run("run1", inputs=[an_input(TRAINING_SET, uri="data/set.parquet")], tags=tags)
    found = read(fake)
    assert found.not_understood == ()
    model = node(found, "model:tracking/mortgage_approval")
    assert (model.description, model.owners, model.tags) == (
        "Approves mortgages.",
        ("ada@example.org",),
        ("owner=ada@example.org",),
    )
    assert node(found, VERSION).facts["aliases"] == "champion"
    run = node(found, "run:tracking/run1").facts
    assert run["metrics"] == "auc=0.8"  # NaN is no metric worth showing
    assert run["params"] == "c=1"  # nor is what sounds secret
    assert (run["user"], run["git commit"]) == ("ada@example.org", "c0ffee")
    assert run["inputs"] == f"{TRAINING_SET} 58d809ec training"
    assert node(found, "source:data/set.parquet").facts["path"] == "/project/data/set.parquet"
    assert edges(found, EdgeKind.TRAINS) == {("source:data/set.parquet", VERSION)}
    assert edges(found, EdgeKind.READ_BY) == {("source:data/set.parquet", "run:tracking/run1")}
    assert edges(found, EdgeKind.WRITES) == {("run:tracking/run1", VERSION)}
    assert edges(found, EdgeKind.DEPLOYED_TO) == {(VERSION, "deployment:tracking/mortgage_approval@champion")}
    assert edges(found, EdgeKind.OWNS) == {("person:ada@example.org", "model:tracking/mortgage_approval")}


@pytest.mark.parametrize(
    ("source", "name", "fact"),
    [
        ({"uri": "s3://b/set.parquet"}, "s3://b/set.parquet", ("path", "s3://b/set.parquet")),
        ({"uri": "https://ann:pw@h/set.csv?sig=1"}, "https://h/set.csv", ("path", "https://h/set.csv")),
        ({"uri": "file:///data/set.csv"}, "/data/set.csv", ("path", "/data/set.csv")),
        ({"table_name": "lending.set"}, "lending.set", ("table", "lending.set")),
        ({}, "tracking/lending.training_set", ("dataset", TRAINING_SET)),
    ],
)
def test_an_input_is_named_by_where_its_rows_are(
    fake: FakeMlflow, source: dict[str, str], name: str, fact: tuple[str, str]
):
    fake.add_version("1")
    fake.add_run("run1", inputs=[an_input(TRAINING_SET, **source)])
    assert node(read(fake), f"source:{name}").facts[fact[0]] == fact[1]


def test_every_page_is_read(fake: FakeMlflow):
    fake.page = 3
    for number in range(1, 11):
        fake.add_version(str(number), name=f"model{number % 4}")
    found = read(fake)
    assert sum(one.role == "model version" for one in found.nodes) == 10
    assert sum(one.role == "registered model" for one in found.nodes) == 4


def test_only_the_asked_models_are_read_and_one_that_is_not_there_is_told(fake: FakeMlflow):
    fake.add_version("1")
    fake.add_version("1", name="other")
    found = read(fake, models=("other", "gone"))
    assert {one.role for one in found.nodes} == {"registered model", "model version"}
    assert {one.facts["name"] for one in found.nodes} == {"other", "other/1"}
    assert found.not_understood == ("tracking: there is no registered model 'gone'",)


@pytest.mark.parametrize(
    ("url", "token", "expected"),
    [
        ("http://ann:s%40cret@{host}", None, "Basic YW5uOnNAY3JldA=="),
        ("http://{host}", "${MLFLOW_TOKEN}", "Bearer t0ken"),
    ],
)
def test_a_user_or_a_token_of_the_environment_is_shown(
    fake: FakeMlflow, url: str, token: str | None, expected: str
):
    fake.add_version("1")
    fake.authorization = expected
    there = around(url.format(host=fake.url.partition("//")[2]), token=token, MLFLOW_TOKEN="t0ken")
    found = read_mlflow(MlflowPlace(connection="tracking"), "mlflow:tracking", there)
    assert found.nodes
    with pytest.raises(CannotEvaluate, match="status 401"):
        read(fake)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ((200, "<html>"), "no JSON object: is there an MLflow server"),
        ((200, "[]"), "no JSON object"),
        ((200, '{"registered_models": 7}'), "is no list"),
        ((200, '{"registered_models": [], "next_page_token": "x"}'), "its pages do not end"),
        ((403, '{"message": "no way in"}'), "status 403: no way in"),
        ((302, ""), "status 302"),
        ((500, "oops"), "status 500"),
        ((200, "[" * 100_000), "no JSON object"),
    ],
)
def test_an_answer_that_is_none_is_named(fake: FakeMlflow, broken: tuple[int, str], said: str):
    fake.broken["registered-models/search"] = broken
    with pytest.raises(CannotEvaluate, match=said) as caught:
        read(fake)
    assert "connection 'tracking'" in caught.value.message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ann:hunter2@127.0.0.1:1", "does not answer"),
        ("postgresql://ann:hunter2@h/db", "no http or https address"),
        ("http://${MLFLOW_HOST}", "MLFLOW_HOST"),
    ],
)
def test_a_server_that_is_not_there_is_named_without_its_password(url: str, said: str):
    with pytest.raises(CannotEvaluate, match=said) as caught:
        read_mlflow(MlflowPlace(connection="tracking"), "mlflow:tracking", around(url))
    assert "hunter2" not in str(caught.value)


# --- as a model's registry ---------------------------------------------------------------------------


def a_project(root: Path, fake: FakeMlflow, **registry: Any) -> Project:
    """The small project, whose model is registered in MLflow."""
    model = a_model(registry={"mlflow": {"connection": "tracking", **registry}})
    settings = {"connections": {"tracking": {"url": fake.url}}}
    return a_small_project(root, settings=settings, models={model.name: model})


def test_versions_come_from_mlflow(fake: FakeMlflow, tmp_path: Path):
    fake.add_version("1")
    fake.add_version("2")
    fake.alias("champion", "1")
    fake.alias("shadow", "2")
    fake.add_run("run1", inputs=[an_input(TRAINING_SET)], tags={"mlflow.user": "ada@example.org"})
    project = a_project(tmp_path, fake)
    found = discover(project, datetime.fromtimestamp(AT / 1000 + 60, UTC), environ={})
    first, second = found.versions["mortgage_approval"]
    assert (first.version, first.stage, first.digest) == ("1", "production", DIGEST)
    assert (first.snapshot, first.snapshot_digest) == (TRAINING_SET, "58d809ec")
    assert first.metrics == {"auc": 0.8}
    assert first.registered_at == datetime.fromtimestamp(AT / 1000, UTC)
    assert first.environment["aliases"] == ["champion"]
    assert (second.stage, second.snapshot) == ("shadow", "")
    assert found.serving("mortgage_approval") == first
    assert not found.problems


@pytest.mark.parametrize(
    ("changes", "stage"),
    [
        ({}, "candidate"),
        ({"current_stage": "Production"}, "production"),
        ({"current_stage": "Archived"}, "archived"),
        ({"version": 1, "creation_timestamp": str(AT)}, "candidate"),  # as older servers write them
    ],
)
def test_a_stage_of_mlflow_is_the_stage(
    fake: FakeMlflow, tmp_path: Path, changes: dict[str, Any], stage: str
):
    fake.add_version("1", **changes)
    (found,) = discover(
        a_project(tmp_path, fake), datetime.now(UTC) + timedelta(days=9999), environ={}
    ).all_versions
    assert (found.version, found.stage) == ("1", stage)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"status": "FAILED_REGISTRATION"}, "version 1 of mortgage_approval is failed_registration"),
        ({"creation_timestamp": None}, "has no time of registration"),
        ({"tags": [{"key": "digest", "value": "md5:1"}]}, "has a digest that is no sha256: 'md5:1'"),
    ],
)
def test_a_version_that_is_not_right_is_left_out_and_told(
    fake: FakeMlflow, tmp_path: Path, changes: dict[str, Any], said: str
):
    fake.add_version("1", **changes)
    project = a_project(tmp_path, fake)
    found = read_registry(project.models["mortgage_approval"], around(fake.url))
    assert found.versions == ()
    assert said in found.problems[0]
    assert found.left_out == ("1",)


def test_a_version_that_is_being_registered_is_not_there_yet(fake: FakeMlflow, tmp_path: Path):
    fake.add_version("1", status="PENDING_REGISTRATION")
    found = read_registry(a_project(tmp_path, fake).models["mortgage_approval"], around(fake.url))
    assert (found.versions, found.problems) == ((), ())


@pytest.mark.parametrize("name", ["it's", 'say "x"', 'it\'s "x"', "a b/c?d=e&f", "Ärger"])
def test_a_name_with_quotes_and_signs_is_found(fake: FakeMlflow, tmp_path: Path, name: str):
    fake.add_version("1", name=name)
    fake.add_version("7", name="another")
    project = a_project(tmp_path, fake, name=name)
    (found,) = read_registry(project.models["mortgage_approval"], around(fake.url)).versions
    assert (found.model, found.version) == ("mortgage_approval", "1")


def test_a_model_that_mlflow_lacks_is_a_problem(fake: FakeMlflow, tmp_path: Path):
    found = discover(a_project(tmp_path, fake), datetime.now(UTC), environ={})
    assert "has no registered model 'mortgage_approval'" in found.unread["mortgage_approval"]


def test_a_night_without_the_server_keeps_what_was_known_and_tells_it(tmp_path: Path):
    with serving(FakeMlflow()) as fake:
        at = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)
        fake.add_version("1", creation_timestamp=at)
        fake.alias("champion", "1")
        project = a_project(tmp_path, fake)
        services = a_services(tmp_path, project=project)
        events = list(run_night(services, NIGHT - timedelta(days=1)))
    assert [event.version.version for event in events if isinstance(event, VersionDiscovered)] == ["1"]
    assert not [event for event in events if isinstance(event, PlaceRead)]
    events = list(run_night(services, NIGHT))
    (told,) = [event for event in events if isinstance(event, PlaceRead)]
    assert (told.place, told.nodes) == ("registry:mortgage_approval", 1)
    assert "does not answer" in str(told.error)
    assert isinstance(events[-1], NightSealed)
    with services.store.begin() as unit:
        kept = {edge.source for edge in unit.lineage.of_night(NIGHT)}
    assert Entity.version("mortgage_approval", "1") in kept


def test_the_gate_is_closed_while_nobody_says_what_the_artefact_is(fake: FakeMlflow, tmp_path: Path):
    fake.add_version("1", tags=[])
    project = a_project(tmp_path, fake)
    services = a_services(tmp_path, project=project)
    report = evaluate_gate(project, services.store, "mortgage_approval", "1", datetime.now(UTC), environ={})
    reason = next(reason for reason in report.reasons if reason.code == "artefact_unknown")
    assert "tag 'digest'" in reason.next_step


def test_what_the_server_says_joins_the_governed_model(fake: FakeMlflow, tmp_path: Path):
    fake.add_version("1")
    fake.add_version("3", name="ungoverned")
    fake.alias("champion", "1")
    fake.add_run("run1", inputs=[an_input(TRAINING_SET)])
    project = a_project(tmp_path, fake)
    reading = read(fake)
    versions = discover(project, datetime.now(UTC) + timedelta(days=9999), environ={}).all_versions
    graph = build(project, versions, readings=[reading]).graph
    version = Entity.version("mortgage_approval", "1")
    run = Entity(EntityKind.RUN, "tracking/run1")
    assert run in {edge.source for edge in graph.incoming(version)}
    assert Entity.dataset(TRAINING_SET) in {edge.source for edge in graph.incoming(run)}
    assert Entity.deployment("mortgage_approval@champion") in graph.downstream(version)
    assert Entity.model("tracking/mortgage_approval") not in graph.nodes
    assert Entity.model("tracking/ungoverned") in graph.nodes


def test_an_alias_is_moved(fake: FakeMlflow, tmp_path: Path):
    fake.add_version("1")
    fake.add_version("2")
    fake.alias("champion", "1")
    project = a_project(tmp_path, fake)
    near = surroundings(project, datetime.fromtimestamp(AT / 1000 + 60, UTC), {})
    model = project.model("mortgage_approval")
    move_stage(model, "2", "production", near)
    assert fake.models["mortgage_approval"]["aliases"] == [{"alias": "champion", "version": "2"}]
    move_stage(model, "2", "shadow", near)  # beside the other one
    with pytest.raises(NotFound, match="no sound version '3'"):
        move_stage(model, "3", "production", near)


def test_a_server_that_does_not_move_it_is_told(fake: FakeMlflow, tmp_path: Path):
    fake.add_version("1")
    project = a_project(tmp_path, fake)
    near = surroundings(project, datetime.fromtimestamp(AT / 1000 + 60, UTC), {})
    fake.broken["registered-models/alias"] = (200, {})
    with pytest.raises(CannotEvaluate, match="does not have version 1 at 'production' after it was moved"):
        move_stage(project.model("mortgage_approval"), "1", "production", near)
    fake.broken["registered-models/alias"] = (403, {"message": "you may not"})
    with pytest.raises(CannotEvaluate, match="status 403: you may not"):
        move_stage(project.model("mortgage_approval"), "1", "production", near)


def test_a_registry_that_lists_what_it_listed_is_not_asked_for_its_runs(fake: FakeMlflow):
    def state(days: float, **place: Any) -> str:
        until = datetime.fromtimestamp(AT / 1000, UTC) + timedelta(days=days)
        return registry_state(
            MlflowPlace(connection="tracking", **place), replace(around(fake.url), until=until)
        )

    fake.add_version("1")
    fake.add_version("1", name="pricing")
    fake.add_run("run1")
    assert state(0.5) == "", "the run may go on"
    before = state(2)
    assert before
    assert state(2.5) == before
    assert not [path for path in fake.asked if path.startswith("runs/")]

    assert state(9) != before, "once a week the runs are looked at"
    fake.models["mortgage_approval"]["tags"] = [{"key": "owner", "value": "ada"}]
    tagged = state(2)
    fake.alias("champion", "1")
    aliased = state(2)
    fake.versions[0]["status"] = "FAILED_REGISTRATION"
    failed = state(2)
    mine = state(2, models=["mortgage_approval"])
    fake.versions.pop(0)
    assert len({before, tagged, aliased, failed, state(2)}) == 5
    assert state(2, models=["mortgage_approval"]) == mine, "the version of pricing is not asked about"
    fake.versions[0]["last_updated_timestamp"] = AT + 2 * 86_400_000
    assert state(2) == ""
