"""Registries of Feast for tests, made of our own messages; the real ones are in the shared data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance_pipeline.catalog.feast_messages import Message, new

FLOAT, INT64 = 6, 4
PUSH = 9


def a_registry() -> Message:
    registry = new("Registry")
    registry.registry_schema_version = "1"
    return registry


def a_source(project: str = "lending", name: str = "incomes_source", **options: Any) -> Message:
    """A data source; ``options`` is e.g. ``snowflake_options={"table": "INCOMES"}``."""
    found = new("DataSource")
    found.name, found.project, found.timestamp_field = name, project, "at"
    for key, value in (options or {"file_options": {"uri": "data/incomes.parquet"}}).items():
        if isinstance(value, Mapping):
            part = getattr(found, key)
            part.SetInParent()
            fill(part, value)
        else:
            setattr(found, key, value)
    return found


def fill(message: Message, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            getattr(message, key).update(value)
        elif isinstance(value, list):
            for one in value:
                fill(getattr(message, key).add(), one)
        else:
            setattr(message, key, value)


def a_view(
    registry: Message,
    name: str = "incomes",
    *,
    project: str = "lending",
    features: Mapping[str, int] | None = None,
    source: Message | None = None,
    part: str = "feature_views",
    **changes: Any,
) -> Message:
    """Add a view to ``registry``; returns its spec."""
    spec = getattr(registry, part).add().spec
    spec.name, spec.project = name, project
    for feature, kind in (features or {"ratio": FLOAT}).items():
        spec.features.add(name=feature, value_type=kind)
    if part in ("feature_views", "stream_feature_views"):
        spec.batch_source.CopyFrom(source or a_source(project))
    fill(spec, changes)
    return spec


def a_function(spec: Message, text: str, *, body: bytes = b"") -> None:
    function = spec.feature_transformation.user_defined_function
    function.name, function.body_text, function.body = "compute", text, body


def a_service(
    registry: Message, name: str = "approval", *, views: Mapping[str, list[str]], **changes: Any
) -> Message:
    spec = registry.feature_services.add().spec
    spec.name, spec.project = name, "lending"
    for view, features in views.items():
        used = spec.features.add(feature_view_name=view)
        for feature in features:
            used.feature_columns.add(name=feature)
    fill(spec, changes)
    return spec
