"""Whether data fits a JSON Schema, compiled once into plain functions.

The official ODCS schema leans on ``unevaluatedProperties``, which the ``jsonschema`` library answers in
40 ms for a contract of ten columns (measured, 4.26): 40 s for a thousand contracts. A valid file needs no
explanation, only a yes, and that takes 0.2 ms here. Everything this module does not accept goes to
``jsonschema``, which stays the judge and gives the reasons; a test holds the two verdicts together.

Source: JSON Schema draft 2019-09, the keywords that the ODCS schema uses. ``format`` is an annotation
there and is not asserted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any

Evaluated = frozenset[str]
# The names of the properties it describes (present or not); None where the value does not fit.
Check = Callable[[Any], "Evaluated | None"]

NOTHING: Evaluated = frozenset()
ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "examples", "deprecated", "format"}


class UnknownKeyword(ValueError):
    """The schema uses a keyword this module does not know."""


def compile_schema(schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """A function that says whether a value fits. Raises UnknownKeyword."""
    check = _Compiler(schema).compile(schema)
    return lambda value: check(value) is not None


class _Compiler:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.by_reference: dict[str, Check] = {}

    def compile(self, schema: Mapping[str, Any]) -> Check:
        checks: list[Check] = []
        for keyword, argument in schema.items():
            if keyword in ANNOTATIONS or keyword in ("then", "else", *_LAST):
                continue
            build = getattr(self, f"on_{keyword.lstrip('$')}", None)
            if build is None:
                raise UnknownKeyword(keyword)
            checks.append(build(argument, schema))
        if schema.get("additionalProperties") is False:
            checks.append(_closed(frozenset(schema.get("properties", {}))))
        elif "additionalProperties" in schema:
            raise UnknownKeyword("additionalProperties")
        return _all(checks, closed=_closes(schema))

    def on_ref(self, reference: str, _: Any) -> Check:
        if reference not in self.by_reference:
            target: Any = self.root
            for step in reference.removeprefix("#/").split("/"):
                target = target[step]

            # Registered before it is compiled, because definitions refer to themselves.
            def late(value: Any) -> Evaluated | None:
                return compiled(value)

            self.by_reference[reference] = late
            compiled = self.compile(target)
        return self.by_reference[reference]

    def on_type(self, name: str, _: Any) -> Check:
        fits = _TYPES[name]
        return lambda value: NOTHING if fits(value) else None

    def on_enum(self, allowed: list[Any], _: Any) -> Check:
        return lambda value: NOTHING if any(_same(value, one) for one in allowed) else None

    def on_const(self, wanted: Any, _: Any) -> Check:
        return lambda value: NOTHING if _same(value, wanted) else None

    def on_pattern(self, pattern: str, _: Any) -> Check:
        search = re.compile(pattern).search
        return lambda value: NOTHING if not isinstance(value, str) or search(value) else None

    def on_minimum(self, bound: float, _: Any) -> Check:
        return lambda value: NOTHING if not _is_number(value) or value >= bound else None

    def on_exclusiveMinimum(self, bound: float, _: Any) -> Check:
        return lambda value: NOTHING if not _is_number(value) or value > bound else None

    def on_minItems(self, bound: int, _: Any) -> Check:
        return lambda value: NOTHING if not isinstance(value, list) or len(value) >= bound else None

    def on_maxItems(self, bound: int, _: Any) -> Check:
        return lambda value: NOTHING if not isinstance(value, list) or len(value) <= bound else None

    def on_uniqueItems(self, wanted: bool, _: Any) -> Check:
        def check(value: Any) -> Evaluated | None:
            if not wanted or not isinstance(value, list):
                return NOTHING
            return NOTHING if len({_hashable(one) for one in value}) == len(value) else None

        return check

    def on_required(self, names: list[str], _: Any) -> Check:
        return lambda value: (
            NOTHING if not isinstance(value, dict) or all(name in value for name in names) else None
        )

    def on_items(self, schema: Mapping[str, Any], _: Any) -> Check:
        item = self.compile(schema)

        def check(value: Any) -> Evaluated | None:
            if isinstance(value, list):
                for one in value:
                    if item(one) is None:
                        return None
            return NOTHING

        return check

    def on_properties(self, schemas: Mapping[str, Any], _: Any) -> Check:
        by_name = {name: self.compile(schema) for name, schema in schemas.items()}
        names = frozenset(by_name)

        def check(value: Any) -> Evaluated | None:
            if not isinstance(value, dict):
                return NOTHING
            for name, inside in value.items():
                one = by_name.get(name)
                if one is not None and one(inside) is None:
                    return None
            return names

        return check

    def on_allOf(self, schemas: list[Any], _: Any) -> Check:
        return _all([self.compile(schema) for schema in schemas])

    def on_anyOf(self, schemas: list[Any], _: Any) -> Check:
        return _some([self.compile(schema) for schema in schemas], exactly_one=False)

    def on_oneOf(self, schemas: list[Any], _: Any) -> Check:
        return _some([self.compile(schema) for schema in schemas], exactly_one=True)

    def on_not(self, schema: Mapping[str, Any], _: Any) -> Check:
        check = self.compile(schema)
        return lambda value: NOTHING if check(value) is None else None

    def on_if(self, condition: Mapping[str, Any], around: Mapping[str, Any]) -> Check:
        test = _constant_test(condition) or self.compile(condition)
        then = self.compile(around.get("then", {}))
        otherwise = self.compile(around.get("else", {}))

        def check(value: Any) -> Evaluated | None:
            met = test(value)
            if met is None:
                return otherwise(value)
            found = then(value)
            return None if found is None else _union(found, met)

        return check


def _constant_test(condition: Mapping[str, Any]) -> Check | None:
    """A short cut for the usual condition, that one property has one value: a third of the time."""
    properties: Mapping[str, Any] = condition.get("properties", {})
    name = next(iter(properties), "")
    required = condition.get("required", [])
    plain = condition.keys() <= {"properties", "required"} and required in ([], [name])
    if not plain or len(properties) != 1 or properties[name].keys() != {"const"}:
        return None
    wanted, seen = properties[name]["const"], frozenset([name])

    def check(value: Any) -> Evaluated | None:
        if not isinstance(value, dict):
            return seen
        if name not in value:
            return None if required else seen
        return seen if _same(value[name], wanted) else None

    return check


_LAST = ("additionalProperties", "unevaluatedProperties")


def _closes(schema: Mapping[str, Any]) -> bool:
    """Whether unknown properties are refused after everything else has looked."""
    wanted = schema.get("unevaluatedProperties", True)
    if not isinstance(wanted, bool):
        raise UnknownKeyword("unevaluatedProperties")
    return not wanted


@cache
def _union(left: Evaluated, right: Evaluated) -> Evaluated:
    """Of the few sets that a schema gives rise to; building them anew was a third of the time."""
    return left | right


def _all(checks: list[Check], *, closed: bool = False) -> Check:
    if len(checks) == 1 and not closed:
        return checks[0]

    def check(value: Any) -> Evaluated | None:
        seen: Evaluated = NOTHING
        for one in checks:
            found = one(value)
            if found is None:
                return None
            if found:
                seen = _union(seen, found) if seen else found
        if closed and isinstance(value, dict) and not value.keys() <= seen:
            return None
        return seen

    return check


def _some(checks: list[Check], *, exactly_one: bool) -> Check:
    def check(value: Any) -> Evaluated | None:
        found = [one for one in (check(value) for check in checks) if one is not None]
        if not found or (exactly_one and len(found) > 1):
            return None
        return reduce(_union, found)

    return check


def _closed(known: Evaluated) -> Check:
    return lambda value: NOTHING if not isinstance(value, dict) or value.keys() <= known else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(left: Any, right: Any) -> bool:
    """Equality as JSON has it: ``true`` is not 1."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _hashable(value: Any) -> Any:
    """A value that is equal where :func:`_same` says so, and can stand in a set."""
    if isinstance(value, dict):
        return ("object", frozenset((key, _hashable(inside)) for key, inside in value.items()))
    if isinstance(value, list):
        return ("array", tuple(_hashable(inside) for inside in value))
    return (isinstance(value, bool), value)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
}
