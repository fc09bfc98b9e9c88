"""How names of other tools become the project's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from governance_pipeline.catalog.reader import PATH, TABLE
from governance_pipeline.charter.contract import Location
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
    assert [node.entity for node in built.nodes] == [Entity.dataset(DATASET)]


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
