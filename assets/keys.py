"""Dagster's names for our things, in one place."""

from __future__ import annotations

import re

import dagster as dg

from governance_pipeline.vocabulary.entity import Entity, EntityKind

NIGHT = "night"
STAGES = ("catalog", "profiles")
CLOSING = ("risk", "incidents", "reviews", "lineage", "seal")


def dataset_key(dataset: str) -> dg.AssetKey:
    """``lending.incomes`` as lending / incomes."""
    return dg.AssetKey(dataset.split("."))


def model_key(model: str) -> dg.AssetKey:
    """A model as models / name."""
    return dg.AssetKey(["models", model])


def version_key(model: str, version: str) -> dg.AssetKey:
    """A model version as models / name / version."""
    return dg.AssetKey(["models", model, f"version_{plain(version)}"])


def stage_key(name: str) -> dg.AssetKey:
    """A part of the night as governance / name."""
    return dg.AssetKey(["governance", plain(name)])


def entity_key(entity: Entity) -> dg.AssetKey:
    """The asset of a dataset, model or version."""
    if entity.kind is EntityKind.MODEL:
        return model_key(entity.name)
    if entity.kind is EntityKind.VERSION:
        return version_key(*entity.name.split("/", 1))
    return dataset_key(entity.dataset_name)


def plain(text: str) -> str:
    """``text`` in the characters Dagster allows in names and tag values."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)[:63] or "_"
