"""Where the events of the OpenLineage project lie, and small events of our own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

EVENTS = Path(__file__).parents[3] / "shared" / "data" / "lineage"


def files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in EVENTS.glob(pattern))


def needs_events() -> None:
    if not EVENTS.is_dir():
        pytest.skip(f"the events of the OpenLineage project are not at {EVENTS}")


def event(**changes) -> dict:
    """A run event that is right, with parts replaced (None: left out)."""
    whole = {
        "eventTime": "2026-01-31T02:00:00.000Z",
        "eventType": "COMPLETE",
        "producer": "https://example.org/producer",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "0190b2a4-0000-7000-8000-000000000001"},
        "job": {"namespace": "airflow", "name": "build.features"},
        "inputs": [{"namespace": "postgres://db:5432", "name": "bank.lending.incomes"}],
        "outputs": [{"namespace": "postgres://db:5432", "name": "bank.lending.features"}],
    } | changes
    return {key: value for key, value in whole.items() if value is not None}


def body(**changes) -> bytes:
    return json.dumps(event(**changes)).encode()
