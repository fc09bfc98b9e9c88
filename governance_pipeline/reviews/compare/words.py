"""A change in a sentence. What may hold a secret is never quoted. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from governance_pipeline.charter.diagnostics import shorten
from governance_pipeline.indicators.wording import duration, listed
from governance_pipeline.reviews.compare.changes import ABSENT, Change
from governance_pipeline.reviews.compare.differences import Path

_KINDS = {"contracts": "dataset", "models": "model", "assessments": "assessment"}
_QUIET = ("settings", "charter")
"""Of these files only numbers and functions are quoted: addresses and passwords stand in them."""
_MOST = 6


def about(path: Path) -> str:
    """What a change is about: the dataset, the model, the indicator."""
    area, *rest = path
    if area in _KINDS and rest:
        return f"{_KINDS[area]} {rest[0]}"
    if area == "playbook" and len(rest) > 1:
        return {"indicators": "indicator", "clauses": "clause", "purposes": "purpose"}.get(
            rest[0], "playbook"
        ) + (f" {rest[1]}" if rest[0] in ("indicators", "clauses", "purposes") else f" {rest[0]}")
    return {"charter": "charter", "settings": "governance.yaml"}.get(area, area)


def sentence(change: Change) -> str:
    """What was, and what would be."""
    part = _part(change.path[:-1] if change.tiers else change.path)
    tiers = f" for {listed(change.tiers)}" if change.tiers else ""
    if _is_quiet(change):
        return f"{part}{tiers} would be changed."
    if change.after is ABSENT:
        return f"{part}{tiers} would be gone."
    if change.before is ABSENT:
        return f"{part}{tiers} would be added."
    if isinstance(change.before, frozenset) and isinstance(change.after, frozenset):
        return f"{part}{tiers} would {_exchanged(change.before, change.after)}."
    if isinstance(change.before, dict) or isinstance(change.after, dict):
        return f"{part}{tiers} would be another."
    return f"{part}{tiers} was {_value(change.before)} and would be {_value(change.after)}."


def _is_quiet(change: Change) -> bool:
    numbers = (int, float, type(None))
    plain = isinstance(change.before, numbers) and isinstance(change.after, numbers)
    return change.path[0] in _QUIET and not plain and change.path[-1] != "functions"


def _part(path: Path) -> str:
    inside = path[2:] if path[0] in _KINDS else path[1:]
    if path[0] == "playbook" and inside[0] in ("indicators", "clauses", "purposes"):
        inside = inside[2:] or inside[1:]
    words = " ".join(step.replace("_", " ") if place else step for place, step in enumerate(inside))
    return f"'{words or path[-1]}'"


def _exchanged(before: frozenset[Any], after: frozenset[Any]) -> str:
    lost, fresh = sorted(map(str, before - after)), sorted(map(str, after - before))
    said = [f"lose {listed(lost, _MOST)}"] if lost else []
    said += [f"gain {listed(fresh, _MOST)}"] if fresh else []
    return " and ".join(said)


def _value(value: Any) -> str:
    if value is None or value == "":
        return "not set"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, timedelta):
        return duration(value)
    return shorten(f"{value:g}" if isinstance(value, float) else value)
