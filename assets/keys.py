"""Dagster's names for our things, in one place."""

from __future__ import annotations

import re

import dagster as dg

from governance_pipeline.vocabulary.entity import Entity, EntityKind

GOVERNANCE = "governance"
MODELS = "models"
FEATURE_STORE = "feature_store"
_OURS = {GOVERNANCE, MODELS, FEATURE_STORE}


def dataset_key(dataset: str) -> dg.AssetKey:
    """``lending.incomes`` as lending / incomes; set apart where it would read like one of our own.

    Files and addresses that other tools read are split at their slashes, which Dagster shows between parts.
    """
    parts = [part for part in re.split(r"/+", dataset) if part] if "/" in dataset else dataset.split(".")
    parts = [part or "_" for part in parts or ["_"]]
    return dg.AssetKey(["datasets", *parts] if parts[0] in _OURS else parts)


def model_key(model: str) -> dg.AssetKey:
    """A model as models / name."""
    return dg.AssetKey([MODELS, model])


def version_key(model: str, version: str) -> dg.AssetKey:
    """A model version as models / name / version 2."""
    return dg.AssetKey([MODELS, model, f"version {version}"])


def stage_key(name: str) -> dg.AssetKey:
    """A part of the night as governance / name."""
    return dg.AssetKey([GOVERNANCE, plain(name)])


def entity_key(entity: Entity) -> dg.AssetKey:
    """The asset of a dataset (or of a column's dataset), model or version."""
    if entity.kind is EntityKind.MODEL:
        return model_key(entity.name)
    if entity.kind is EntityKind.VERSION:
        model, _, version = entity.name.rpartition("/")
        return version_key(model, version)
    if entity.kind in (EntityKind.FEATURE_VIEW, EntityKind.FEATURE_SERVICE):
        return dg.AssetKey([FEATURE_STORE, *entity.name.split("/")])
    return dataset_key(entity.dataset_name)


def plain(text: str) -> str:
    """``text`` in the characters Dagster allows in names, group names and tag values."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)[:63] or "_"
