"""What is read of the artefacts of dbt, of whichever version."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.catalog.dbt import read_dbt
from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.charter.places import DbtPlace
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.lineage.sql import column_lineage
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import EdgeKind, Node, Reading

EXAMPLE = Path(__file__).parents[3] / "shared" / "data" / "lineage" / "dbt"
SQL = 'select i.id, i.amount / 12 as monthly from "dw"."raw"."incomes" as i'


def read(root: Path, manifest: dict[str, Any], **others: dict[str, Any]) -> Reading:
    for name, content in {"manifest": manifest, **others}.items():
        (root / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    place = DbtPlace(manifest="manifest.json", **{name: f"{name}.json" for name in others})
    return read_dbt(place, "dbt:manifest.json", Surroundings(root, {}, datetime.now(UTC), column_lineage))


def a_model(name: str, *parents: str, **changes: Any) -> dict[str, Any]:
    return {
        "resource_type": "model",
        "database": "dw",
        "schema": "marts",
        "name": name,
        "alias": name,
        "package_name": "shop",
        "original_file_path": f"models/{name}.sql",
        "depends_on": {"nodes": list(parents), "macros": []},
        "config": {"materialized": "table"},
        "columns": {},
        "raw_code": "select 1",
        "compiled_code": SQL,
        **changes,
    }


SOURCE = {
    "resource_type": "source",
    "database": "dw",
    "schema": "raw",
    "name": "income_feed",
    "identifier": "incomes",
    "original_file_path": "models/sources.yml",
    "columns": {},
}


def a_manifest(**nodes: Any) -> dict[str, Any]:
    return {
        "metadata": {"adapter_type": "postgres"},
        "nodes": {f"model.shop.{name}": node for name, node in nodes.items()},
        "sources": {"source.shop.raw.income_feed": SOURCE},
    }


def flows(reading: Reading) -> set[tuple[str, str]]:
    return {(str(e.source), str(e.target)) for e in reading.edges if e.kind is EdgeKind.FEEDS}


def node(reading: Reading, name: str) -> Node:
    return next(one for one in reading.nodes if str(one.entity) == name)


def test_a_project_of_dbt_is_read_with_its_columns_and_tests(tmp_path: Path):
    if not EXAMPLE.is_dir():
        pytest.skip(f"there is no example of dbt's artefacts in {EXAMPLE}")
    parts = ("manifest", "catalog", "run_results")
    found = read(
        tmp_path,
        **{part: json.loads(gzip.decompress((EXAMPLE / f"{part}.json.gz").read_bytes())) for part in parts},
    )
    assert found.not_understood == ()
    main = "jaffle_shop.main"
    tables = {pair for pair in flows(found) if pair[0].startswith("source:")}
    assert tables == {  # the parents in the manifest's own depends_on
        (f"source:{main}.raw_payments", f"source:{main}.stg_payments"),
        (f"source:{main}.raw_orders", f"source:{main}.stg_orders"),
        (f"source:{main}.raw_customers", f"source:{main}.stg_customers"),
        (f"source:{main}.stg_orders", f"source:{main}.orders"),
        (f"source:{main}.stg_payments", f"source:{main}.orders"),
        (f"source:{main}.stg_customers", f"source:{main}.customers"),
        (f"source:{main}.stg_orders", f"source:{main}.customers"),
        (f"source:{main}.stg_payments", f"source:{main}.customers"),
    }
    into_value = {s for s, t in flows(found) if t == f"column:{main}.customers#customer_lifetime_value"}
    assert into_value == {f"column:{main}.stg_payments#amount"}  # through three CTEs and two stars
    assert node(found, f"source:{main}.orders").facts["tests"] == "10 (10 success)"
    amount = node(found, f"column:{main}.orders#amount")
    assert (amount.facts["type"], amount.facts["tests"]) == ("DOUBLE", "not_null")


@pytest.mark.parametrize("version", ["v1", "v4", "v6", "v7", "v9", "v12", "v20"])
def test_every_version_of_the_manifest_says_the_same(tmp_path: Path, version: str):
    model = a_model("incomes", "source.shop.raw.income_feed")
    if version in ("v1", "v4", "v6"):
        model["compiled_sql"], model["raw_sql"] = model.pop("compiled_code"), model.pop("raw_code")
    manifest = a_manifest(incomes=model)
    manifest["metadata"]["dbt_schema_version"] = f"https://schemas.getdbt.com/dbt/manifest/{version}.json"
    assert flows(read(tmp_path, manifest)) == {
        ("source:dw.raw.incomes", "source:dw.marts.incomes"),
        ("column:dw.raw.incomes#id", "column:dw.marts.incomes#id"),
        ("column:dw.raw.incomes#amount", "column:dw.marts.incomes#monthly"),
    }


def test_sources_among_the_nodes_of_old_manifests_are_read(tmp_path: Path):
    manifest = a_manifest(incomes=a_model("incomes", "source.shop.raw.income_feed"))
    manifest["nodes"] |= manifest.pop("sources")
    assert ("source:dw.raw.incomes", "source:dw.marts.incomes") in flows(read(tmp_path, manifest))


def test_an_ephemeral_model_is_no_table_and_is_seen_through(tmp_path: Path):
    manifest = a_manifest(
        between=a_model("between", "source.shop.raw.income_feed", config={"materialized": "ephemeral"}),
        incomes=a_model("incomes", "model.shop.between"),
    )
    assert {pair for pair in flows(read(tmp_path, manifest)) if pair[0].startswith("source:")} == {
        ("source:dw.raw.incomes", "source:dw.marts.incomes")
    }


def test_owners_come_from_meta_from_the_group_and_from_the_exposure(tmp_path: Path):
    manifest = a_manifest(
        incomes=a_model("incomes", "source.shop.raw.income_feed", meta={"owner": "ada@example.org"}),
        rates=a_model("rates", config={"materialized": "view", "group": "credit"}),
    )
    manifest["groups"] = {"group.shop.credit": {"name": "credit", "owner": {"email": ["c@example.org"]}}}
    manifest["exposures"] = {
        "exposure.shop.board": {
            "resource_type": "exposure",
            "name": "board",
            "type": "dashboard",
            "owner": {"name": "Ben", "email": "ben@example.org"},
            "depends_on": {"nodes": ["model.shop.incomes"]},
        }
    }
    found = read(tmp_path, manifest)
    owns = {(e.source.name, str(e.target)) for e in found.edges if e.kind is EdgeKind.OWNS}
    assert owns == {
        ("ada@example.org", "source:dw.marts.incomes"),
        ("c@example.org", "source:dw.marts.rates"),
        ("ben@example.org", "deployment:exposure.shop.board"),
    }
    assert ("source:dw.marts.incomes", "deployment:exposure.shop.board") in flows(found)


def test_a_failed_test_is_named_with_its_column(tmp_path: Path):
    manifest = a_manifest(incomes=a_model("incomes"))
    for name, column in (("not_null", "id"), ("unique", "id")):
        manifest["nodes"][f"test.shop.{name}"] = {
            "resource_type": "test",
            "name": f"{name}_incomes_{column}",
            "column_name": column,
            "test_metadata": {"name": name, "kwargs": {}},
            "depends_on": {"nodes": ["model.shop.incomes"]},
        }
    results = [
        {"unique_id": "test.shop.not_null", "status": "pass"},
        {"unique_id": "test.shop.unique", "status": "fail"},
    ]
    found = read(tmp_path, manifest, run_results={"results": results})
    assert node(found, "source:dw.marts.incomes").facts["tests"] == "2 (1 fail, 1 pass: unique of id)"


def test_a_test_of_two_tables_is_on_the_one_it_is_written_at(tmp_path: Path):
    manifest = a_manifest(incomes=a_model("incomes"), people=a_model("people"))
    manifest["nodes"]["test.shop.relationships"] = {  # as before attached_node was written
        "resource_type": "test",
        "name": "relationships_incomes_id",
        "test_metadata": {
            "name": "relationships",
            "kwargs": {"column_name": "id", "model": "{{ get_where_subquery(ref('shop', 'incomes')) }}"},
        },
        "depends_on": {"nodes": ["model.shop.people", "model.shop.incomes"]},
    }
    found = read(tmp_path, manifest)
    assert node(found, "source:dw.marts.incomes").facts["tests"] == "1"
    assert "tests" not in node(found, "source:dw.marts.people").facts


def test_the_digest_changes_with_code_macros_columns_and_parents_and_with_nothing_else(tmp_path: Path):
    def digest(model: dict[str, Any], macro: str = "x", **more: Any) -> str:
        manifest = a_manifest(incomes=model)
        manifest["macros"] = {"macro.shop.m": {"package_name": "shop", "macro_sql": macro}}
        return node(read(tmp_path, {**manifest, **more}), "source:dw.marts.incomes").digest

    plain = a_model("incomes", depends_on={"nodes": [], "macros": ["macro.shop.m"]})
    first = digest(plain)
    assert digest({**plain, "description": "other words", "compiled_code": f"{SQL} -- 3 March"}) == first
    changed = [
        digest({**plain, "raw_code": "select 2"}),
        digest(plain, macro="y"),
        digest({**plain, "columns": {"id": {"name": "id", "data_type": "bigint"}}}),
        digest(
            {**plain, "depends_on": {"nodes": ["source.shop.raw.income_feed"], "macros": ["macro.shop.m"]}}
        ),
    ]
    assert len({first, *changed}) == len(changed) + 1


def test_what_is_not_understood_is_named_and_the_rest_stands(tmp_path: Path):
    manifest = a_manifest(
        good=a_model("good", "source.shop.raw.income_feed"),
        odd=a_model("odd", "source.shop.raw.income_feed", compiled_code="select from where"),
        star=a_model("star", "source.shop.raw.income_feed", compiled_code="select * from dw.raw.incomes"),
        python=a_model("python", "source.shop.raw.income_feed", language="python", compiled_code="def model"),
        raw=a_model("raw", "source.shop.raw.income_feed", compiled_code=None),
    )
    found = read(tmp_path, manifest)
    named = {why.split(":")[0] for why in found.not_understood}
    assert named == {f"models/{name}.sql" for name in ("odd", "star", "python", "raw")}
    assert {t for s, t in flows(found) if s == "source:dw.raw.incomes"} == {
        f"source:dw.marts.{name}" for name in manifest_names(manifest)
    }


def manifest_names(manifest: dict[str, Any]) -> list[str]:
    return [node["name"] for node in manifest["nodes"].values()]


def test_models_that_depend_on_each_other_end(tmp_path: Path):
    manifest = a_manifest(a=a_model("a", "model.shop.b"), b=a_model("b", "model.shop.a"))
    assert ("source:dw.marts.a", "source:dw.marts.b") in flows(read(tmp_path, manifest))


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read"), ("[", "no JSON"), ("[]", "no JSON object"), ("{}", "no nodes")],
)
def test_a_file_that_is_no_manifest_is_named(tmp_path: Path, content: str | None, why: str):
    if content is not None:
        (tmp_path / "manifest.json").write_text(content)
    around = Surroundings(tmp_path, {}, datetime.now(UTC), column_lineage)
    with pytest.raises(CannotEvaluate, match=f"manifest.json.*{why}"):
        read_dbt(DbtPlace(manifest="manifest.json"), "dbt:manifest.json", around)


def test_columns_keep_the_spelling_of_the_warehouse(tmp_path: Path):
    catalog = {
        "nodes": {"model.shop.incomes": {"columns": {"ID": {"name": "ID", "type": "NUMBER", "index": 1}}}}
    }
    model = a_model(
        "incomes", "source.shop.raw.income_feed", columns={"id": {"name": "id", "description": "key"}}
    )
    found = read(tmp_path, a_manifest(incomes=model), catalog=catalog)
    column = node(found, str(Entity.column("dw.marts.incomes", "ID")))
    assert (column.description, column.facts["type"]) == ("key", "NUMBER")
    assert ("column:dw.raw.incomes#id", "column:dw.marts.incomes#ID") in flows(found)
