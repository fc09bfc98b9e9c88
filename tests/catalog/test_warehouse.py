"""What is read of the catalogues of Postgres and DuckDB."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.warehouse import read_warehouse
from governance_pipeline.catalog.warehouse_tables import warehouse_state
from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.places import WarehousePlace
from governance_pipeline.charter.settings import Connection
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.lineage.build_catalog import join_readings
from governance_pipeline.lineage.sql import column_lineage
from governance_pipeline.testing import DATASET, a_contract, a_small_project
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import EdgeKind, Node, Reading

TABLES = """
create schema raw;
create schema marts;
create table raw.incomes (id bigint, debt numeric(10,2), income numeric(10,2), "Odd ""name" text);
comment on table raw.incomes is 'Incomes as they come in.';
comment on column raw.incomes.income is 'Per month.';
create view marts.ratios as select i.id, i.debt / i.income as ratio from raw.incomes as i;
create view marts.high as select id, ratio as high_ratio from marts.ratios where ratio > 0.4;
"""


def around(root: Path, url: str = "") -> Surroundings:
    known = {"dw": Connection(url=url)}
    return Surroundings(root, {}, datetime.now(UTC), column_lineage, known)


def in_duckdb(root: Path, sql: str = TABLES, **place: Any) -> Reading:
    with duckdb.connect(str(root / "dw.duckdb")) as connection:
        connection.execute(sql)
    return read_warehouse(WarehousePlace(database="dw.duckdb", **place), "warehouse:dw.duckdb", around(root))


def in_postgres(root: Path, url: str, sql: str, **place: Any) -> Reading:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(sql)
    engine.dispose()
    return read_warehouse(WarehousePlace(connection="dw", **place), "warehouse:dw", around(root, url))


def pairs(reading: Reading, kind: EdgeKind = EdgeKind.FEEDS) -> set[tuple[str, str]]:
    return {(str(e.source), str(e.target)) for e in reading.edges if e.kind is kind}


def node(reading: Reading, name: str) -> Node:
    return next(one for one in reading.nodes if str(one.entity) == name)


def _are_as_written(found: Reading, database: str) -> None:
    """The tables above, of whichever engine."""
    assert found.not_understood == ()
    incomes = node(found, f"source:{database}.raw.incomes")
    assert (incomes.role, incomes.description) == ("table", "Incomes as they come in.")
    income = node(found, f"column:{database}.raw.incomes#income")
    assert (income.description, income.facts["type"].lower().partition("(")[0] in ("numeric", "decimal")) == (
        "Per month.",
        True,
    )
    assert node(found, f'column:{database}.raw.incomes#Odd "name')
    assert node(found, f"source:{database}.marts.ratios").role == "view"
    assert pairs(found) == {
        (f"source:{database}.raw.incomes", f"source:{database}.marts.ratios"),
        (f"source:{database}.marts.ratios", f"source:{database}.marts.high"),
        (f"column:{database}.raw.incomes#id", f"column:{database}.marts.ratios#id"),
        (f"column:{database}.raw.incomes#debt", f"column:{database}.marts.ratios#ratio"),
        (f"column:{database}.raw.incomes#income", f"column:{database}.marts.ratios#ratio"),
        (f"column:{database}.marts.ratios#id", f"column:{database}.marts.high#id"),
        (f"column:{database}.marts.ratios#ratio", f"column:{database}.marts.high#high_ratio"),
    }


def test_tables_comments_and_views_of_duckdb_are_read(tmp_path: Path):
    _are_as_written(in_duckdb(tmp_path), "dw")


@pytest.mark.postgres
def test_tables_comments_and_views_of_postgres_are_read(tmp_path: Path, postgres_url: str):
    database = sa.make_url(postgres_url).database
    _are_as_written(in_postgres(tmp_path, postgres_url, TABLES), str(database))


def test_a_view_that_names_no_schema_reads_of_its_own(tmp_path: Path):
    found = in_duckdb(tmp_path, "create table t (a int); create view v as select * from t")
    assert pairs(found) == {
        ("source:dw.main.t", "source:dw.main.v"),
        ("column:dw.main.t#a", "column:dw.main.v#a"),
    }


def test_only_the_asked_schemas_are_read(tmp_path: Path):
    found = in_duckdb(tmp_path, schemas=("marts",))
    assert {one.entity.name for one in found.nodes if one.role} == {"dw.marts.ratios", "dw.marts.high"}
    assert ("source:dw.raw.incomes", "source:dw.marts.ratios") in pairs(found)  # they are still read


def test_the_digest_of_a_table_is_that_of_its_columns_and_its_query(tmp_path: Path):
    first = node(in_duckdb(tmp_path), "source:dw.marts.ratios").digest
    again = node(in_duckdb(tmp_path, "comment on table raw.incomes is 'x'"), "source:dw.marts.ratios").digest
    assert again == first
    changed = "create or replace view marts.ratios as select id, debt as ratio from raw.incomes"
    assert node(in_duckdb(tmp_path, changed), "source:dw.marts.ratios").digest != first


GRANTS = f"""
{TABLES}
drop role if exists ann_{{n}}; drop role if exists analyst_{{n}}; drop role if exists reader_{{n}};
create role reader_{{n}}; create role analyst_{{n}}; create role ann_{{n}} login;
grant reader_{{n}} to analyst_{{n}}; grant analyst_{{n}} to ann_{{n}};
grant usage on schema marts to reader_{{n}};
grant select, insert on marts.ratios to reader_{{n}};
grant select on marts.high to public;
grant select (id) on raw.incomes to analyst_{{n}};
create table marts.parts (id int) partition by range (id);
create table marts.part1 partition of marts.parts for values from (0) to (10);
"""


@pytest.mark.postgres
def test_grants_are_read_with_the_roles_that_they_come_through(tmp_path: Path, postgres_url: str):
    name = str(time.time_ns())
    database = sa.make_url(postgres_url).database
    found = in_postgres(tmp_path, postgres_url, GRANTS.replace("{n}", name))
    roles = {one.facts["name"].replace(f"_{name}", "") for one in found.nodes if one.role == "role"}
    assert {"PUBLIC", "ann", "analyst", "reader", "postgres", "pg_read_all_data"} <= roles

    def short(pair: tuple[str, str]) -> tuple[str, str]:
        source, target = (part.replace(f"_{name}", "").replace(f"{database}.", "") for part in pair)
        return source, target

    members = {short(pair) for pair in pairs(found, EdgeKind.MEMBER_OF)}
    assert {
        ("role:dw/ann", "role:dw/analyst"),
        ("role:dw/analyst", "role:dw/reader"),
        ("role:dw/ann", "role:dw/PUBLIC"),
    } <= members
    granted = {short((str(e.source), str(e.target))): e for e in found.edges if e.kind is EdgeKind.GRANTED}
    ours = {pair for pair in granted if pair[0] != "role:dw/postgres"}
    assert ours == {
        ("role:dw/reader", "source:marts.ratios"),
        ("role:dw/PUBLIC", "source:marts.high"),
        ("role:dw/analyst", "column:raw.incomes#id"),
    }
    assert granted["role:dw/reader", "source:marts.ratios"].transformation == "INSERT, SELECT"
    assert "SELECT" in granted["role:dw/postgres", "source:raw.incomes"].transformation  # the owner
    used = node(found, f"source:{database}.marts.ratios").facts["schema used by"]
    assert used == f"postgres, reader_{name}"
    assert "superuser" in node(found, "role:dw/postgres").facts["rights"]
    assert node(found, f"role:dw/ann_{name}").facts["rights"] == "login"
    tables = {one.entity.name for one in found.nodes if one.entity.name.startswith(f"{database}.marts.p")}
    assert f"{database}.marts.parts" in tables
    assert f"{database}.marts.part1" not in tables  # it is a part of the other
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for role in ("ann", "analyst", "reader"):
            connection.exec_driver_sql(f"drop owned by {role}_{name}; drop role {role}_{name}")
    engine.dispose()


def test_no_data_flows_along_rights(tmp_path: Path):
    assert not EdgeKind.GRANTED.is_flow
    assert not EdgeKind.MEMBER_OF.is_flow


def test_a_table_joins_the_contract_that_describes_it(tmp_path: Path):
    reading = in_duckdb(tmp_path)
    project = a_small_project(tmp_path)
    place = Location("duckdb", path=str(tmp_path / "dw.duckdb"), schema="marts", table="ratios")
    project = replace(project, contracts={**project.contracts, DATASET: a_contract(location=place)})
    found = join_readings(project, [reading])
    assert Entity.dataset(DATASET) in {edge.target for edge in found.edges}
    assert Entity.column(DATASET, "ratio") in {edge.target for edge in found.edges}


@pytest.mark.parametrize(
    ("place", "url", "said"),
    [
        ({"database": "gone.duckdb"}, "", "gone.duckdb is not there"),
        ({"database": "text.duckdb"}, "", "text.duckdb cannot be read as a DuckDB database"),
        ({"connection": "dw"}, "duckdb:///gone.duckdb", "gone.duckdb is not there"),
        ({"connection": "dw"}, "sqlite:///dw.sqlite", "the catalogue of sqlite is not read"),
        ({"connection": "dw"}, "postgresql://ann:hunter2@127.0.0.1:1/db", "'dw' cannot be read"),
    ],
)
def test_a_warehouse_that_cannot_be_read_is_named(tmp_path: Path, place: dict[str, str], url: str, said: str):
    (tmp_path / "text.duckdb").write_text("no database " * 400)
    sa.create_engine(f"sqlite:///{tmp_path}/dw.sqlite").connect().close()
    (tmp_path / "dw.sqlite").touch()
    with pytest.raises(CannotEvaluate, match=said) as caught:
        read_warehouse(WarehousePlace.model_validate(place), "warehouse:dw", around(tmp_path, url))
    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "gone.duckdb").exists()


def test_a_database_named_by_its_connection_is_read(tmp_path: Path):
    in_duckdb(tmp_path)
    found = read_warehouse(
        WarehousePlace(connection="dw"), "warehouse:dw", around(tmp_path, "duckdb:///dw.duckdb")
    )
    assert "dw.raw.incomes" in {one.entity.name for one in found.nodes}


def test_a_thousand_tables_and_views_are_read_in_seconds(tmp_path: Path):
    columns = ", ".join(f"c{number} int" for number in range(20))
    made = [f"create table t{n} ({columns}); create view v{n} as select * from t{n};" for n in range(500)]
    started = time.perf_counter()
    found = in_duckdb(tmp_path, "begin; " + " ".join(made) + " commit;")
    assert len(found.edges) == 500 * 21
    assert time.perf_counter() - started < 60  # measured: 7 s, most of it the SQL of the views


TWINS = """
create schema raw;
create table raw.t (a int);
create table t (a int);
"""


def tables_read(found: Reading) -> set[tuple[str, str]]:
    return {pair for pair in pairs(found) if pair[0].startswith("source:")}


def test_of_two_tables_of_one_name_a_view_of_duckdb_reads_the_default_schemas(tmp_path: Path):
    found = in_duckdb(tmp_path, f"{TWINS} create view v as select a from t")
    assert tables_read(found) == {("source:dw.main.t", "source:dw.main.v")}


@pytest.mark.postgres
def test_of_two_tables_of_one_name_a_view_of_postgres_reads_the_one_it_was_made_on(
    tmp_path: Path, postgres_url: str
):
    found = in_postgres(tmp_path, postgres_url, f"{TWINS} create view raw.v as select a from public.t")
    database = sa.make_url(postgres_url).database
    assert tables_read(found) == {(f"source:{database}.public.t", f"source:{database}.raw.v")}


CHANGES = (
    "alter table raw.incomes add column region text",
    "comment on column raw.incomes.income is 'Per year.'",
    "create or replace view marts.high as select id, ratio as high_ratio from marts.ratios where ratio > 0.5",
    "drop view marts.high",
)
RIGHTS = (
    "create role s_reader",
    "grant usage on schema raw to s_reader",
    "grant select on raw.incomes to s_reader",
    "grant select (id) on raw.incomes to public",
    "create role s_member in role s_reader",
    "alter role s_member bypassrls",
)
BACK = "drop owned by s_reader, s_member; drop role s_reader, s_member"


def test_whatever_is_read_of_a_duckdb_file_changes_its_state(tmp_path: Path):
    def state(statement: str) -> str:
        with duckdb.connect(str(tmp_path / "dw.duckdb")) as connection:
            connection.execute(statement)
        return warehouse_state(WarehousePlace(database="dw.duckdb"), around(tmp_path))

    seen = [state(TABLES), *map(state, CHANGES)]
    assert len(set(seen)) == len(seen)
    assert state("insert into raw.incomes values (1, 2, 3, 'x', 'y')") == seen[-1], "rows are not read"


def test_whatever_is_read_of_postgres_changes_its_state(tmp_path: Path, postgres_url: str):
    place = WarehousePlace(connection="dw")
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")

    def state(statement: str, of: WarehousePlace = place) -> str:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        return warehouse_state(of, around(tmp_path, postgres_url))

    try:
        seen = [state(TABLES), *map(state, (*CHANGES, *RIGHTS))]
        assert len(set(seen)) == len(seen)
        assert state("insert into raw.incomes values (1, 2, 3, 'x', 'y')") == seen[-1], "rows are not read"
        marts = WarehousePlace(connection="dw", schemas=("marts",))
        before = state("select 1", marts)
        assert state("alter table raw.incomes drop column region", marts) == before
    finally:
        state(BACK)
        engine.dispose()
