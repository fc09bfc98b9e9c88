"""OpenLineage events as they come in: what is taken, what is read of it, what is refused and where."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_pipeline.errors import EventRefused
from governance_pipeline.lineage.openlineage_in import read_event, read_events
from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES
from governance_pipeline.vocabulary.openlineage import (
    Aspect,
    EventKind,
    Flow,
    LineageEvent,
    Name,
    RunState,
    Statement,
)
from tests.lineage.openlineage import EVENTS, body, event, files, needs_events

FEATURES = Name("postgres://db:5432", "bank.lending.features")
INCOMES = Name("postgres://db:5432", "bank.lending.incomes")


def with_facets(**facets) -> bytes:
    return body(outputs=[{"namespace": FEATURES.namespace, "name": FEATURES.name, "facets": facets}])


def test_a_run_event_says_who_read_and_wrote_what_and_when():
    found = read_event(body())
    assert (found.kind, found.state, found.subject) == (
        EventKind.RUN,
        RunState.COMPLETE,
        Name("airflow", "build.features"),
    )
    assert found.at == datetime(2026, 1, 31, 2, tzinfo=UTC)
    assert (found.shape.inputs, found.shape.outputs) == ({INCOMES}, {FEATURES})


def test_the_same_event_written_differently_is_the_same_event():
    spaced = json.dumps(dict(reversed(event().items())), indent=3).encode("utf-8-sig")
    assert read_event(spaced) == read_event(body())
    assert read_event(body(eventType="START")).digest != read_event(body()).digest


def test_what_is_kept_of_an_event_is_the_whole_event():
    facets = {"acme_cost": {"_producer": "https://acme.example", "euros": 3.5, "deep": [{"a": None}]}}
    found = read_event(body(run={"runId": "A", "facets": facets}))
    assert json.loads(found.body)["run"]["facets"] == facets
    assert read_event(found.body) == found


@pytest.mark.parametrize("missing", ["schemaURL", "producer", "eventType", "inputs", "outputs"])
def test_a_partial_event_is_taken(missing: str):
    assert read_event(body(**{missing: None})).run


def test_null_means_absent():
    assert (
        read_event(json.dumps(event() | {"inputs": None, "schemaURL": None}).encode()).shape.inputs == set()
    )


def test_a_run_is_the_same_whatever_the_case_of_its_id():
    assert (
        read_event(body(run={"runId": "0190B2A4-AA"})).run
        == read_event(body(run={"runId": "0190b2a4-aa"})).run
    )


def test_events_are_told_apart_by_what_they_hold():
    dataset = {"namespace": "s3://bucket", "name": "a/b"}
    assert read_event(body(run=None)).kind is EventKind.JOB
    declared = read_event(body(run=None, job=None, inputs=None, outputs=[], dataset=dataset))
    assert (declared.kind, declared.subject) == (EventKind.DATASET, Name("s3://bucket", "a/b"))


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2021-11-03T10:53:52.427343", datetime(2021, 11, 3, 10, 53, 52, 427343, tzinfo=UTC)),
        ("2020-12-28T19:52:00.001+10:00", datetime(2020, 12, 28, 9, 52, 0, 1000, tzinfo=UTC)),
        ("2020-12-28T19:52:00.123456789Z", datetime(2020, 12, 28, 19, 52, 0, 123456, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_every_form_that_occurs(written: str, instant: datetime):
    assert read_event(body(eventTime=written)).at == instant


def test_what_is_said_of_a_dataset_beside_a_job_is_not_lost():
    described = {"namespace": "n", "name": "d", "facets": {"documentation": {"description": "x"}}}
    expected = Statement(Name("n", "d"), Aspect.DESCRIPTION, "", "x")
    for changes in ({}, {"run": None}):
        assert expected in read_event(body(dataset=described, **changes)).shape.statements


def test_column_lineage_of_the_first_versions_says_how_a_column_was_made():
    source = {"namespace": INCOMES.namespace, "name": INCOMES.name, "field": "income"}
    fields = {
        "ratio": {
            "inputFields": [source],
            "transformationType": "MASKED",
            "transformationDescription": "sha256(income)",
        }
    }
    found = read_event(with_facets(columnLineage={"fields": fields}))
    assert found.shape.flows == {Flow(FEATURES, "ratio", INCOMES, "income", "MASKED: sha256(income)")}


def test_column_lineage_of_later_versions_names_each_transformation_and_what_decides_about_rows():
    source = {"namespace": INCOMES.namespace, "name": INCOMES.name, "field": "income"}
    direct = {"type": "DIRECT", "subtype": "AGGREGATION", "description": "sum", "masking": True}
    indirect = {"type": "INDIRECT", "subtype": "FILTER"}
    facet = {
        "fields": {"ratio": {"inputFields": [source | {"transformations": [indirect, direct]}]}},
        "dataset": [source | {"field": "kind", "transformations": [indirect]}, source],
    }
    assert read_event(with_facets(columnLineage=facet)).shape.flows == {
        Flow(FEATURES, "ratio", INCOMES, "income", "DIRECT AGGREGATION, masked: sum; INDIRECT FILTER"),
        Flow(FEATURES, "", INCOMES, "kind", "INDIRECT FILTER"),
        Flow(FEATURES, "", INCOMES, "income", "INDIRECT"),
    }


def test_facets_of_a_dataset_are_read():
    found = read_event(
        with_facets(
            symlinks={"identifiers": [{"namespace": "hive", "name": "lending.features", "type": "TABLE"}]},
            schema={
                "fields": [
                    {
                        "name": "home",
                        "type": "struct",
                        "fields": [{"name": "city", "type": "text", "description": "where"}],
                    }
                ]
            },
            ownership={"owners": [{"name": "team:risk", "type": "OWNER"}]},
            tags={
                "tags": [
                    {"key": "pii", "value": "true", "field": "city"},
                    {"key": "gold", "value": "", "source": "u"},
                ]
            },
            documentation={"description": "what a model reads"},
        )
    )
    assert found.shape.statements == {
        Statement(FEATURES, Aspect.SYMLINK, "hive", "lending.features"),
        Statement(FEATURES, Aspect.COLUMN, "home", "struct"),
        Statement(FEATURES, Aspect.COLUMN, "home.city", "text"),
        Statement(FEATURES, Aspect.COLUMN_DESCRIPTION, "home.city", "where"),
        Statement(FEATURES, Aspect.OWNER, "team:risk", "OWNER"),
        Statement(FEATURES, Aspect.TAG, "city", "pii=true"),
        Statement(FEATURES, Aspect.TAG, "", "gold"),
        Statement(FEATURES, Aspect.DESCRIPTION, "", "what a model reads"),
    }


def test_a_deleted_facet_says_nothing():
    assert not read_event(with_facets(documentation={"_deleted": True, "description": "x"})).shape.statements


def test_who_started_a_run_is_read():
    parent = {
        "run": {"runId": "p"},
        "job": {"namespace": "airflow", "name": "dag"},
        "root": {"run": {"runId": "r"}, "job": {"namespace": "cron", "name": "all"}},
    }
    found = read_event(body(run={"runId": "x", "facets": {"parent": parent}}))
    assert found.shape.statements == {
        Statement(None, Aspect.PARENT, "airflow", "dag"),
        Statement(None, Aspect.ROOT, "cron", "all"),
    }


DATASET = {"namespace": "n", "name": "d"}
REFUSED = [
    (b"", "$ is not JSON at line 1, column 1"),
    (b"{'a': 1}", "$ is not JSON"),
    (b"\xff\xfe", "$ is not UTF-8 at byte 0"),
    (b"[[]]", r"\$\[0\] is an array, not an object"),
    (b"7", "$ is a number, not an object"),
    (b"{}", r"\$\.eventTime is missing"),
    (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "nested more than 32 deep"),
    (b"[" * 4_000_000, "nested more than 32 deep"),
    (b" " * (MAX_BODY_BYTES + 1), "has 5000001 bytes, at most 5000000"),
    (body(run=None, job=None), r"\$ has neither run, job nor dataset"),
    (body(job=None), r"\$\.job is missing"),
    (body(run={}), r"\$\.run\.runId is missing"),
    (body(run={"runId": 7}), r"\$\.run\.runId is a number, not text"),
    (body(run={"runId": "x" * 201}), r"\$\.run\.runId is longer than 200 characters"),
    (body(job={"namespace": "n", "name": " "}), r"\$\.job\.name is empty"),
    (body(inputs={"a": 1}), r"\$\.inputs is an object, not an array"),
    (body(inputs=[DATASET, {"namespace": "n"}]), r"\$\.inputs\[1\]\.name is missing"),
    (body(inputs=[DATASET | {"name": "x" * 701}]), r"\$\.inputs\[0\]\.name is too long: 706 bytes"),
    (
        body(inputs=[DATASET | {"facets": {"any": 1}}]),
        r"\$\.inputs\[0\]\.facets\.any is a number, not an obj",
    ),
    (body(eventTime="{{RUN_START_TIME}}"), r"\$\.eventTime is not an instant"),
    (body(eventTime="2026-01-31"), r"\$\.eventTime is not an instant"),
    (body(eventTime="0001-01-01T00:00:00+14:00"), r"\$\.eventTime is not an instant"),
    (body(eventTime=1769824800), r"\$\.eventTime is a number, not text"),
    (body(eventType="DONE"), r"\$\.eventType is none of START, RUNNING"),
    (body(run=None, eventType={}), r"\$\.eventType is an object, not text"),
    (body(dataset={}), r"\$\.dataset\.namespace is missing"),
    (body(run=None, dataset={"namespace": "n"}), r"\$\.dataset\.name is missing"),
    (
        body(run=None, job=None, inputs=None, dataset=DATASET),
        r"\$\.outputs\[0\] stands in an event that tells of no job",
    ),
    (body(schemaURL=1), r"\$\.schemaURL is a number"),
    (
        with_facets(columnLineage={"fields": {"a": {"inputFields": [DATASET]}}}),
        r"inputFields\[0\]\.field is missing",
    ),
    (with_facets(columnLineage={}), r"facets\.columnLineage\.fields is missing"),
    (with_facets(schema={"fields": [{"type": "int"}]}), r"schema\.fields\[0\]\.name is missing"),
    (with_facets(tags={"tags": [{"key": "a", "value": ["b"]}]}), r"tags\[0\]\.value is an array, not text"),
    (b'[{"a": 1e999999}]', r"\$\[0\]\.a is a number that no double can hold"),
    (b'{"a": [1, -Infinity]}', r"\$\.a\[1\] is -Infinity, which JSON does not have"),
    (b'{"a": {"b": NaN}}', r"\$\.a\.b is NaN"),
    (b'{"a": ' + b"9" * 5000 + b"}", r"\$\.a is a number that no double can hold"),
    (b'{"a": {"b": 1, "b": 1}}', r"\$\.a\.b occurs twice"),
    (body(producer="a\x00b"), r"\$\.producer contains a NUL"),
    (body(producer="a\ud800b"), r"\$\.producer contains half of a surrogate pair"),
    (body(run={"runId": "x", "facets": {"a\x00": {}}}), r"\$\.run\.facets \(a key\) contains a NUL"),
]


@pytest.mark.parametrize(("wrong", "reason"), REFUSED, ids=[reason[:50] for _, reason in REFUSED])
def test_a_wrong_event_is_refused_and_the_place_is_named(wrong: bytes, reason: str):
    with pytest.raises(EventRefused, match=reason.replace("$ ", r"\$ ").replace(r"\\$", r"\$")) as caught:
        read_events(wrong)
    assert len(str(caught.value)) < 400


def test_a_backslash_before_u0000_is_text_as_any_other():
    assert read_event(body(producer="C:\\u0000")).body.count(b"u0000") == 1


def test_nesting_up_to_the_limit_is_taken():
    deep: object = "x"
    for _ in range(28):
        deep = [deep]
    assert read_event(body(run={"runId": "x", "facets": {"any": {"deep": deep}}}))
    with pytest.raises(EventRefused, match="nested"):
        read_event(body(run={"runId": "x", "facets": {"any": {"deep": [deep]}}}))


def test_one_wrong_event_refuses_its_batch_by_its_place():
    with pytest.raises(EventRefused, match=r"\$\[1\]\.job\.name is missing") as caught:
        read_events(json.dumps([event(), event(job={"namespace": "n"})]).encode())
    assert caught.value.path == "$[1].job.name"


POISON = st.sampled_from(
    [None, True, 7, -0.5, "", " ", "\x00", "\ud800", "x" * 900, [], {}, [None], {"": None}, 1e308]
)


@st.composite
def poisoned(draw: st.DrawFn) -> bytes:
    """An event with facets, of which one part, anywhere, is replaced."""
    source = {
        "namespace": "n",
        "name": "d",
        "field": "c",
        "transformations": [{"type": "DIRECT", "masking": True}],
    }
    facets = {
        "columnLineage": {"fields": {"a": {"inputFields": [source]}}, "dataset": [source]},
        "schema": {"fields": [{"name": "a", "type": "int", "fields": [{"name": "b"}]}]},
        "symlinks": {"identifiers": [{"namespace": "n", "name": "x", "type": "TABLE"}]},
        "ownership": {"owners": [{"name": "o"}]},
        "tags": {"tags": [{"key": "k", "value": "v", "field": "a"}]},
        "documentation": {"description": "d"},
    }
    whole = event(outputs=[{"namespace": "n", "name": "d", "facets": facets}])
    whole["run"]["facets"] = {"parent": {"run": {"runId": "p"}, "job": {"namespace": "n", "name": "p"}}}
    here: object = whole
    while isinstance(here, (dict, list)) and here:
        key = (
            draw(st.sampled_from(sorted(here)))
            if isinstance(here, dict)
            else draw(st.integers(0, len(here) - 1))
        )
        if not isinstance(here[key], (dict, list)) or draw(st.integers(0, 4)) == 0:
            here[key] = draw(POISON)
            break
        here = here[key]
    return json.dumps(whole).encode()


@settings(max_examples=600, deadline=None)
@given(poisoned())
def test_poison_anywhere_is_taken_or_refused_and_what_is_taken_is_stable(written: bytes):
    try:
        found = read_event(written)
    except EventRefused as refused:
        assert refused.path.startswith("$")  # noqa: PT017 - either way is right
        return
    assert read_event(found.body) == found
    assert b"\x00" not in found.body


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=60), st.text(alphabet='{}[]":,\\u0d8 1e-NaN', max_size=40).map(str.encode))
)
def test_random_bytes_are_refused(written: bytes):
    with pytest.raises(EventRefused):
        read_event(written)


def one_by_one(path) -> list[bytes]:
    if path.suffix == ".ndjson":
        return [line for line in path.read_bytes().splitlines() if line.strip()]
    return [path.read_bytes()]


def all_of(*patterns: str) -> list[LineageEvent]:
    needs_events()
    return [found for path in files(*patterns) for text in one_by_one(path) for found in read_events(text)]


def test_the_events_of_other_producers_are_taken():
    found = all_of(
        "openlineage_events/*.ndjson",
        "openlineage_events/CLL/events/*.json",
        "openlineage_events/simple_run_event/events/*.json",
        "openlineage_events/client_examples/*.json",
        "openlineage_events/fluentd/event_full.json",
        "openlineage_events/fluentd/event_simple.json",
        "openlineage_events/fluentd/test-*.json",
        "openlineage_spec/tests/example_full_event.json",
        "marquez/apples/*.json",
    )
    assert len(found) > 45
    assert {one.kind for one in found} == set(EventKind)
    assert sum(len(one.shape.flows) for one in found) > 20


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("no_run_id", "$.run.runId"),
        ("invalid_run_facet", "$.run.facets.parent.run.runId"),
        ("invalid_job_facet", "$.job.facets.ownership.owners[0].name"),
        ("invalid_dataset_facet", "$.outputs[0].facets.ownership.owners[0].name"),
        ("invalid_output_dataset_facet", "$.outputs[0].outputFacets.outputStatistics.rowCount"),
    ],
)
def test_events_that_the_specification_refuses_are_refused(name: str, path: str):
    needs_events()
    with pytest.raises(EventRefused) as caught:
        read_event((EVENTS / "openlineage_events" / "fluentd" / f"event_{name}.json").read_bytes())
    assert caught.value.path == path


def test_templates_with_a_placeholder_for_the_time_are_taken_once_it_is_filled_in():
    needs_events()
    (template,) = files("marquez/metadata.template.json")
    with pytest.raises(EventRefused, match="eventTime"):
        read_events(template.read_bytes())
    filled = json.loads(template.read_text())
    for one in filled:
        one["eventTime"] = "2026-01-31T02:00:00Z"
    assert len(read_events(json.dumps(filled).encode())) == len(filled) > 20


def facet_examples() -> list[tuple[str, dict]]:
    found = []
    for path in files("openlineage_spec/tests/*/*.json"):
        found.extend((path.parent.name, {key: value}) for key, value in json.loads(path.read_text()).items())
    return found


def test_every_example_of_a_facet_is_taken_where_it_belongs():
    needs_events()
    examples = facet_examples()
    assert len(examples) > 30
    for kind, facet in examples:
        if kind.endswith(("RunFacet", "ParentRunFacet")):
            written = body(run={"runId": "x", "facets": facet})
        elif kind.endswith("JobFacet") or kind == "LineageFacet":
            written = body(job={"namespace": "n", "name": "j", "facets": facet})
        elif "InputDataset" in kind or "OutputDataset" in kind:
            key = "inputFacets" if "InputDataset" in kind else "outputFacets"
            written = body(inputs=[DATASET | {key: facet}])
        else:
            written = with_facets(**facet)
        assert read_event(written).body.count(json.dumps(next(iter(facet))).encode())


@pytest.mark.parametrize(
    "version", ["1-0-0", "1-0-1", "1-0-2", "1-0-3", "1-0-4", "1-0-5", "2-0-0", "2-0-1", "2-0-2"]
)
def test_what_every_released_version_requires_is_what_is_asked_for(version: str):
    """An event of nothing but what the version's own schema requires is right by it, and is taken."""
    needs_events()
    import jsonschema
    from referencing import Registry
    from referencing.exceptions import NoSuchResource

    path = EVENTS / "openlineage_spec" / "released" / version / "OpenLineage.json"
    schema = json.loads(path.read_text())
    definitions = "$defs" if "$defs" in schema else "definitions"
    least = event(
        schemaURL=f"https://openlineage.io/spec/{version}/OpenLineage.json#/{definitions}/RunEvent",
        eventType=None,
        inputs=None,
        outputs=None,
    )

    def nowhere(uri: str) -> None:
        raise NoSuchResource(ref=uri)

    one = {"$ref": f"#/{definitions}/RunEvent"} | {definitions: schema[definitions]}
    jsonschema.Draft202012Validator(one, registry=Registry(retrieve=nowhere)).validate(least)
    assert read_event(json.dumps(least).encode()).kind is EventKind.RUN
