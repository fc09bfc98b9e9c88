from __future__ import annotations

import pytest

from governance_pipeline.charter.odcs_schema import schema_problems
from governance_pipeline.charter.yaml_source import parse_yaml

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: x\nstatus: active\nversion: 1.0.0\n"

OPTIONS = (
    "schema: [{name: t, properties: [{name: a, logicalType: string, logicalTypeOptions: {minimum: 1}}]}]"
)


def said(body: str, head: str = HEAD) -> list[str]:
    return [str(problem) for problem in schema_problems(parse_yaml(head + body, "f"))]


def test_a_valid_contract_has_no_problems() -> None:
    assert said("schema: [{name: t, properties: [{name: a, logicalType: string}]}]") == []


def test_the_place_the_expectation_and_the_near_word_are_named() -> None:
    (problem,) = said("schema:\n- name: t\n  properties:\n  - name: a\n    logicalType: strng\n")
    assert problem == (
        "f:10:18: 'logicalType' cannot be 'strng'; expected one of string, date, timestamp, time, number,"
        " integer, object, array, boolean; did you mean 'string'?"
    )


def test_a_misspelt_key_is_the_only_thing_said_about_its_object() -> None:
    (problem,) = said("schema:\n- name: t\n  properties:\n  - name: a\n    reqired: true\n")
    assert problem.startswith("f:10:5: the key 'reqired' is not known here; expected one of ")
    assert problem.endswith("did you mean 'required'?")


def test_a_wrong_value_does_not_make_its_neighbours_unknown() -> None:
    """jsonschema reports every key of a closed object again once one of its parts is wrong."""
    (problem,) = said(
        "schema:\n- name: t\n  properties:\n  - {name: a, required: 'yes', unique: true, tags: [x]}\n"
    )
    assert "'required' cannot be 'yes'; expected true or false" in problem


def test_a_version_without_quotes_is_told_to_take_them() -> None:
    (problem,) = said("", HEAD.replace("1.0.0", "1.0"))
    assert problem == "f:5:10: 'version' cannot be the number 1.0; expected text (put it in quotes)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("servers: [{server: a, type: local, path: x}]", "'format' is missing"),
        ("servers: [{server: a, type: lokal, path: x}]", "did you mean 'local'?"),
        ("team: {name: t, membrs: []}", "did you mean 'members'?"),
        ("team: [{name: t}]", "'username' is missing"),
        ("slaProperties: [{property: latency}]", "'value' is missing"),
        ("schema: [{properties: []}]", "'name' is missing"),
        ("schema: {}", "'schema' cannot be a mapping; expected a list"),
        ("schema: [{name: t, quality: [{metric: rowCount}]}]", "compares with nothing"),
        ("schema: [{name: t, quality: [{metric: rowCount, mustBe: 1, mustNotBe: 2}]}]", "compares twice"),
        ("schema: [{name: t, quality: [{metric: rowcount, mustBe: 1}]}]", "did you mean 'rowCount'?"),
        ("schema: [{name: t, quality: [{type: sql, mustBe: 1}]}]", "'query' is missing"),
        (OPTIONS,
         "the key 'minimum' is not known here; expected one of format, maxLength, minLength, pattern"),
    ],
)  # fmt: skip
def test_each_mistake_is_said_once_in_plain_words(body: str, words: str) -> None:
    (problem,) = said(body)
    assert words in problem


@pytest.mark.parametrize("text", ["", "- a", "just text", "5"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    (problem,) = said("", text)
    assert "expected a mapping" in problem


def test_all_mistakes_of_a_file_are_told_together_in_its_order() -> None:
    found = said("staus: x\nservers: [{server: a, type: kafka}]\nschema: [{name: 5}]")
    assert [problem.split(":")[1] for problem in found] == ["6", "7", "8"]


def test_no_problem_quotes_a_long_value_in_full() -> None:
    (problem,) = said(f"tenant: [{'x' * 500}]")
    assert len(problem) < 300
