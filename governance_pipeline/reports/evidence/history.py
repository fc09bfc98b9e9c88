"""Every indicator of a version and its data, night by night."""

from __future__ import annotations

from typing import Any

from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reports.evidence.shown import as_json
from governance_pipeline.vocabulary.json_form import jsonable
from governance_pipeline.vocabulary.measurement import Measurement

COLUMNS = ("night", "outcome", "value", "n", "low", "high")


def indicators_json(record: Record) -> dict[str, Any]:
    """``indicators.json``: the last night in full, the nights before as rows of :data:`COLUMNS`."""
    newest = {one.key: one for one in record.night.measured}
    return {
        "night": record.night.seal.night.isoformat() if record.night.seal else None,
        "columns": list(COLUMNS),
        "indicators": [
            {
                **as_json(newest.get(key, history[-1])),
                "history": [_row(one) for one in history],
            }
            for key, history in sorted(record.night.histories.items())
        ],
    }


def _row(one: Measurement) -> list[Any]:
    low, high = one.interval or (None, None)
    row: list[Any] = jsonable([one.night, str(one.outcome), one.value, one.n, low, high])
    return row
