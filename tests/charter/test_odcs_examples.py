"""Every example contract of the standard is governed, or set aside with a reason that is true of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.odcs import read_contracts
from governance_pipeline.charter.odcs_reading import FileReading, Surroundings
from governance_pipeline.charter.yaml_source import read_yaml
from tests.charter.projects import change, new_project

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "documents" / "odcs"
NO_SERVER = "the contract names no server, so there is no table to measure"
NO_TABLE = "the contract describes no table (its schema is empty)"
KAFKA = "a server of type 'kafka' cannot be measured"
NO_CONNECTION = "governance.yaml has no connection named 'my-postgres', so this database cannot be reached"
# Written down by reading each file: dataset and why it is not governed.
EXPECTED = {
    "examples__all__full-example": {"seller.tbl": NO_CONNECTION, "seller.receivers": NO_CONNECTION},
    "examples__fundamentals__table-column-description": {"default.tbl": NO_SERVER},
    "examples__quality__column-accuracy": {"default.Air_Quality": NO_SERVER},
    "examples__quality__column-completeness": {"default.Air_Quality": NO_SERVER},
    "examples__quality__column-custom": {"default.Air_Quality": NO_SERVER},
    "examples__quality__column-validity": {"default.Air_Quality": NO_SERVER},
    "examples__roles__service-and-operational-roles": {"my_table": NO_TABLE},
    "examples__schema__all-schema-types": {
        "default.tbl": NO_SERVER,
        "default.AnObject": NO_SERVER,
        "default.AnotherObject": NO_SERVER,
    },
    "examples__schema__kafka-schema": {"default.Orders": KAFKA},
    "examples__schema__kafka-schemaregistry": {"default.Orders": KAFKA},
    "examples__schema__table-column": {"default.tbl": NO_SERVER},
    "examples__schema__table-columns-with-partition": {"default.tbl": NO_SERVER},
    "examples__server__azure-server": {"abc123": NO_TABLE},
    "examples__server__kafka-server": {"default.Orders": KAFKA},
    "examples__sla__database-table-sla": {"my_table": NO_TABLE},
    "examples__stakeholders__basic-four-dpo": {"my_table": NO_TABLE},
}

pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the ODCS examples are not beside the project")


def read(name: str, *connections: str) -> FileReading:
    path = EXAMPLES / f"{name}.odcs.yaml"
    return read_contracts(
        read_yaml(path, path.name), path, "sha256:x", Surroundings(Path("/project"), connections)
    )


def test_the_table_below_speaks_of_every_example() -> None:
    assert {path.name.removesuffix(".odcs.yaml") for path in EXAMPLES.glob("*.odcs.yaml")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_is_set_aside_for_the_reason_that_is_true_of_it(name: str) -> None:
    reading = read(name)
    assert {table.dataset: table.reason for table in reading.ungoverned} == EXPECTED[name]
    assert reading.problems == ()
    assert reading.drafts == ()


def test_all_examples_together_load_beside_a_project_and_are_listed(tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    for path in EXAMPLES.glob("*.odcs.yaml"):
        (root / "datasets" / path.name).write_bytes(path.read_bytes())
    project = load_project(root)
    assert len(project.ungoverned) == sum(len(reasons) for reasons in EXPECTED.values())
    assert all(not name.startswith("default.") for name in project.contracts)


def test_the_full_example_is_governed_once_its_database_is_connected() -> None:
    first, second = (draft.contract for draft in read("examples__all__full-example", "my-postgres").drafts)
    assert (first.dataset, second.dataset) == ("seller.tbl", "seller.receivers")
    assert (first.location.schema, first.location.table) == ("pp_access_views", "tbl_1")
    assert [column.name for column in first.columns] == ["txn_ref_dt", "rcvr_id", "rcvr_cntry_code"]
    assert first.primary_key == ("rcvr_id",)
    assert second.primary_key == ("id", "country_code")
    assert [(rule.id, rule.operator, rule.bound) for rule in first.rules] == [
        ("rcvr_cntry_code.nullValues", "mustBe", 0),
        ("rowCount", "mustBeGreaterThan", 1_000_000),
    ]
    assert first.version == "1.1.0"
    assert first.domain == "seller"
    assert first.tags == ("transactions", "finance", "payments")


def test_parts_of_the_full_example_that_are_not_acted_on_are_listed_with_their_lines() -> None:
    path = EXAMPLES / "examples__all__full-example.odcs.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    ignored = read("examples__all__full-example", "my-postgres").drafts[0].contract.ignored
    for part, begins in (
        ("tenant", "tenant:"),
        ("price", "price:"),
        ("schema.tbl.relationships", "    relationships:"),
        ("schema.tbl.customProperties.business-key", "      - property: business-key"),
        ("schema.tbl.properties.rcvr_cntry_code.encryptedName", "        encryptedName:"),
    ):
        line = next(number for number, text in enumerate(lines, 1) if text.startswith(begins))
        assert f"{part} (line {line})" in ignored
    assert any("'tab1.txn_ref_dt' is no table of this contract" in part for part in ignored)
    assert not any(part.startswith(("schema.tbl.name", "version", "servers")) for part in ignored)


def test_the_owner_of_the_full_example_is_the_member_with_that_role() -> None:
    (owner,) = read("examples__all__full-example", "my-postgres").drafts[0].owners
    assert owner.text == "daustin"


def test_an_example_that_asks_to_be_governed_is_refused_with_its_reason(tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    name = "examples__schema__kafka-schema.odcs.yaml"
    (root / "datasets" / name).write_bytes((EXAMPLES / name).read_bytes())
    change(
        root,
        f"datasets/{name}",
        "servers:",
        "customProperties: [{property: namespace, value: shop}]\nservers:",
    )
    from governance_pipeline.charter.loader import check_project

    (problem,) = check_project(root)
    assert problem.message == KAFKA
    assert (
        problem.expected
        == "a local Parquet or CSV file, a DuckDB file, a SQL database, or files that Spark reads"
    )
