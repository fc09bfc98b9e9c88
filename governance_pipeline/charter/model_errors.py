"""Turns what pydantic has to say about a file into problems with positions and plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, get_args

from pydantic import ValidationError

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.diagnostics import Problem, nearest, one_of, shorten
from governance_pipeline.charter.yaml_source import PathStep

M = TypeVar("M", bound=FileModel)


class Located(Protocol):
    """Something that can say where a path stands in a file."""

    def problem(
        self,
        path: Sequence[PathStep],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
        key: bool = False,
    ) -> Problem: ...


SECRET_KEYS = frozenset({"url", "api_key", "store", "token"})  # may hold a password: never quoted
_INSTANT = "a date and time with its offset, such as 2026-03-31T09:30:00+02:00"
_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (lines of key: value)",
    "model_type": "a mapping (lines of key: value)",
    "date_type": "a date such as 2026-03-31",
    "date_parsing": "a date such as 2026-03-31",
    "date_from_datetime_inexact": "a date such as 2026-03-31",
    "date_from_datetime_parsing": "a date such as 2026-03-31",
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": _INSTANT,
    "too_short": "at least one entry",
    "string_too_short": "some text",
}
_PATTERNS = {
    r"^[a-z][a-z0-9_-]{0,62}$": "a name of small letters, digits, _ and -, beginning with a letter",
    r"^[a-z][a-z0-9._-]{0,62}$": "an id of small letters, digits, '.', _ and -, beginning with a letter",
    r"^[^@\s]+@[^@\s]+$": "a mail address",
    r"^[^#]+#[^#]+$": "namespace.dataset#column",
    r"^\d+(\.\d+)?(MB|GB)$": "a size such as 500MB or 2GB",
    r"^sha256:[0-9a-f]{64}$": "sha256: and 64 hexadecimal digits",
    r"^[^\s/#]{1,100}$": "a short name without spaces, / and #",
}


def validate(model: type[M], data: Any, source: Located) -> tuple[M | None, list[Problem]]:
    """The data as ``model``, or every problem with it. Nothing is converted: ``"5"`` is no number."""
    try:
        # Through JSON, because strict mode then takes lists for tuples and text for dates and enums.
        return model.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        details = [dict(detail) for detail in error.errors(include_url=False)]
        return None, [_problem(model, one, data, source) for one in details if not _follows(one, details)]


def _follows(detail: Mapping[str, Any], details: Sequence[Mapping[str, Any]]) -> bool:
    """A list whose entries are wrong is also called too short, because none of them counts."""
    path = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(one["loc"]) > len(path) and one["loc"][: len(path)] == path for one in details
    )


def _problem(model: type[FileModel], detail: Mapping[str, Any], data: Any, source: Located) -> Problem:
    kind, path = detail["type"], list(detail["loc"])
    if path and path[-1] == "[key]":
        return source.problem(
            path[:-1], f"the name '{path[-2]}' does not fit", expected=_wanted(detail), key=True
        )
    name = next((step for step in reversed(path) if isinstance(step, str)), "the file")
    if kind == "missing":
        return source.problem(path[:-1], f"'{name}' is missing", expected=_description(model, path))
    if kind == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        message = f"the key '{shorten(name)}' is not known here"
        return source.problem(
            path, message, expected=one_of(known), suggestion=nearest(name, known), key=True
        )
    value = _value_at(data, path)
    secret = bool(SECRET_KEYS & {step for step in path if isinstance(step, str)})
    message = f"{_called(path)} cannot be {'what stands here' if secret else describe(value)}"
    suggestion = nearest(value, _choices(detail)) if isinstance(value, str) and not secret else ""
    return source.problem(path, message, expected=_wanted(detail, value), suggestion=suggestion)


def describe(value: Any) -> str:
    """A wrong value in words, for a message."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{shorten(value)}'" if isinstance(value, str) else f"the number {shorten(value)}"


def quoted_hint(value: Any) -> str:
    """What to add to "expected text" where a number or a truth value stands."""
    return " (put it in quotes)" if isinstance(value, (bool, int, float)) else ""


def _called(path: Sequence[PathStep]) -> str:
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, str):
        return f"'{last}'"
    around = next((step for step in reversed(path) if isinstance(step, str)), "")
    return f"entry {last + 1} of '{around}'" if around else f"entry {last + 1}"


def _choices(detail: Mapping[str, Any]) -> list[str]:
    if detail["type"] not in ("literal_error", "enum"):
        return []
    return re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))


def _wanted(detail: Mapping[str, Any], value: Any = None) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    choices = _choices(detail)
    if choices:
        return one_of(choices)
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(context["pattern"], f"text that matches {context['pattern']}")
    if kind == "string_type":
        return _EXPECTED[kind] + quoted_hint(value)
    said = str(detail["msg"]).removeprefix("Input should be ")
    return _EXPECTED.get(kind) or (f"a number {said}" if said.startswith(("greater", "less")) else said)


def _value_at(data: Any, path: Sequence[PathStep]) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _description(model: type[FileModel], path: Sequence[PathStep]) -> str:
    owner = _model_at(model, path[:-1])
    field = owner.model_fields.get(str(path[-1])) if owner else None
    return (field.description or "").rstrip(".") if field else ""


def _known_keys(model: type[FileModel], path: Sequence[PathStep]) -> list[str]:
    owner = _model_at(model, path)
    return list(owner.model_fields) if owner else []


def _model_at(model: type[FileModel], path: Sequence[PathStep]) -> type[FileModel] | None:
    """The model that describes what stands at ``path``."""
    here: type[FileModel] | None = model
    for step in path:
        if here is None:
            return None
        field = here.model_fields.get(step) if isinstance(step, str) else None
        if field is not None:
            here = _model_in(field.annotation)
        # otherwise: an index of a list or a key of a mapping, whose values the same model describes
    return here


def _model_in(annotation: Any) -> type[FileModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, FileModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
