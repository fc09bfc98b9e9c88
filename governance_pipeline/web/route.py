"""A route with what the OpenAPI document says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar.handlers import HTTPRouteHandler

JSON = "application/json"
REFUSAL = {"$ref": "#/components/schemas/Refusal"}
_OPENAPI_SAYS = {
    400: "What was sent or asked is not right; the message names the place.",
    401: "The API key is missing or wrong.",
    404: "What is asked about is not there.",
    413: "The body is too long.",
    503: "The store does not answer; try again.",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One handler of the application.

    Attributes:
        operation: its Operation Object (https://spec.openapis.org/oas/v3.1.0#operation-object).
        schemas: what the operation refers to under ``#/components/schemas``.
        open: answered without the API key.
    """

    handler: HTTPRouteHandler
    operation: Mapping[str, Any]
    schemas: Mapping[str, Any] = field(default_factory=dict)
    open: bool = False


def responses(answers: Mapping[int, Any], *refusals: int) -> dict[str, Any]:
    """The Responses Object: schemas of answers by status, and refusals, which all have one form."""
    answered = {str(status): content(schema, "The answer.") for status, schema in answers.items()}
    return answered | {str(status): content(REFUSAL, _OPENAPI_SAYS[status]) for status in refusals}


def content(schema: Any, description: str) -> dict[str, Any]:
    """A Response Object of JSON."""
    return {"description": description, "content": {JSON: {"schema": schema}}}


def query(
    name: str, description: str, schema: Mapping[str, Any], *, required: bool = False
) -> dict[str, Any]:
    """A Parameter Object of the query string."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "schema": dict(schema),
    }
