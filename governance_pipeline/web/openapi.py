"""The OpenAPI document of the application, from what each route says of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from governance_pipeline.web.route import Route

_TYPED_PARAMETER = re.compile(r"\{(\w+):\w+\}")
_REFUSED = {
    "type": "object",
    "required": ["code", "message"],
    "additionalProperties": False,
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}


def document(routes: Sequence[Route], *, keyed: bool) -> dict[str, Any]:
    """The document, version 3.1 (https://spec.openapis.org/oas/v3.1.0).

    Args:
        keyed: routes that are not open ask for the API key.
    """
    paths: dict[str, dict[str, Any]] = {}
    schemas: dict[str, Any] = {"Refusal": _REFUSED}
    for route in routes:
        security: dict[str, Any] = {"security": [{"key": []}]} if keyed and not route.open else {}
        for path in route.handler.paths:
            for method in sorted(route.handler.http_methods):
                item = paths.setdefault(_TYPED_PARAMETER.sub(r"{\1}", path), {})
                item[method.lower()] = {**route.operation, **security}
        schemas |= route.schemas
    key = {"key": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "governance_pipeline", "version": version("governance-pipeline")},
        "paths": paths,
        "components": {"schemas": schemas} | ({"securitySchemes": key} if keyed else {}),
    }
