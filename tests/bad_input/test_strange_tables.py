"""Whole nights over tables with strange columns: every sentence is there, and no number is infinite."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.vocabulary.outcome import Outcome
from tests.bad_input.conftest import Trouble
from tests.tiny import PEOPLE, write_table

STRANGE: dict[str, pa.Array] = {
    "list": pa.array([[1, 2] if n % 2 else None for n in range(PEOPLE)]),
    "struct": pa.array([{"a b": n} for n in range(PEOPLE)]),
    "map": pa.array([[("k", n)] for n in range(PEOPLE)], pa.map_(pa.string(), pa.int64())),
    "binary": pa.array([bytes([n % 256]) for n in range(PEOPLE)]),
    "wide": pa.array([Decimal(n) for n in range(PEOPLE)], pa.decimal256(60, 2)),
    "born": pa.array([dt.date(1, 1, 1) if n % 2 else dt.date(9999, 12, 31) for n in range(PEOPLE)]),
    "huge": pa.array([1e308 * (-1) ** n for n in range(PEOPLE)]),
    "odd": pa.array([(math.nan, math.inf, -math.inf, None)[n % 4] for n in range(PEOPLE)], pa.float64()),
    "none": pa.array([None] * PEOPLE, pa.null()),
    'a "quoted", dotted.name 🦄 #1': pa.array(["x"] * PEOPLE),
    "select": pa.array(range(PEOPLE)),
}


def finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    return all(map(finite, value)) if isinstance(value, list | tuple) else True


def test_columns_that_no_contract_knows_cost_the_others_nothing(trouble: Trouble) -> None:
    with trouble.hurting_only("shop.people") as tonight:
        rows = pq.read_table(trouble.data("people"))
        for name, column in STRANGE.items():
            rows = rows.append_column(name, column)
        write_table(trouble.root, "people", trouble.data("people").stem, rows)
        found = tonight()
        assert found.errors == {}
        calm = trouble.calm.of("shop.people")
        for key, measured in found.of("shop.people").items():
            told = (measured.outcome, measured.sentence)
            if "not in the contract" in measured.sentence or "6 more are new" in measured.sentence:
                assert measured.outcome is Outcome.WARN, told
                assert all(name in str(measured.details) for name in STRANGE), told
            elif key in calm:  # what the contract promises is as it was
                assert measured.outcome is Outcome.PASS, told
            assert measured.outcome is not Outcome.NOT_RUN, told
            assert finite(measured.value)
            assert finite(measured.details)


EXTREMES: dict[str, list[float | None]] = {
    "huge": [1e308 * (-1) ** n for n in range(PEOPLE)],
    "largest": [1.7976931348623157e308 if n % 2 else -1.7976931348623157e308 for n in range(PEOPLE)],
    "infinite": [math.inf if n % 2 else -math.inf for n in range(PEOPLE)],
    "nan": [math.nan] * PEOPLE,
    "mixed": [(math.nan, math.inf, None, 1e308, 0.5)[n % 5] for n in range(PEOPLE)],
    "tiny": [5e-324 * (n % 3) for n in range(PEOPLE)],
}


@pytest.mark.parametrize("now", EXTREMES)
@pytest.mark.parametrize("then", ["usual", "huge", "mixed", "nan"])
def test_drift_between_numbers_of_any_size_has_a_verdict_and_finite_figures(
    trouble: Trouble, then: str, now: str
) -> None:
    """The same on both sides has not drifted; anything else has, or cannot be compared and says so."""
    rows = pq.read_table(trouble.data("features"))
    changed = rows.set_column(2, "ratio", pa.array(EXTREMES[now], pa.float64()))
    for path in (trouble.root / "data" / "features").iterdir():
        path.unlink()
    write_table(trouble.root, "features", "tonight", changed)
    if then != "usual":
        snapshot = pq.read_table(trouble.root / "data" / "snapshot" / "taken.parquet")
        changed = snapshot.set_column(1, "ratio", pa.array(EXTREMES[then], pa.float64()))
        write_table(trouble.root, "snapshot", "taken", changed)
        (trouble.root / ".governance" / "store.db").unlink()  # no baseline has been taken yet
    found = trouble.tonight()
    assert found.errors == {}
    told = {key: m.sentence for key, m in found.of("shop.features").items()}
    assert ("drift", "ratio") in told, told
    drift = found.of("shop.features")["drift", "ratio"]
    expected = {Outcome.PASS} if then == now else {Outcome.FAIL, Outcome.INSUFFICIENT}
    assert drift.outcome in expected, drift.sentence
    assert finite(drift.value)
    assert finite(drift.details)
