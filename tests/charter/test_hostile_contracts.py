"""Whatever stands in a project's files, reading them ends in contracts or in problems, never in a crash."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from governance_pipeline.charter.loader import check_project
from governance_pipeline.charter.yaml_source import read_yaml
from tests.charter.projects import new_project
from tests.charter.test_json_schema import mutated, places

FULL = """\
apiVersion: v3.1.0
kind: DataContract
id: full
name: full
version: 1.0.0
status: active
domain: lending
description: {purpose: p, usage: u}
tags: [a]
servers:
  - {server: other, type: kafka, host: h}
  - {server: local, type: local, path: "data/{model}.csv", format: csv}
schema:
  - name: full
    physicalName: full_t
    tags: [b]
    properties:
      - name: a
        logicalType: number
        required: true
        unique: true
        logicalTypeOptions: {minimum: 0, maximum: 9}
        transformSourceObjects: [lending.incomes.amount, incomes.amount, lending.incomes]
        customProperties: [{property: personal, value: true}]
        quality:
          - {metric: invalidValues, mustBe: 0, arguments: {validValues: [1, 2]}, severity: info}
          - {type: sql, query: select 1, mustBeBetween: [1, 2]}
          - {type: custom, engine: pandera, implementation: {check: isin, allowed_values: [1]}}
      - {name: b, logicalType: timestamp}
    quality:
      - {metric: duplicateValues, mustBe: 0, arguments: {properties: [a, b]}}
      - {type: text, description: d}
    customProperties:
      - {property: namespace, value: lending}
      - {property: eventTime, value: b}
      - {property: subjectKey, value: a}
      - {property: upstream, value: [lending.incomes]}
      - {property: purposes, value: [{purpose: p, basis: consent}]}
      - {property: calendar, value: {timezone: UTC, workdays: [mon], holidays: [2026-01-01]}}
slaProperties:
  - {property: latency, value: 1, unit: d, element: full.b}
  - {property: retention, value: 1, unit: y}
team:
  name: data-team
  members: [{username: sam, role: owner}, {username: lee, role: analyst, dateOut: 2026-01-01}]
"""
KEYS = [
    "name", "value", "property", "type", "metric", "unit", "mustBe", "arguments", "properties", "quality",
    "role", "logicalType", "required", "customProperties", "members", "element", "physicalName", "tags",
    "purpose",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_broken_contracts_never_break_the_reading_of_a_project(seed: int, tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    pick = random.Random(seed)
    sources = ("full", "incomes", "snapshot", "consents", "predictions")
    (root / "datasets/full.odcs.yaml").write_text(FULL, encoding="utf-8")
    assert check_project(root) == []
    clean = {name: read_yaml(root / f"datasets/{name}.odcs.yaml").data for name in sources}
    refused = 0
    for _ in range(25):
        for name, data in clean.items():
            text = json.dumps(mutated(data, KEYS, pick))
            (root / f"datasets/{name}.odcs.yaml").write_text(text, encoding="utf-8")
        problems = check_project(root)
        refused += bool(problems)
        assert all(problem.message and problem.file for problem in problems)
    assert refused > 12


@pytest.mark.parametrize(
    "file", ["governance.yaml", "charter.yaml", "playbook/playbook.yaml", "models/approval.yaml"]
)
def test_broken_files_of_ours_never_break_the_reading_of_a_project(file: str, tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    pick = random.Random(7)
    data = read_yaml(root / file).data
    keys = sorted({step for place in places(data) for step in place if isinstance(step, str)})
    for _ in range(40):
        (root / file).write_text(json.dumps(mutated(data, keys, pick)), encoding="utf-8")
        assert all(problem.message and problem.file for problem in check_project(root))
