from __future__ import annotations

import json
from pathlib import Path

from governance_pipeline.charter.explain import explain_project
from governance_pipeline.charter.loader import load_project
from tests.charter.projects import change, line_of, new_project, write


def test_each_dataset_is_explained_in_words_and_plain_data(tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    found = {one["dataset"]: one for one in explain_project(load_project(root))}
    assert json.loads(json.dumps(list(found.values()))) == list(found.values())
    incomes = found["lending.incomes"]
    assert incomes["governed"] is True
    assert incomes["file"] == "datasets/incomes.odcs.yaml:10"
    assert incomes["rows_are_in"] == "table public.income_t of the connection warehouse"
    assert incomes["owner"] == "sam (Sam Example)"
    assert incomes["tier"] == "high (from the models that read it)"
    assert incomes["dated_by"] == "updated_at"
    assert incomes["newest_row_at_most"] == "26 hours old"
    assert incomes["oldest_row_at_most"] == "no limit promised"
    assert incomes["rules"] == ["amount.required: empty values of amount must be 0 (error)"]
    snapshot = found["lending.snapshot"]
    assert snapshot["kind"] == "training snapshot"
    assert snapshot["owner"] == "data-team (team of sam)"
    assert snapshot["about"] == "people, named by subject_id"
    assert snapshot["purposes"] == ["model_training (lawful basis: consent)"]
    assert "income: number, from lending.incomes.amount" in snapshot["columns"]
    assert snapshot["dated_by"] == "no column: recency and retention cannot be measured"
    assert (
        found["lending.consents"]["rows_are_in"]
        == f"table main.consents of the DuckDB file {root}/data/ledger.duckdb"
    )
    assert "sex: string, protected attribute" in found["lending.predictions"]["columns"]


def test_rules_and_calendars_are_said_in_words(tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    change(
        root,
        "datasets/incomes.odcs.yaml",
        "    customProperties:\n",
        """\
    quality:
      - {metric: rowCount, mustBeBetween: [1, 900]}
      - {type: sql, query: select 1, mustNotBe: 4, severity: info}
    customProperties:
      - {property: calendar, value: {timezone: Europe/Zurich, workdays: [mon, tue], holidays: [2026-12-25]}}
""",
    )
    change(root, "datasets/incomes.odcs.yaml", "{name: amount, logicalType: number, required: true}",
           "{name: amount, quality: [{type: custom, engine: pandera,"
           " implementation: {check: gt, min_value: 1}},"
           " {metric: nullValues, mustBeLessThan: 2.5, unit: percent, severity: warning}]}")  # fmt: skip
    found = {one["dataset"]: one for one in explain_project(load_project(root))}["lending.incomes"]
    assert found["due"] == "on mon, tue, except 1 holiday, days of Europe/Zurich"
    assert found["rules"] == [
        "amount.gt: pandera check gt on amount (error)",
        "amount.nullValues: empty values of amount must be less than 2.5 % of rows (warning)",
        "rowCount: rows must be between 1 and 900 (error)",
        "sql: result of the query must not be 4 (info)",
    ]


def test_what_is_not_acted_on_and_what_is_not_governed_is_listed(tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    file = "datasets/incomes.odcs.yaml"
    change(root, file, "domain: lending", "domain: lending\ntenant: ACME")
    head = "apiVersion: v3.1.0\nkind: DataContract\nid: k\nversion: 1.0.0\nstatus: active\n"
    write(root, "datasets/clicks.odcs.yaml", head + "schema: [{name: clicks}]\n")
    *governed, clicks = explain_project(load_project(root))
    incomes = next(one for one in governed if one["dataset"] == "lending.incomes")
    assert f"tenant (line {line_of(root, file, 'tenant')})" in incomes["kept_but_not_acted_on"]
    assert clicks == {
        "dataset": "default.clicks",
        "governed": False,
        "file": "datasets/clicks.odcs.yaml:6",
        "not_governed_because": "the contract names no server, so there is no table to measure",
    }
