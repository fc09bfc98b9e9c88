"""OpenLineage events as edges: joined with contracts where the rows are the same, sources elsewhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.settings import Connection
from governance_pipeline.lineage.build import build, build_graph
from governance_pipeline.lineage.observed import observed
from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.lineage.places import Places
from governance_pipeline.store.memory.store import InMemoryStore
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import EdgeKind, KnownBy
from governance_pipeline.vocabulary.openlineage import Name
from tests.lineage.openlineage import body
from tests.lineage.sample import a_project, a_table

WAREHOUSE = Connection(url="postgresql://reader:secret@db.bank:5432/bank")
TABLES = [
    a_table("incomes", ["income"]),
    a_table("debts", ["debt"], location=Location("sql", connection="warehouse", schema="raw", table="debts")),
    a_table("rates", ["rate"], location=Location("parquet", path="s3://lake/rates/year=*/*.parquet")),
    a_table("features", ["ratio"], location=Location("parquet", path="/project/data/features.parquet")),
    a_table("plain", ["a"], location=Location("duckdb", path="/project/w.duckdb", table="plain")),
]


def project():
    made = a_project(TABLES, models={})
    settings = made.settings.model_copy(update={"connections": {"warehouse": WAREHOUSE}})
    return replace(made, settings=settings)


@pytest.mark.parametrize(
    ("namespace", "name", "dataset"),
    [
        ("file", "/project/data/incomes", "lending.incomes"),
        ("file", "/project/data/incomes/2026-01-31.parquet", "lending.incomes"),
        ("file://worker7", "/project/data/features.parquet", "lending.features"),
        ("file", "/project/data/other", None),
        ("s3a://lake", "rates", "lending.rates"),
        ("s3://lake", "/rates/year=2026/part-0.parquet", "lending.rates"),
        ("s3://other", "rates", None),
        ("postgres://db.bank:5432", "bank.raw.debts", "lending.debts"),
        ("postgres://DB.bank:5432", "bank.RAW.debts", "lending.debts"),
        ("postgres://db.bank:5433", "bank.raw.debts", None),
        ("postgres://elsewhere:5432", "bank.raw.debts", None),
        ("postgres://db.bank:5432", "shadow.raw.debts", None),
        ("postgres://db.bank:5432", "bank.public.debts", None),
        ("duckdb", "w.main.plain", "lending.plain"),
        ("kafka://broker:9092", "incomes", None),
        ("postgres://[broken", "bank.raw.debts", None),
    ],
)
def test_a_name_is_a_dataset_where_the_rows_are_the_same(namespace: str, name: str, dataset: str | None):
    assert Places(project()).dataset([Name(namespace, name)]) == dataset


def test_this_projects_own_events_name_its_datasets():
    made = project()
    assert Places(made).dataset([Name(made.settings.name, "lending.debts")]) == "lending.debts"
    assert Places(made).dataset([Name(made.settings.name, "lending.unknown")]) is None


def tellings(*bodies: bytes):
    store = InMemoryStore()
    with store.begin() as unit:
        unit.lineage_events.take([read_event(one) for one in bodies])
        return unit.lineage_events.as_of(datetime(2100, 1, 1, tzinfo=UTC))


DEBTS = {"namespace": "postgres://db.bank:5432", "name": "bank.raw.debts"}
RATIO = {
    "columnLineage": {
        "fields": {
            "ratio": {"inputFields": [DEBTS | {"field": "debt", "transformations": [{"type": "DIRECT"}]}]}
        },
        "dataset": [
            DEBTS | {"field": "kind", "transformations": [{"type": "INDIRECT", "subtype": "FILTER"}]}
        ],
    }
}
FEATURES = {"namespace": "file", "name": "/project/data/features.parquet"}


def test_a_runs_edges_join_the_projects_graph():
    told = tellings(body(inputs=[DEBTS], outputs=[FEATURES | {"facets": RATIO}]))
    graph = build_graph(project(), [], told)
    job = Entity.parse("job:airflow/build.features")
    debts, features = Entity.dataset("lending.debts"), Entity.dataset("lending.features")
    assert graph.route(debts, features)[0].target == job
    (column,) = graph.incoming(Entity.column("lending.features", "ratio"))
    assert (column.source, column.known_by) == (Entity.column("lending.debts", "debt"), KnownBy.OBSERVED)
    assert (column.by, column.transformation) == ("job:airflow/build.features", "DIRECT")
    assert "0190b2a4-0000-7000-8000-000000000001" in column.evidence
    assert Entity.column("lending.debts", "kind") in graph.upstream(features)


def test_what_nobody_governs_is_a_source_and_a_symlink_is_another_name_of_the_same():
    hive = {"namespace": "hive://meta:9083", "name": "raw.clicks"}
    symlinks = {"symlinks": {"identifiers": [{**DEBTS, "type": "TABLE"}]}}
    known_by_two = {"namespace": "s3://lake", "name": "raw/debts", "facets": symlinks}
    reading = observed(tellings(body(inputs=[hive, known_by_two], outputs=[])), Places(project()))
    assert {str(edge.source) for edge in reading.edges} == {
        "source:hive://meta:9083/raw.clicks",
        "dataset:lending.debts",
    }
    assert {edge.kind for edge in reading.edges} == {EdgeKind.READ_BY}


def test_what_is_said_of_sources_and_jobs_is_known_of_their_nodes():
    clicks = {
        "namespace": "kafka://b:1",
        "name": "click#s",
        "facets": {
            "schema": {"fields": [{"name": "who", "type": "text", "description": "a person"}]},
            "tags": {"tags": [{"key": "pii", "value": "true", "field": "who"}]},
            "ownership": {"owners": [{"name": "team:web"}]},
        },
    }
    parent = {"run": {"runId": "p"}, "job": {"namespace": "airflow", "name": "dag"}}
    reading = observed(
        tellings(body(inputs=[clicks], run={"runId": "r", "facets": {"parent": parent}})), Places(project())
    )
    nodes = {str(node.entity): node for node in reading.nodes}
    assert nodes["source:kafka://b:1/click%23s"].owners == ("team:web",)
    who = nodes["column:kafka://b:1/click%23s#who"]
    assert (who.description, who.tags, who.facts) == ("a person", ("pii=true",), {"type": "text"})
    assert nodes["job:airflow/build.features"].facts == {"started by": "job:airflow/dag"}


def test_a_dataset_that_declares_its_columns_origin_needs_no_job():
    declared = body(run=None, job=None, inputs=None, outputs=None, dataset=FEATURES | {"facets": RATIO})
    graph = build_graph(project(), [], tellings(declared))
    assert [str(edge.source) for edge in graph.incoming(Entity.dataset("lending.features"))] == [
        "column:lending.debts#kind",
        "dataset:lending.debts",
    ]


def test_the_order_of_tellings_changes_nothing():
    told = tellings(
        body(outputs=[FEATURES | {"facets": RATIO}]),
        body(job={"namespace": "dbt", "name": "m"}, inputs=[FEATURES], outputs=[DEBTS]),
        json.dumps(json.loads(body(run=None))).encode(),
    )
    forward, backward = (observed(order, Places(project())) for order in (told, told[::-1]))
    assert forward == backward


def test_what_events_say_of_nodes_is_kept_with_the_graph():
    clicks = {
        "namespace": "kafka://b:1",
        "name": "clicks",
        "facets": {"ownership": {"owners": [{"name": "web"}]}},
    }
    built = build(project(), [], tellings(body(inputs=[clicks], outputs=[])))
    (node,) = [one for one in built.nodes if one.entity == Entity.source("kafka://b:1/clicks")]
    assert (node.by, node.owners) == ("openlineage", ("web",))


@pytest.mark.parametrize(
    ("dataset", "facts", "there"),
    [
        ("lending.rates", {"path": "s3a://lake/rates"}, True),
        ("lending.incomes", {"path": "/project/data/incomes"}, True),
        ("lending.debts", {"table": "bank.raw.DEBTS"}, True),
        ("lending.debts", {"table": "shadow.raw.debts"}, False),
        ("lending.debts", {"path": "/project/data/incomes"}, False),
    ],
)
def test_a_catalogue_and_an_event_find_the_same_contract(dataset: str, facts: dict[str, str], there: bool):
    made = project()
    assert Places(made).stands_at(made.contracts[dataset], facts) is there
