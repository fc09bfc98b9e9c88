"""How names of other tools become the project's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.catalog.reader import PATH, TABLE
from governance_pipeline.charter.contract import DatasetKind, Location
from governance_pipeline.lineage.build import build
from governance_pipeline.lineage.build_catalog import join_readings
from governance_pipeline.testing import DATASET, SOURCE, a_contract, a_small_project
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy, Node, Reading

RAW, TABLE_NAME = Entity.source("dw.raw.feed"), Entity.source("dw.lending.income_t")


def a_reading(facts: dict[str, str]) -> Reading:
    edges = (
        Edge(RAW, TABLE_NAME, EdgeKind.FEEDS, KnownBy.DISCOVERED, by="dbt:m"),
        Edge(
            Entity.column(RAW.name, "AMOUNT"),
            Entity.column(TABLE_NAME.name, "RATIO"),
            EdgeKind.FEEDS,
            KnownBy.DISCOVERED,
            by="dbt:m",
        ),
    )
    return Reading("dbt:m", edges, (Node(TABLE_NAME, by="dbt:m", evidence="models/i.sql", facts=facts),))


def joined_name(tmp_path: Path, location: Location, facts: dict[str, str], url: str = "") -> str:
    settings = {"connections": {"warehouse": {"url": url}}} if url else {}
    project = a_small_project(tmp_path, settings=settings)
    contract = a_contract(location=location)
    found = join_readings(replace(project, contracts={DATASET: contract}), [a_reading(facts)])
    return str(found.nodes[0].entity)


@pytest.mark.parametrize(
    ("location", "url", "joins"),
    [
        (Location("sql", connection="warehouse", schema="lending", table="INCOME_T"), "", True),
        (Location("sql", connection="warehouse", schema="lending", table="other"), "", False),
        (Location("sql", connection="warehouse", schema="staging", table="income_t"), "", False),
        (Location("sql", connection="warehouse", table="income_t"), "", False),
        (
            Location("sql", connection="warehouse", schema="lending", table="income_t"),
            "postgresql://h/dw",
            True,
        ),
        (
            Location("sql", connection="warehouse", schema="lending", table="income_t"),
            "postgresql://h/test",
            False,
        ),
        (
            Location("sql", connection="warehouse", schema="lending", table="income_t"),
            "postgresql://h/${DB}",
            True,
        ),
        (Location("duckdb", path="/data/dw.duckdb", schema="lending", table="income_t"), "", True),
        (Location("duckdb", path="/data/old.duckdb", schema="lending", table="income_t"), "", False),
        (Location("parquet", path="/data/income_t/*.parquet"), "", False),
    ],
)
def test_a_table_is_the_dataset_whose_contract_names_its_place(
    tmp_path: Path, location: Location, url: str, joins: bool
):
    name = joined_name(tmp_path, location, {TABLE: "dw.lending.income_t"}, url)
    assert name == (f"dataset:{DATASET}" if joins else str(TABLE_NAME))


@pytest.mark.parametrize(
    ("path", "joins"),
    [
        ("/data/incomes/*.parquet", True),
        ("/data/incomes", True),
        ("/data/incomes/1.parquet", False),
        ("/data/other/*.parquet", False),
    ],
)
def test_files_are_the_dataset_whose_contract_names_them(tmp_path: Path, path: str, joins: bool):
    name = joined_name(tmp_path, Location("parquet", path=path), {PATH: "/data/incomes"})
    assert name == (f"dataset:{DATASET}" if joins else str(TABLE_NAME))


def test_columns_follow_their_table_in_the_spelling_of_the_contract(tmp_path: Path):
    project = a_small_project(tmp_path)
    place = Location("sql", connection="warehouse", schema="lending", table="income_t")
    contracts = {**project.contracts, DATASET: replace(project.contracts[DATASET], location=place)}
    reading = a_reading({TABLE: "dw.lending.income_t"})
    built = build(replace(project, contracts=contracts), (), readings=[reading])
    incoming = built.graph.incoming(Entity.column(DATASET, "ratio"))
    assert Entity.column("dw.raw.feed", "AMOUNT") in {edge.source for edge in incoming}
    model = next(node for node in built.graph.nodes if node.kind is EntityKind.MODEL)
    assert model in built.graph.downstream(RAW)
    told = [node.entity for node in built.nodes if node.by == reading.by]
    assert told == [Entity.dataset(DATASET)]


def test_a_place_that_two_contracts_describe_is_joined_to_none_and_told(tmp_path: Path):
    project = a_small_project(tmp_path)
    place = Location("sql", connection="warehouse", schema="lending", table="income_t")
    other = replace(place, connection="mirror")
    contracts = {
        DATASET: replace(project.contracts[DATASET], location=place),
        SOURCE: replace(project.contracts[SOURCE], location=other),
    }
    found = join_readings(replace(project, contracts=contracts), [a_reading({TABLE: "dw.lending.income_t"})])
    assert found.nodes[0].entity == TABLE_NAME
    (why,) = found.not_understood
    assert DATASET in why
    assert SOURCE in why


def test_an_owner_with_a_mail_address_of_the_charter_is_that_person(tmp_path: Path):
    project = a_small_project(tmp_path)
    person = project.charter.people[0]
    owns = Edge(Entity(EntityKind.PERSON, person.mail.upper()), RAW, EdgeKind.OWNS)
    found = join_readings(project, [Reading("dbt:m", (owns,))])
    assert found.edges[0].source == Entity(EntityKind.PERSON, person.id)


VIEW = Entity(EntityKind.FEATURE_VIEW, "lending/incomes")
FEATURE = Entity(EntityKind.FEATURE, "lending/incomes#RATIO")
FILES = Location("parquet", path="/data/incomes/*.parquet")


def of_feature_store(*views: Entity, rows: str = "/data/incomes") -> Reading:
    """Each view with one feature, made of the same files."""
    files = Entity.source("incomes")
    nodes = [Node(files, by="feast:r", facts={PATH: "/data/incomes"})]
    edges = []
    for view in views:
        feature = Entity(EntityKind.FEATURE, f"{view.name}#RATIO")
        nodes.append(Node(view, by="feast:r", digest="sha256:1", facts={PATH: rows} if rows else {}))
        edges.append(Edge(files, view, EdgeKind.FEEDS, KnownBy.DISCOVERED, by="feast:r"))
        edges.append(Edge(feature, view, EdgeKind.PART_OF, KnownBy.DISCOVERED, by="feast:r"))
    service = Entity(EntityKind.FEATURE_SERVICE, "lending/approval")
    edges.append(Edge(FEATURE, service, EdgeKind.FEEDS, KnownBy.DISCOVERED, by="feast:r"))
    edges.append(Edge(service, Entity.model("mortgage_approval"), EdgeKind.FEEDS, by="feast:r"))
    edges.append(Edge(service, Entity.model("stranger"), EdgeKind.FEEDS, evidence="r, service", by="feast:r"))
    return Reading("feast:r", tuple(edges), tuple(nodes))


@pytest.mark.parametrize(
    ("changes", "views", "rows", "joins"),
    [
        ({}, (VIEW,), "/data/incomes", True),
        ({}, (VIEW,), "", False),  # something is computed between the files and the view
        ({"feature_view": "lending/incomes"}, (VIEW,), "", True),
        ({"feature_view": "lending/other"}, (VIEW,), "/data/incomes", False),
        ({"kind": DatasetKind.SOURCE}, (VIEW,), "/data/incomes", False),
        ({}, (VIEW, Entity(EntityKind.FEATURE_VIEW, "lending/fresh")), "/data/incomes", False),
    ],
)
def test_a_feature_view_is_the_dataset_whose_contract_describes_it(
    tmp_path: Path, changes: dict[str, Any], views: tuple[Entity, ...], rows: str, joins: bool
):
    project = a_small_project(tmp_path)
    contract = replace(project.contracts[DATASET], **{"location": FILES, **changes})
    project = replace(project, contracts={**project.contracts, DATASET: contract})
    found = join_readings(project, [of_feature_store(*views, rows=rows)])
    flows = {(edge.source, edge.target) for edge in found.edges}
    dataset, column = Entity.dataset(DATASET), Entity.column(DATASET, "ratio")
    service = Entity(EntityKind.FEATURE_SERVICE, "lending/approval")
    assert ((column, service) in flows) is joins
    assert ((FEATURE, service) in flows) is not joins
    assert ((dataset, VIEW) in flows) is (not joins)
    assert (column, dataset) not in flows
    assert (service, Entity.model("mortgage_approval")) in flows


def test_a_model_that_is_not_governed_is_told_and_is_no_node(tmp_path: Path):
    project = a_small_project(tmp_path)
    built = build(project, (), readings=[of_feature_store(VIEW)])
    assert Entity.model("stranger") not in built.graph.nodes
    assert "r, service: it names the model 'stranger', which is not governed" in built.not_understood


def test_the_service_that_a_model_names_feeds_it(tmp_path: Path):
    project = a_small_project(tmp_path)
    model = project.models["mortgage_approval"].model_copy(update={"feature_service": "lending/approval"})
    built = build(replace(project, models={model.name: model}), ())
    service = Entity(EntityKind.FEATURE_SERVICE, "lending/approval")
    assert Entity.model(model.name) in built.graph.downstream(service)
