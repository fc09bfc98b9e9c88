"""JSON Schemas of the project's files, for editors and for whoever writes the files by program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.odcs_schema import official_schema
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.settings import Settings

FILE_MODELS: Mapping[str, tuple[type[FileModel], str]] = {
    "governance": (Settings, "governance.yaml: where this project's parts are, and when its night runs"),
    "charter": (Charter, "charter.yaml: people, teams, functions and who may decide"),
    "model": (ModelSpec, "models/*.yaml: what a model is for, reads, predicts and answers to"),
    "playbook": (Playbook, "playbook/*.yaml: the project's policies"),
    "assessment": (Questionnaire, "playbook/assessments/*.yaml: a questionnaire that reviews rest on"),
}
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def file_schemas() -> dict[str, dict[str, Any]]:
    """The schemas of our own files by file name, such as ``charter.schema.json``."""
    found: dict[str, dict[str, Any]] = {}
    for name, (model, title) in FILE_MODELS.items():
        schema = {"$schema": DIALECT, **model.model_json_schema(), "title": title}
        if model is Playbook:
            # The playbook may be split over files, so no single file has to hold all of it.
            schema.pop("required", None)
            schema["$defs"]["Indicators"].pop("required", None)
        found[f"{name}.schema.json"] = schema
    return found


def editor_schemas() -> dict[str, dict[str, Any]]:
    """What an editor needs for a whole project: our own schemas and the official one of ODCS."""
    return {**file_schemas(), "odcs.schema.json": dict(official_schema())}


def as_text(schema: Mapping[str, Any]) -> str:
    """A schema as it is written to a file; the same text for the same schema."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def export(folder: Path) -> list[Path]:
    """Write the schemas of our own files into ``folder``; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in file_schemas().items():
        path = folder / name
        path.write_text(as_text(schema), encoding="utf-8")
        written.append(path)
    return written
