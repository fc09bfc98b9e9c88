"""Whether a contract file fits the official ODCS v3.1 JSON Schema, and if not, why not.

The schema is the one that the package ``open-data-contract-standard`` ships (Bitol project).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from governance_pipeline.charter.diagnostics import Problem, nearest, one_of, shorten
from governance_pipeline.charter.json_schema import compile_schema
from governance_pipeline.charter.model_errors import describe, quoted_hint
from governance_pipeline.charter.yaml_source import Document, PathStep

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_WORDS = {
    "string": "text", "object": "a mapping (lines of key: value)", "array": "a list",
    "number": "a number", "integer": "a whole number", "boolean": "true or false", "null": "nothing",
}  # fmt: skip
OPERATORS = (
    "mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan",
    "mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween",
)  # fmt: skip


@lru_cache(maxsize=1)
def official_schema() -> Mapping[str, Any]:
    """The official JSON Schema."""
    text = (files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@lru_cache(maxsize=1)
def _fits() -> Callable[[Any], bool]:
    return compile_schema(official_schema())


@lru_cache(maxsize=1)
def _validator() -> Validator:
    from jsonschema import Draft201909Validator

    return Draft201909Validator(official_schema())


def schema_problems(document: Document) -> list[Problem]:
    """Every place where the file does not fit the standard; empty where it does."""
    if _fits()(document.data):
        return []
    errors = list(_leaves(_validator().iter_errors(document.data)))
    # Which keys a server may have depends on its type: with a wrong type only that is worth saying.
    undecided = [
        _path(error)[:-1] for error in errors if error.validator == "enum" and _path(error)[-1] == "type"
    ]
    closed = [error for error in errors if _path(error) not in undecided]
    unknown = [problem for error in closed for problem in _unknown_keys(error, document)]
    other = [_problem(error, document) for error in errors if error.validator not in _CLOSING]
    return sorted(set(unknown + other)) or [
        document.problem((), "the file does not fit ODCS v3.1", expected="a data contract in ODCS v3.1")
    ]


_CLOSING = ("unevaluatedProperties", "additionalProperties")


def _leaves(errors: Iterator[ValidationError] | Sequence[ValidationError]) -> Iterator[ValidationError]:
    """The errors that name the cause, not the ``oneOf`` around them."""
    for error in errors:
        if error.validator in ("oneOf", "anyOf") and error.context and not _operators(error):
            instance: Any = error.instance
            wanted = "array" if isinstance(instance, list) else "object"
            branches = [one for one in error.context if not _is_type_error_here(one, wanted)]
            yield from _leaves(branches) if branches else iter([error])
        else:
            yield error


def _is_type_error_here(error: ValidationError, wanted: str) -> bool:
    return error.validator == "type" and len(error.relative_path) == 0 and error.validator_value != wanted


def _operators(error: ValidationError) -> bool:
    branches: Any = error.validator_value
    return any("mustBe" in branch.get("required", ()) for branch in branches)


def _path(error: ValidationError) -> list[PathStep]:
    return list(error.absolute_path)


def _unknown_keys(error: ValidationError, document: Document) -> list[Problem]:
    """A closed object reports every key again once one of its parts is wrong; only keys that no part of
    the schema knows are really unknown.
    """
    if error.validator not in _CLOSING or not isinstance(error.instance, dict):
        return []
    instance: dict[str, Any] = error.instance
    known = sorted(_known_keys(error.schema, instance))
    return [
        document.problem(
            [*_path(error), key],
            f"the key '{shorten(key)}' is not known here",
            expected=one_of(known),
            suggestion=nearest(key, known),
            key=True,
        )
        for key in instance
        if key not in known
    ]


def _known_keys(schema: Any, instance: Any) -> set[str]:
    """Names of properties that the schema, and what it refers to in place, describes for ``instance``."""
    if not isinstance(schema, dict):
        return set()
    known = set(schema.get("properties", ()))
    inside = [*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if "$ref" in schema:
        inside.append(_target(schema["$ref"]))
    if "if" in schema:
        met = _validator().evolve(schema=schema["if"]).is_valid(instance)
        inside.append(schema.get("then" if met else "else", {}))
    return known.union(*(_known_keys(one, instance) for one in inside))


def _target(reference: str) -> Any:
    target: Any = official_schema()
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return target


def _problem(error: ValidationError, document: Document) -> Problem:
    path = _path(error)
    value: Any = error.instance
    wanted: Any = error.validator_value
    name = next((f"'{step}'" for step in reversed(path) if isinstance(step, str)), "the file")
    if error.validator == "required":
        missing = [key for key in wanted if key not in value]
        near = nearest(missing[0], value)
        return document.problem(path, f"{_listed(missing)} missing", expected=_instead(near))
    if error.validator == "oneOf" and _operators(error):
        given = [key for key in OPERATORS if isinstance(value, dict) and key in value]
        message = (
            "the rule compares with nothing" if not given else f"the rule compares twice: {', '.join(given)}"
        )
        return document.problem(path, message, expected=f"exactly {one_of(OPERATORS)}")
    expected, suggestion = str(error.message), ""
    if error.validator == "type":
        expected = _WORDS.get(str(wanted), str(wanted)) + (quoted_hint(value) if wanted == "string" else "")
    elif error.validator in ("enum", "const"):
        names = [str(one) for one in (wanted if error.validator == "enum" else [wanted])]
        expected, suggestion = one_of(names), nearest(value, names) if isinstance(value, str) else ""
    elif error.validator == "pattern":
        expected = f"text that matches {shorten(wanted, 90)}"
    elif error.validator in ("minimum", "exclusiveMinimum"):
        expected = f"a number {'of at least' if error.validator == 'minimum' else 'above'} {wanted}"
    elif error.validator in ("minItems", "maxItems"):
        expected = f"{'at least' if error.validator == 'minItems' else 'at most'} {wanted} entries"
    return document.problem(
        path, f"{name} cannot be {describe(value)}", expected=shorten(expected, 300), suggestion=suggestion
    )


def _listed(missing: Sequence[str]) -> str:
    names = ", ".join(f"'{name}'" for name in missing)
    return f"{names} {'is' if len(missing) == 1 else 'are'}"


def _instead(near: str) -> str:
    return f"it in place of '{near}'" if near else ""
