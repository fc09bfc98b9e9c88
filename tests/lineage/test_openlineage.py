"""The events against the official JSON Schemas, a real receiver on loopback, and the file."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from governance_pipeline.charter.contract import Contract, Location
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.openlineage import EmitReport, emit_night
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.testing import a_column_profile, a_profile, a_version
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold
from tests.lineage.sample import NIGHT, a_breach, a_project, contracts

SPEC = Path(__file__).parents[2].parent / "shared" / "data" / "lineage" / "openlineage_spec"
STARTED = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
CANARY = "subject-4711"

Events = list[dict[str, Any]]


def scanned(contract: Contract, **changes: Any) -> Profile:
    columns = {
        column.name: a_column_profile(column.name, "category", categories={CANARY: 900, "b": 100})
        for column in contract.columns
    }
    first = contract.columns[0].name
    columns[first] = a_column_profile(first, "time", minimum=CANARY, maximum=CANARY)
    schema = tuple((column.name, "string") for column in contract.columns)
    return a_profile(dataset=contract.dataset, schema=schema, columns=columns, **changes)


def measured() -> list[Measurement]:
    """One dataset with every outcome, one dataset that could not be read, one model."""
    hours, share = Threshold(24, 36), Threshold(0.99, 0.95, "below")
    unread = {"details": {"cause": "scan"}, "sentence": "No such file."}
    return [
        a_breach("features", "recency", "", Outcome.PASS, value=2.0, unit="hours", threshold=hours),
        a_breach("features", "drift", "debt_ratio@mortgage_approval", Outcome.FAIL, value=0.31, unit="PSI"),
        a_breach("features", "consent", "model_training", Outcome.WARN, threshold=share),
        a_breach("features", "quality", "debt_ratio", Outcome.INSUFFICIENT),
        a_breach("incomes", "recency", "", Outcome.NOT_RUN, **unread),
        a_breach("model:mortgage_approval", "bias", "race=x:selection_rate"),
    ]


def emit(project: Project, **changes: Any) -> EmitReport:
    profiles = {c.dataset: scanned(c) for c in project.contracts.values() if c.dataset != "lending.incomes"}
    given: dict[str, Any] = {
        "night": NIGHT,
        "profiles": profiles,
        "measurements": measured(),
        "environ": {},
        **changes,
    }
    graph = build_graph(project, [a_version(snapshot="lending.training_set")])
    return emit_night(
        project, given["night"], STARTED, given["profiles"], given["measurements"], graph, given["environ"]
    )


def at(folder: Path, **changes: Any) -> Project:
    return replace(a_project(**changes), root=folder)


def written(folder: Path, night: date = NIGHT) -> Events:
    file = folder / ".governance" / "openlineage" / f"{night.isoformat()}.ndjson"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def events(tmp_path: Path) -> Events:
    emit(at(tmp_path))
    return written(tmp_path)


def of(events: Events, job: str, state: str = "") -> dict[str, Any]:
    found = [one for one in events if one["job"]["name"] == job and one.get("eventType", "") in (state, "")]
    assert len(found) == 1, [one["job"]["name"] for one in events]
    return found[0]


def features(events: Events) -> dict[str, Any]:
    return of(events, "governance.nightly.lending.features", "COMPLETE")["inputs"][0]


# --- against the specification --------------------------------------------------------------------


@pytest.fixture(scope="module")
def registry() -> Registry[Any]:
    if not SPEC.is_dir():
        pytest.skip("the shared OpenLineage schemas are not on this machine")
    schemas = [json.loads(file.read_text(encoding="utf-8")) for file in SPEC.rglob("*.json")]
    named = {one["$id"]: one for one in schemas if isinstance(one, dict) and "$id" in one and "$defs" in one}
    return Registry().with_resources((uri, Resource.from_contents(one)) for uri, one in named.items())


def facets_of(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for part in (event.get("run", {}), event["job"], *event.get("inputs", []), *event.get("outputs", [])):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from part.get(kind, {}).items()


def test_every_event_and_every_facet_is_valid_against_the_schema_it_names(
    events: Events, registry: Registry[Any]
) -> None:
    seen = set()
    for event in events:
        core = "https://openlineage.io/spec/2-0-2/OpenLineage.json"
        checks = [(core, event), (event["schemaURL"], event)]
        checks += [(facet["_schemaURL"], facet) for _, facet in facets_of(event)]
        seen |= {name for name, _ in facets_of(event)}
        for uri, value in checks:
            validator = Draft202012Validator(
                {"$ref": uri}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
            )
            assert not [error.message for error in validator.iter_errors(value)], uri
    assert seen == {
        "schema", "columnLineage", "ownership", "dataSource", "dataQualityMetrics", "dataQualityAssertions",
        "nominalTime", "parent", "errorMessage", "jobType",
    }  # fmt: skip


def test_the_check_against_the_specification_can_fail(events: Events, registry: Registry[Any]) -> None:
    broken = of(events, "governance.nightly", "START") | {"eventTime": "yesterday"}
    validator = Draft202012Validator(
        {"$ref": broken["schemaURL"]}, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    assert list(validator.iter_errors(broken | {"run": {"runId": 7}}))


# --- what they say --------------------------------------------------------------------------------


def test_a_night_is_a_run_with_one_child_run_per_dataset_and_one_job_event_per_building_job(
    events: Events,
) -> None:
    assert [(one["job"]["name"], one.get("eventType")) for one in events] == [
        ("governance.nightly", "START"),
        ("governance.nightly.lending.bureau_scores", "COMPLETE"),
        ("governance.nightly.lending.features", "COMPLETE"),
        ("governance.nightly.lending.incomes", "FAIL"),
        ("governance.nightly.lending.predictions", "COMPLETE"),
        ("governance.nightly.lending.training_set", "COMPLETE"),
        ("build_features", None),
        ("snapshot", None),
        ("governance.nightly", "COMPLETE"),
    ]
    night = events[0]["run"]["runId"]
    assert events[-1]["run"]["runId"] == night
    children = [one["run"] for one in events[1:6]]
    assert {child["facets"]["parent"]["run"]["runId"] for child in children} == {night}
    assert len({child["runId"] for child in children} | {night}) == 6


def test_the_nominal_time_is_the_night_in_the_projects_time_zone(events: Events) -> None:
    nominal = events[0]["run"]["facets"]["nominalTime"]
    assert nominal["nominalStartTime"] == "2026-03-04T00:00:00+01:00"
    assert nominal["nominalEndTime"] == "2026-03-05T00:00:00+01:00"


def test_a_night_of_23_hours_is_one(tmp_path: Path) -> None:
    """29 March 2026: clocks go forward in Berlin."""
    emit(at(tmp_path), night=date(2026, 3, 29))
    nominal = written(tmp_path, date(2026, 3, 29))[0]["run"]["facets"]["nominalTime"]
    assert nominal["nominalStartTime"] == "2026-03-29T00:00:00+01:00"
    assert nominal["nominalEndTime"] == "2026-03-30T00:00:00+02:00"


def test_a_dataset_that_could_not_be_read_fails_with_its_reason(events: Events) -> None:
    failed = of(events, "governance.nightly.lending.incomes", "FAIL")
    assert failed["run"]["facets"]["errorMessage"]["message"] == "No such file."
    assert "dataQualityMetrics" not in failed["inputs"][0]["inputFacets"]


def test_every_measurement_of_the_dataset_is_an_assertion_and_only_a_pass_succeeds(events: Events) -> None:
    found = {
        one["name"]: one for one in features(events)["inputFacets"]["dataQualityAssertions"]["assertions"]
    }
    told = {name: (one["success"], one["severity"], one["params"]["outcome"]) for name, one in found.items()}
    assert told == {
        "recency": (True, "error", "pass"),
        "drift.debt_ratio@mortgage_approval": (False, "error", "fail"),
        "consent.model_training": (False, "warn", "warn"),
        "quality.debt_ratio": (False, "warn", "insufficient"),
    }
    recency, drift = found["recency"], found["drift.debt_ratio@mortgage_approval"]
    assert (recency["assertion"], recency["actual"], recency["expected"]) == (
        "freshness",
        "2 hours",
        "at most 36",
    )
    assert (drift["assertion"], drift["column"], drift["actual"]) == ("drift", "debt_ratio", "0.31 PSI")
    assert found["consent.model_training"]["expected"] == "at least 0.95"


def test_column_lineage_says_which_columns_a_feature_is_computed_from_and_how(events: Events) -> None:
    built = of(events, "build_features")
    assert [one["name"] for one in built["inputs"]] == ["lending.bureau_scores", "lending.incomes"]
    (output,) = built["outputs"]
    fields = output["facets"]["columnLineage"]["fields"]
    told = {
        name: [(i["name"], i["field"], i["transformations"][0]["subtype"]) for i in field["inputFields"]]
        for name, field in fields.items()
    }
    assert told == {
        "subject_id": [("lending.incomes", "subject_id", "IDENTITY")],
        "debt_ratio": [
            ("lending.incomes", "debts", "TRANSFORMATION"),
            ("lending.incomes", "income", "TRANSFORMATION"),
        ],
        "bureau_score": [("lending.bureau_scores", "score", "IDENTITY")],
    }


def test_the_owner_the_schema_and_the_place_inside_the_project_are_told(tmp_path: Path) -> None:
    project = at(tmp_path)
    place = Location(kind="csv", path=f"{tmp_path}/data/the features.csv")
    moved = {name: replace(one, location=place, owner="data-team") for name, one in project.contracts.items()}
    emit(replace(project, contracts=moved))
    facets = features(written(tmp_path))["facets"]
    assert facets["ownership"]["owners"] == [{"name": "team:data-team", "type": "OWNER"}]
    assert [(one["name"], one["ordinal_position"]) for one in facets["schema"]["fields"]] == [
        ("subject_id", 1),
        ("debt_ratio", 2),
        ("bureau_score", 3),
    ]
    assert facets["dataSource"]["uri"] == "file:data/the%20features.csv"


def test_a_databases_address_is_told_without_its_password(tmp_path: Path) -> None:
    sql = Location(kind="sql", connection="shop", schema="lending", table="features")
    tables = [replace(one, location=sql) if one.dataset == "lending.features" else one for one in contracts()]
    url = "postgresql+psycopg://${WHO}:hunter2@db.example.org:5433/shop?sslkey=hunter2"
    project = at(tmp_path, tables=tables, settings={"connections": {"shop": {"url": url}}})
    emit(project, environ={"WHO": "hunter2"})
    source = features(written(tmp_path))["facets"]["dataSource"]
    assert (source["name"], source["uri"]) == ("shop", "postgresql://db.example.org:5433/shop")
    assert "hunter2" not in json.dumps(written(tmp_path))
    emit(project)  # the variable is not set: the address is left out, the event is not
    assert "dataSource" not in features(written(tmp_path))["facets"]


# --- law 5: only aggregates leave -----------------------------------------------------------------


def test_no_value_of_any_row_leaves(events: Events) -> None:
    assert CANARY not in json.dumps(events)
    for event in events:
        for name, facet in facets_of(event):
            if name == "dataQualityMetrics":
                kept = {key for metrics in facet["columnMetrics"].values() for key in metrics}
                assert kept <= {"nullCount", "count", "distinctCount", "quantiles"}
                assert not any(metrics.get("quantiles") for metrics in facet["columnMetrics"].values())


@pytest.mark.parametrize(
    ("nulls", "told"), [(0, True), (1, False), (10, False), (11, True), (990, False), (1000, True)]
)
def test_a_count_of_a_group_that_is_too_small_or_its_complement_is_left_out(
    tmp_path: Path, nulls: int, told: bool
) -> None:
    project = at(tmp_path)
    columns = {"debt_ratio": a_column_profile("debt_ratio", nulls=nulls)}
    emit(project, profiles={"lending.features": a_profile(dataset="lending.features", columns=columns)})
    metrics = features(written(tmp_path))["inputFacets"]["dataQualityMetrics"]
    assert metrics["rowCount"] == 1000
    assert ("nullCount" in metrics["columnMetrics"]["debt_ratio"]) is told
    assert ("count" in metrics["columnMetrics"]["debt_ratio"]) is told


def test_of_ten_rows_nothing_is_counted(tmp_path: Path) -> None:
    few = a_profile(dataset="lending.features", rows=10, window_rows=10)
    emit(at(tmp_path), profiles={"lending.features": few})
    metrics = features(written(tmp_path))["inputFacets"]["dataQualityMetrics"]
    assert "rowCount" not in metrics
    assert metrics["columnMetrics"] == {}


# --- the file -------------------------------------------------------------------------------------


def test_a_rerun_writes_the_same_file_again(tmp_path: Path) -> None:
    project = at(tmp_path)
    report = emit(project)
    first = written(tmp_path)
    assert report == EmitReport(9, ".governance/openlineage/2026-03-04.ndjson")
    assert emit(project) == report
    assert written(tmp_path) == first
    assert [file.name for file in (tmp_path / ".governance/openlineage").iterdir()] == ["2026-03-04.ndjson"]


def test_run_ids_differ_by_project_night_and_dataset(tmp_path: Path) -> None:
    emit(at(tmp_path))
    emit(at(tmp_path), night=NIGHT + timedelta(days=1))
    emit(at(tmp_path / "other", settings={"name": "other"}))
    runs = [
        {one["run"]["runId"] for one in found if "run" in one}
        for found in (
            written(tmp_path),
            written(tmp_path, NIGHT + timedelta(days=1)),
            written(tmp_path / "other"),
        )
    ]
    assert [len(found) for found in runs] == [6, 6, 6]
    assert len(set().union(*runs)) == 18


def test_a_run_over_one_dataset_keeps_what_was_known_of_the_others(tmp_path: Path) -> None:
    project = at(tmp_path)
    emit(project)
    again = scanned(project.contracts["lending.incomes"])
    emit(project, profiles={"lending.incomes": again}, measurements=[])
    states = {one["job"]["name"]: one.get("eventType") for one in written(tmp_path)}
    assert states["governance.nightly.lending.features"] == "COMPLETE"
    assert states["governance.nightly.lending.incomes"] == "COMPLETE"


def test_a_folder_that_cannot_be_written_is_an_error_and_not_the_end(tmp_path: Path) -> None:
    (tmp_path / ".governance").write_text("a file where a folder should be")
    report = emit(at(tmp_path))
    assert report.events == 0
    assert report.error is not None
    assert "could not be written" in report.error


def test_nothing_is_sent_where_nothing_is_wanted(tmp_path: Path) -> None:
    assert emit(at(tmp_path, settings={"openlineage": {"transport": "none"}})) == EmitReport(0, "")
    assert list(tmp_path.iterdir()) == []


# --- a receiver -----------------------------------------------------------------------------------


class Inbox(ThreadingHTTPServer):
    """Keeps path, key and event of every request; answers 201 unless ``answers`` hold another status."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.taken: list[tuple[str, str | None, Any]] = []
        self.answers: list[int] = []


