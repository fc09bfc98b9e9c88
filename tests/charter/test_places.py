"""Mistakes in the ``catalog`` section of governance.yaml are named where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.charter.loader import check_project
from governance_pipeline.charter.places import Place
from governance_pipeline.charter.scaffold import create_project
from tests.charter.projects import change, complaints, new_project


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ("[{dbt: {manifest: target/manifest.json}}]", ""),
        ("[{dbt: {manifets: target/manifest.json}}]", "did you mean 'manifest'?"),
        ("[{dtb: {manifest: target/manifest.json}}]", "did you mean 'dbt'?"),
        ("[{dbt: {manifest: ../target/manifest.json}}]", "leads out of the project folder"),
        ("[{dbt: {manifest: a.json, catalog: '~/c.json'}}]", "'~' is not replaced"),
        ("[{}]", "names nothing; expected exactly one of dbt, feast, mlflow, warehouse, plugin"),
        ("[{warehouse: {database: dw.duckdb, schemas: [main]}}]", ""),
        ("[{warehouse: {}}]", "expected either 'connection' or 'database'"),
        ("[{mlflow: {connection: tracking}}]", "there is no connection 'tracking'"),
        ("[{feast: {registry: data/registry.db}}]", ""),
        ("[{feast: {registry: ../registry.db}}]", "leads out of the project folder"),
        ("[{feast: {}}]", "expected either 'registry' or 'connection'"),
        ("[{feast: {registry: a.db, connection: b}}]", "expected either 'registry' or 'connection'"),
        ("[{feast: {connection: feats}}]", "there is no connection 'feats'"),
        ("[{dbt: {manifest: a.json}}, {dbt: {manifest: a.json}}]", "'dbt:a.json' stands here twice"),
        ("[{plugin: {reader: datahub}}]", "no installed package has a reader 'datahub'"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, places: str, said: str):
    create_project(tmp_path / "p", "lending")
    file = tmp_path / "p" / "governance.yaml"
    file.write_text(f"{file.read_text()}\ncatalog: {places}\n")
    problems = [str(problem) for problem in check_project(tmp_path / "p")]
    if not said:
        assert problems == []
        return
    assert any(problem.startswith("governance.yaml:") and said in problem for problem in problems), problems


def test_who_says_it_never_names_a_user_or_a_password():
    options = {"place": "https://ann:secret@catalog.example.org/a?token=b"}
    place = Place.model_validate({"plugin": {"reader": "datahub", "options": options}})
    assert place.by == "datahub:https://catalog.example.org/a"


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ("mlflow: {connection: warehouse, name: approvals, serving: [live]}", ""),
        ("mlflow: {connection: warehuose}", "did you mean 'warehouse'?"),
        ("type: file", "expected either 'path' or 'mlflow'"),
        ("{path: a.yaml, mlflow: {connection: warehouse}}", "expected either 'path' or 'mlflow'"),
        ("mlflow: {name: approvals}", "connection"),
    ],
)
def test_mistakes_in_a_models_registry_are_named(tmp_path: Path, registry: str, said: str):
    root = new_project(tmp_path / "p")
    change(root, "models/approval.yaml", "  path: models/approval.versions.json", f"  {registry}")
    problems = complaints(root)
    if not said:
        assert problems == []
        return
    assert any(problem.startswith("models/") and said in problem for problem in problems), problems
