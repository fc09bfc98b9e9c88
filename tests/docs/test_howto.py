"""What the pages tell people to type exists, and the pieces of files they show are valid."""

from __future__ import annotations

import json
import re
import shlex
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft7Validator

from governance_pipeline.charter.indicator_policy import IndicatorPolicy
from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.model import Registry
from governance_pipeline.charter.odcs_terms import DatasetTerms
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import ReviewPolicy
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.charter.settings import Settings
from governance_pipeline.charter.yaml_source import read_yaml
from governance_pipeline.cli.main import app
from governance_pipeline.testing import a_playbook
from tests.docs.pages import ROOT, Block, blocks, pages

PAGES = [page for page in pages() if "examples" not in page.parts]
COMMANDS = [
    (str(page.relative_to(ROOT)), line)
    for page in PAGES
    for block in blocks(page.read_text(encoding="utf-8"))
    if block.info[:1] in ((), ("sh",), ("yaml",))
    for line in re.findall(r"(?<![\w/-])governance [a-z][^|&#\n]*", block.text)
] + [
    (str(page.relative_to(ROOT)), line)
    for page in PAGES
    for line in re.findall(r"`(governance [a-z][^`]*)`", page.read_text(encoding="utf-8"))
]
SETTINGS = {"name": "x", "schedule": {"start": "2026-01-01"}}
PERSON = {"id": "sam", "name": "Sam", "mail": "sam@example.org"}


def _verb(words: list[str]) -> tuple[Any, list[str]]:
    """The command that ``words`` call, and what is left of them. Raises KeyError for an unknown verb."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        command = command.commands[words[0]]
        words = words[1:]
    return command, words


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_every_command_on_a_page_exists_with_its_options(page: str, line: str) -> None:
    command, rest = _verb(shlex.split(line.replace("...", "x").strip(), comments=True)[1:])
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in rest if word.startswith("-")}
    assert used <= {*known, "--help", "--version"}, page


def _own_yaml() -> list[tuple[str, Block]]:
    return [
        (str(page.relative_to(ROOT)), block)
        for page in PAGES
        if page.name != "tutorial.md"
        for block in blocks(page.read_text(encoding="utf-8"))
        if block.info == ("yaml",)
    ]


@pytest.mark.parametrize(("page", "block"), [found for found in _own_yaml() if "${{" not in found[1].text])
def test_every_piece_of_a_file_on_a_page_is_valid(page: str, block: Block, tmp_path: Path) -> None:
    file = tmp_path / "piece.yaml"
    file.write_text(block.text, encoding="utf-8")
    data = read_yaml(file, page).data
    if set(data) <= set(Settings.model_fields):
        Settings.model_validate({**SETTINGS, **data})
    elif set(data) <= set(Charter.model_fields):
        Charter.model_validate({"steward": "sam", "people": [PERSON], **data})
    elif set(data) == {"indicators"}:
        a_playbook(**data["indicators"])
    elif set(data) == {"reviews"}:
        ReviewPolicy.model_validate({"clause": "P-1", "by_tier": {}, **data["reviews"]})
    elif set(data) == {"jobs"}:
        schema = (files("check_jsonschema.builtin_schemas.vendor") / "github-workflows.json").read_text(
            "utf-8"
        )
        Draft7Validator(json.loads(schema)).validate({"on": "push", **data})
    elif set(data) == {"plugins"}:
        for policy in data["plugins"].values():
            IndicatorPolicy.model_validate(policy)
    elif set(data) == {"customProperties"}:
        DatasetTerms.model_validate({one["property"]: one["value"] for one in data["customProperties"]})
    elif set(data) == {"registry"}:
        Registry.model_validate(data["registry"])
    else:
        assert set(data) in ({"servers"}, {"model", "versions"}), f"{page}:{block.line} is a piece of what?"


def test_a_command_that_is_not_there_is_noticed() -> None:
    assert len(COMMANDS) > 60
    with pytest.raises(KeyError):
        _verb(["certify"])


def test_every_make_target_on_a_page_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"`make ([a-z]+)`", text) + re.findall(r"^make ([a-z]+)", text, flags=re.MULTILINE)
        assert set(named) <= targets, page


def test_the_page_about_dagster_names_its_schedule_and_sensors(tmp_path: Path) -> None:
    from assets.location import build_definitions

    create_project(tmp_path / "project", "x")
    made = build_definitions(load_project(tmp_path / "project"))
    page = (ROOT / "docs/how-to/schedule-with-dagster.md").read_text(encoding="utf-8")
    assert {f"sensor `{one.name}`" for one in made.sensors or ()} == set(re.findall(r"sensor `\w+`", page))
    assert {f"schedule `{one.name}`" for one in made.schedules or ()} == set(
        re.findall(r"schedule `\w+`", page)
    )