class Receiver(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, self.headers.get("Authorization"), json.loads(body)))
        status = self.server.answers.pop(0) if self.server.answers else 201
        self.send_response(status)
        if status == 307:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Inbox]:
    with Inbox() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def to(receiver: Inbox, folder: Path, **out: Any) -> Project:
    url = f"http://bob:hunter2@127.0.0.1:{receiver.server_port}"
    return at(folder, settings={"openlineage": {"transport": "http", "url": url, **out}})


def test_the_receiver_gets_every_event_in_order_with_the_key(tmp_path: Path, receiver: Inbox) -> None:
    report = emit(to(receiver, tmp_path, api_key="${KEY}"), environ={"KEY": "k-1"})
    assert report == EmitReport(9, f"http://127.0.0.1:{receiver.server_port}")
    assert {(path, key) for path, key, _ in receiver.taken} == {("/api/v1/lineage", "Bearer k-1")}
    emit(at(tmp_path))
    assert [event for _, _, event in receiver.taken] == written(tmp_path)


def test_a_receiver_that_refuses_ends_the_sending_and_is_told_without_secrets(
    tmp_path: Path, receiver: Inbox
) -> None:
    receiver.answers[:] = [201, 201, 500]
    report = emit(to(receiver, tmp_path, api_key="hunter2"))
    assert report.events == 2
    assert report.error == (
        f"the OpenLineage receiver http://127.0.0.1:{receiver.server_port} answered 500 after 2 of 9 events"
    )
    assert "hunter2" not in str(report)


def test_a_receiver_that_sends_us_elsewhere_is_not_followed(tmp_path: Path, receiver: Inbox) -> None:
    receiver.answers[:] = [307]
    report = emit(to(receiver, tmp_path))
    assert report.error is not None
    assert {path for path, _, _ in receiver.taken} == {"/api/v1/lineage"}


def test_a_receiver_that_is_not_there_is_told(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as closed:
        port = closed.server_port
    settings = {"openlineage": {"transport": "http", "url": f"http://127.0.0.1:{port}"}}
    report = emit(at(tmp_path, settings=settings))
    assert report.events == 0
    assert (
        report.error == f"the OpenLineage receiver http://127.0.0.1:{port} did not answer after 0 of 9 events"
    )


@pytest.mark.parametrize("url", ["", "not a url", "file:///etc/passwd", "http://", "http://[::1", "${NOPE}"])
def test_an_address_that_is_none_is_told(tmp_path: Path, url: str) -> None:
    report = emit(at(tmp_path, settings={"openlineage": {"transport": "http", "url": url}}))
    assert report.events == 0
    assert report.error
