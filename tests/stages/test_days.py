"""Real tables, day by day: a weekend is compared with weekends, and a change is dated by its rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.nightly import check_dataset, run_night
from governance_pipeline.profiles import incremental
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests.tiny import PEOPLE, change, contract, land, night, opened, tiny_project, write

SUNDAY = 7  # the first night is a Monday
TRAINED = 42
FEATURES = ("dataset:shop.features", "drift", "ratio")


def instants(day: datetime, rows: int) -> list[datetime]:
    return [day + timedelta(seconds=86400 * (n + 0.5) / rows) for n in range(rows)]


def rows_of(day: datetime, rows: int, raised: float = 0.0) -> tuple[list[datetime], list[float]]:
    """Ratios of one day, which are higher at weekends."""
    rng = random.Random(f"{day}{raised}")
    higher = raised + (0.15 if day.weekday() >= 5 else 0.0)
    return instants(day, rows), [min(0.999, max(0.0, rng.gauss(0.4 + higher, 0.1))) for _ in range(rows)]


def trained_on(root: Path, *, dated: bool) -> None:
    """Six weeks of training data, of so many rows a day."""
    first = datetime(2026, 1, 5, tzinfo=UTC)
    parts = [rows_of(first + timedelta(days=n), 60) for n in range(TRAINED)]
    when = [instant for instants, _ in parts for instant in instants]
    ratios = [ratio for _, ratios in parts for ratio in ratios]
    ids = [f"P01{n % PEOPLE:04}" for n in range(len(when))]
    write(root, "snapshot", "taken", subject_id=ids, ratio=ratios, recorded_at=when,
          approved=[n % 2 for n in range(len(when))])  # fmt: skip
    source = "transformSourceObjects: [shop.features.ratio]}\n"
    column = "      - {name: recorded_at, logicalType: timestamp, transformSourceObjects: "
    contract(root, "snapshot", source, f"{source}{column}[shop.features.recorded_at]}}\n")
    if dated:
        subject = "      - {property: subjectKey"
        contract(root, "snapshot", subject, f"      - {{property: eventTime, value: recorded_at}}\n{subject}")


def landed(root: Path, number: int, raised: float = 0.0) -> None:
    day = datetime.combine(night(number), datetime.min.time(), tzinfo=UTC)
    when, ratios = rows_of(day, PEOPLE, raised)
    ids = [f"P{number:02}{n:04}" for n in range(PEOPLE)]
    write(root, "features", str(night(number)), subject_id=ids, recorded_at=when, ratio=ratios)


def project(root: Path, *, dated: bool, nights: int = SUNDAY, raised: dict[int, float] | None = None) -> Path:
    tiny_project(root, model=True, nights=nights)
    trained_on(root, dated=dated)
    for number in range(1, nights + 1):
        landed(root, number, (raised or {}).get(number, 0.0))
    return root


def weekends_only(root: Path) -> None:
    """Judge two days at a time, by bounds that a difference of weekdays passes by far."""
    change(root, "playbook/playbook.yaml", "warn: 0.005", "window_days: 2\n    warn: 0.1")


def drift(root: Path, number: int) -> Measurement:
    with opened(root, number) as services:
        events = list(run_night(services, night(number)))
    (found,) = [
        e.measurement for e in events if isinstance(e, IndicatorMeasured) and e.measurement.key == FEATURES
    ]
    return found


@pytest.mark.parametrize(("dated", "outcome"), [(False, Outcome.FAIL), (True, Outcome.PASS)])
def test_a_weekend_is_compared_with_weekends_where_the_training_data_says_when(
    tmp_path: Path, dated: bool, outcome: Outcome
):
    root = project(tmp_path / "p", dated=dated)
    weekends_only(root)
    found = drift(root, SUNDAY)
    assert found.outcome is outcome, found.sentence
    assert found.details["same_weekdays"] is dated


def test_later_nights_and_checks_know_the_days_though_the_training_data_is_gone(tmp_path: Path):
    root = project(tmp_path / "p", dated=True, nights=14)
    weekends_only(root)
    first = drift(root, SUNDAY)
    (root / "data" / "snapshot" / "taken.parquet").unlink()
    second = drift(root, 14)
    assert second.outcome is Outcome.PASS
    assert second.details["same_weekdays"]
    with opened(root, SUNDAY) as services:
        (checked,) = [m for m in check_dataset(services, "shop.features", night(SUNDAY)) if m.key == FEATURES]
    assert checked == first


def test_a_change_is_dated_by_its_rows_not_by_the_night_that_found_it(tmp_path: Path):
    """It begins on night 10, and the first night that is run is night 14."""
    root = project(tmp_path / "p", dated=True, nights=14, raised=dict.fromkeys(range(10, 15), 0.2))
    found = drift(root, 14)
    assert found.outcome is Outcome.FAIL
    assert found.details["drifted_since"] == night(10).isoformat()
    assert found.details["days_known_from"] == night(1).isoformat()
    assert found.sentence.endswith("; it began on 11 March.")


def test_days_cost_no_second_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On the second of two nights one file is read, whatever number of days is handed on."""
    root = project(tmp_path / "p", dated=True, nights=7)
    drift(root, 7)
    land(root, 8, model=True)
    read: list[str] = []
    original = incremental.read_partition

    def counted(session: Any, table: Any, part: Any, plan: Any, *more: Any, **options: Any) -> Any:
        read.append(f"{plan.contract.dataset} {Path(part.id).name}")
        return original(session, table, part, plan, *more, **options)

    monkeypatch.setattr(incremental, "read_partition", counted)
    found = drift(root, 8)
    assert found.details["same_weekdays"]
    assert [name for name in read if name.startswith("shop.features")] == [
        f"shop.features {night(8)}.parquet"
    ]
    assert not [name for name in read if name.startswith("shop.snapshot")]
