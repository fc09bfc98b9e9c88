"""``--format json``: what each verb prints is what its published schema says, and says all of it."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from governance_pipeline.cli.outputs import OUTPUTS, output_schemas
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.json_form import jsonable
from tests.cli.conftest import Command

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "cli"


def closed(schema: Any) -> Any:
    """The schema, letting nothing pass that it does not name."""
    if isinstance(schema, dict):
        found = {key: closed(value) for key, value in schema.items()}
        if found.get("type") == "object" and "properties" in found and "additionalProperties" not in found:
            found["additionalProperties"] = False
        return found
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def complaints(verb: str, answer: Any) -> list[str]:
    schema = json.loads((PUBLISHED / f"{verb}.schema.json").read_text())
    validator = Draft202012Validator(
        closed(copy.deepcopy(schema)), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{list(error.path)}: {error.message[:200]}" for error in validator.iter_errors(answer)]


def test_the_published_schemas_are_those_of_this_code():
    published = {path.name: json.loads(path.read_text()) for path in PUBLISHED.glob("*.json")}
    assert published == output_schemas(), "run: python docs/generate.py"
    for schema in published.values():
        Draft202012Validator.check_schema(schema)


def test_every_verb_that_prints_json_keeps_its_schema(governance: Command, shop: Path):
    incident = governance("incident", "list", "-p", shop, "-f", "json").json[0]["id"]
    reviews = governance("review", "list", "-p", shop, "-f", "json").json
    review = next(one["review"] for one in reviews if one["milestone"]["version"] == "2")
    eligible = governance("review", "show", review, "-p", shop, "-f", "json").json["eligible"]
    for function in sorted(set(eligible) - {"privacy"}):
        others = ("--function", function, "--verdict", "approve", "--reason", "Read.")
        person = next(one for one in eligible[function] if one != "pax")
        assert governance("review", "decide", review, "--as", person, *others, "-p", shop).code == 0
    commands: dict[str, tuple[int, tuple[object, ...]]] = {
        "validate": (0, ("validate", "--explain")),
        "nightly": (1, ("nightly", "--date", "2026-03-03")),
        "check": (1, ("check", "shop.people", "--date", "2026-03-03")),
        "status": (0, ("status",)),
        "gate": (1, ("gate", "approval", "2")),
        "compare": (0, ("compare", "--base", shop)),
        "policy-backtest": (0, ("policy", "backtest", "--playbook", shop)),
        "lineage": (0, ("lineage", "trace", "model:approval")),
        "lineage-impact": (0, ("lineage", "impact", "dataset:shop.people", "--as-of", "2026-03-02")),
        "lineage-change": (0, ("lineage", "impact", "dataset:shop.people", "--stop")),
        "lineage-gaps": (1, ("lineage", "gaps")),
        "lineage-diff": (0, ("lineage", "diff", "--since", "2026-03-02")),
        "incident-list": (0, ("incident", "list", "--all")),
        "incident-show": (0, ("incident", "show", incident)),
        "alert-list": (0, ("alert", "list")),
        "alert-send": (0, ("alert", "send")),
        # nobody else may look into pytest's folder
        "consent-access": (0, ("consent", "access", "shop.people")),
        "consent-check": (0, ("consent", "check", "--dataset", "shop.people", "--purpose", "credit")),
        "ledger-show": (0, ("ledger", "show")),
        "ledger-verify": (0, ("ledger", "verify")),
        "ledger-keys": (0, ("ledger", "keys")),
        "review-list": (0, ("review", "list")),
        "review-show": (0, ("review", "show", review)),
        "review-decide": (
            0,
            ("review", "decide", review, "--as", "pax", "--function", "privacy", "--verdict", "approve",
             "--reason", "Read."),
        ),
        "review-act": (0, ("review", "comment", review, "--as", "pax", "--text", "Read.")),
        "promote": (0, ("promote", "approval", "2", "--as", "pax")),
        "rollback-rehearse": (1, ("rollback", "approval", "--rehearse")),
        "controls": (0, ("controls", "approval", "2")),
        "evidence": (0, ("evidence", "approval", "2", "-o", shop / "pack")),
    }  # fmt: skip
    assert set(commands) | ASSESSMENTS | SIGNATURES | {"verify"} == set(OUTPUTS)
    for verb, (code, words) in commands.items():
        done = governance(*words, "-p", shop, "--format", "json")
        assert done.code == code, (verb, done.err)
        assert complaints(verb, done.json) == [], verb
        assert done.json, verb
    done = governance("verify", shop / "pack", "--format", "json")
    assert complaints("verify", done.json) == []


SIGNATURES = {"signature-add"}  # in test_promotion
ASSESSMENTS = {"assessment-list", "assessment-show", "assessment-answer"}


def test_every_verb_of_assessments_keeps_its_schema(governance: Command, shop: Path):
    folder = shop / "playbook" / "assessments"
    folder.mkdir()
    (folder / "bias.yaml").write_text(
        "id: bias\ntitle: Bias\nquestions: [{id: groups, text: Which groups?, facts: [sensitive]}]\n"
    )
    reviews = governance("review", "list", "-p", shop, "-f", "json").json
    review = next(one["review"] for one in reviews if one["milestone"]["version"] == "2")
    commands: dict[str, tuple[str, ...]] = {
        "assessment-answer": ("answer", "bias", "--as", "pax", "--answer", "groups=All."),
        "assessment-list": ("list",),
        "assessment-show": ("show", "bias"),
    }
    assert set(commands) == ASSESSMENTS
    for verb, words in commands.items():
        done = governance("assessment", *words, "--review", review, "-p", shop, "--format", "json")
        assert done.code == 0, (verb, done.err)
        assert complaints(verb, done.json) == [], verb
        assert done.json, verb


def test_problems_of_files_are_json_too(governance: Command, shop: Path):
    (shop / "charter.yaml").write_text("steward: nobody\npeople: []\n")
    done = governance("validate", "-p", shop, "--format", "json")
    assert done.code == 2
    assert complaints("validate", done.json) == []
    assert done.json["valid"] is False
    assert done.json["problems"]


def test_the_same_question_twice_gives_the_same_bytes(governance: Command, shop: Path):
    for words in (("status",), ("gate", "approval", "2"), ("incident", "list"), ("validate", "--explain")):
        first = governance(*words, "-p", shop, "--format", "json").out
        assert governance(*words, "-p", shop, "--format", "json").out == first


def test_the_schemas_would_notice_a_missing_and_a_new_key(governance: Command, shop: Path):
    answer = governance("gate", "approval", "2", "-p", shop, "--format", "json").json
    assert complaints("gate", answer) == []
    assert complaints("gate", {**answer, "secret": 1})
    del answer["report"]["reasons"][0]["sentence"]
    assert complaints("gate", answer)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_does_not_know_is_null(number: float):
    assert jsonable({"value": [number, 1.5]}) == {"value": [None, 1.5]}


def test_a_governed_thing_is_its_name():
    assert jsonable((Entity.column("a.b", "c"),)) == ["column:a.b#c"]
