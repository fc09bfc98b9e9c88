"""JSON Schemas of records, in the form in which :func:`json_form.jsonable` writes them."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

_NAME = "The thing concerned as kind:name, e.g. dataset:lending.incomes."
_COMPONENTS = "#/components/schemas/{model}"


def schema_of(shape: Any, *, optional: bool = False, references: str = "#/$defs/{model}") -> dict[str, Any]:
    """The schema of a record's class.

    Args:
        optional: keys at the top may be left out; those further down are always there.
        references: how a definition is referred to.
    """
    schema = TypeAdapter(shape).json_schema(mode="serialization", ref_template=references)
    definitions = schema.get("$defs", {})
    if "Entity" in definitions:
        definitions["Entity"] = {"type": "string", "description": _NAME, "pattern": "^[a-z]+:"}
        definitions.pop("EntityKind", None)
    for definition in (*definitions.values(), *([] if optional else [schema])):
        if definition.get("type") == "object" and "properties" in definition:
            definition["required"] = list(definition["properties"])  # everything is always written
    return schema


def component(name: str, shape: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """A reference to ``name`` in an OpenAPI document, and everything that it refers to."""
    schema = schema_of(shape, references=_COMPONENTS)
    further = schema.pop("$defs", {})
    return {"$ref": _COMPONENTS.format(model=name)}, {name: schema, **further}
