"""The quick acceptance and the ``jsonschema`` library must never disagree."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft201909Validator

from governance_pipeline.charter.json_schema import UnknownKeyword, compile_schema
from governance_pipeline.charter.odcs_schema import official_schema
from governance_pipeline.charter.yaml_source import read_yaml
from tests.charter import projects

EXAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "documents" / "odcs"
JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    "",
    "x",
    "table",
    "string",
    [],
    ["a"],
    [1, 1],
    {},
    {"a": 1},
]


def seeds(folder: Path) -> list[Any]:
    """Valid contracts: our own, and the standard's examples where they are at hand."""
    found = []
    for number, text in enumerate(
        (projects.SNAPSHOT, projects.INCOMES, projects.CONSENTS, projects.PREDICTIONS)
    ):
        path = folder / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        found.append(read_yaml(path).data)
    found.extend(read_yaml(path).data for path in sorted(EXAMPLES.glob("*.yaml")))
    return found


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for step, one in inside for place in places(one, (*path, step)))]


def at(data: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        data = data[step]
    return data


def mutated(data: Any, keys: list[str], pick: random.Random) -> Any:
    """One to three changes: a value replaced, a key or entry dropped, a key of the standard added."""
    data = copy.deepcopy(data)
    for _ in range(pick.randint(1, 3)):
        *above, last = pick.choice(places(data)[1:])
        parent = at(data, tuple(above))
        act = pick.choice(("replace", "drop", "add", "rename"))
        if act == "replace":
            parent[last] = copy.deepcopy(pick.choice(JUNK))
        elif act == "drop":
            del parent[last]
        elif isinstance(parent, dict):
            value = parent.pop(last) if act == "rename" else copy.deepcopy(pick.choice(JUNK))
            parent[pick.choice(keys)] = value
        if not data or len(places(data)) < 2:
            break
    return data


def test_the_quick_verdict_on_broken_contracts_is_that_of_jsonschema(tmp_path: Path) -> None:
    schema = official_schema()
    fits, judge = compile_schema(schema), Draft201909Validator(schema)
    pick = random.Random(20260331)
    found = {True: 0, False: 0}
    small = [seed for seed in seeds(tmp_path) if len(places(seed)) < 90]
    keys = sorted(
        {step for seed in small for place in places(seed) for step in place if isinstance(step, str)}
    )
    for _ in range(500):
        data = mutated(pick.choice(small), keys, pick)
        verdict = judge.is_valid(data)
        assert fits(data) is verdict, data
        found[verdict] += 1
    assert min(found.values()) > 50, f"the changes should give both verdicts, and gave {found}"


def test_every_contract_we_begin_from_fits(tmp_path: Path) -> None:
    fits, judge = compile_schema(official_schema()), Draft201909Validator(official_schema())
    for seed in seeds(tmp_path):
        assert fits(seed)
        assert judge.is_valid(seed)


SCHEMAS: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 0},
    {"type": "number", "exclusiveMinimum": 1},
    {"enum": [1, "a", None, False]},
    {"const": 0},
    {"type": "array", "uniqueItems": True, "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
    {"type": "array", "uniqueItems": True},
    {"type": "string", "pattern": "^a"},
    {"properties": {"a": {"type": "integer"}}, "additionalProperties": False},
    {"properties": {"a": {}}, "required": ["a"], "unevaluatedProperties": False},
    {"allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}, "unevaluatedProperties": False},
    {"oneOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}],
     "unevaluatedProperties": False},
    {"anyOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {}}}],
     "unevaluatedProperties": False},
    {"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"properties": {"b": {}}},
     "else": {"properties": {"x": {}}}, "unevaluatedProperties": False},
    {"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}},
    {"if": {"properties": {"a": {"type": "string"}}}, "then": {"required": ["b"]}},
    {"not": {"required": ["a"]}},
    {"$ref": "#/$defs/node",
     "$defs": {"node": {"properties": {"a": {"$ref": "#/$defs/node"}, "b": {"type": "null"}},
                        "additionalProperties": False}}},
]  # fmt: skip
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 1.0, 2, 2.5, -1, "a", "b", ""]),
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "x"]), inside, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(SCHEMAS), VALUES)
def test_each_keyword_means_what_jsonschema_says(schema: dict[str, Any], value: Any) -> None:
    assert compile_schema(schema)(value) is Draft201909Validator(schema).is_valid(value)


@pytest.mark.parametrize("schema", [{"dependentRequired": {}}, {"additionalProperties": {"type": "string"}}])
def test_a_keyword_it_does_not_know_is_refused_and_not_passed_over(schema: dict[str, Any]) -> None:
    with pytest.raises(UnknownKeyword):
        compile_schema(schema)


def test_many_equal_looking_entries_are_compared_in_linear_time() -> None:
    """A list of 20,000 would take 200 million comparisons pair by pair."""
    fits = compile_schema({"uniqueItems": True})
    assert fits(list(range(20_000)))
    assert not fits([*range(20_000), 7.0])
    assert fits([True, 1, "1", [1], [True], {"a": 1}, {"a": True}])
