from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft201909Validator, Draft202012Validator

from governance_pipeline.charter.schema_export import as_text, editor_schemas, export, file_schemas
from governance_pipeline.charter.yaml_source import read_yaml
from tests.charter.projects import new_project

DOCS = Path(__file__).parents[2] / "docs" / "schema"
HOW = "run: python -c 'from pathlib import Path; from governance_pipeline.charter import schema_export as s;"


def test_the_committed_schemas_are_current() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.schema.json")}
    current = {name: as_text(schema) for name, schema in file_schemas().items()}
    for name, text in current.items():
        assert committed.get(name) == text, (
            f'docs/schema/{name} is old; {HOW} s.export(Path("docs/schema"))\''
        )


def test_export_writes_the_schemas_of_our_own_files(tmp_path: Path) -> None:
    written = export(tmp_path / "schema")
    assert [path.name for path in written] == [
        "governance.schema.json",
        "charter.schema.json",
        "model.schema.json",
        "playbook.schema.json",
        "assessment.schema.json",
    ]


@pytest.mark.parametrize("name", list(editor_schemas()))
def test_each_is_a_valid_json_schema_with_a_title(name: str) -> None:
    schema = editor_schemas()[name]
    judge = Draft201909Validator if "2019-09" in schema["$schema"] else Draft202012Validator
    judge.check_schema(schema)
    assert schema["title"]


def judged(name: str, path: Path) -> list[str]:
    schema = editor_schemas()[name]
    judge = Draft201909Validator if "2019-09" in schema["$schema"] else Draft202012Validator
    return [error.message for error in judge(schema).iter_errors(read_yaml(path).data)]


def test_an_editor_accepts_a_valid_project(tmp_path: Path) -> None:
    root = new_project(tmp_path / "p")
    assert judged("governance.schema.json", root / "governance.yaml") == []
    assert judged("charter.schema.json", root / "charter.yaml") == []
    assert judged("playbook.schema.json", root / "playbook/playbook.yaml") == []
    assert judged("model.schema.json", root / "models/approval.yaml") == []
    for path in (root / "playbook/assessments").glob("*.yaml"):
        assert judged("assessment.schema.json", path) == []
    for path in (root / "datasets").glob("*.yaml"):
        assert judged("odcs.schema.json", path) == []


def test_an_editor_accepts_one_file_of_a_split_playbook_and_refuses_unknown_keys(tmp_path: Path) -> None:
    part = tmp_path / "part.yaml"
    part.write_text("alerts: {max_attempts: 3}\n", encoding="utf-8")
    assert judged("playbook.schema.json", part) == []
    part.write_text("alerts: {attempts: 3}\n", encoding="utf-8")
    assert judged("playbook.schema.json", part)


def models_in(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        ("the file", schema),
        *((name, one) for name, one in schema.get("$defs", {}).items() if "properties" in one),
    ]


def test_every_part_of_a_file_says_what_it_is() -> None:
    for name, schema in file_schemas().items():
        for part, found in models_in(schema):
            assert found.get("description"), f"{part} of {name} has no description"
            assert found.get("additionalProperties") is False, f"{part} of {name} is open to unknown keys"
