"""Each new night forgets what the playbook does not want to be kept."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import FixedClock
from tests.tiny import land, morning, night, tiny_project

KEPT = {"keep_days": 40, "keep_nights": 10, "keep_weeks": 2}
PEOPLE = "shop.people"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    root = tiny_project(tmp_path / "shop")
    (root / "playbook" / "kept.yaml").write_text(yaml.safe_dump({"profiles": KEPT}))
    return root


def back(days: int) -> date:
    return night(2) - timedelta(days=days)


def test_old_nights_profiles_go_by_the_playbook(shop: Path) -> None:
    with services(open_project(shop, lenient=True), clock=FixedClock(morning(2))) as opened:
        old = [back(days) for days in range(1, 40)]
        with opened.store.begin() as unit:
            for one in old:
                unit.profiles.put(PEOPLE, one, {"version": 0})
        land(shop, 2)
        list(run_night(opened, night(2)))

        def left() -> list[date]:
            with opened.store.begin() as unit:
                return [one for one in old if unit.profiles.get(PEOPLE, one) is not None]

        sundays = [one for one in old if one.isoweekday() == 7 and back(10 + 14) <= one]
        assert left() == [one for one in old if one >= back(10) or one in sundays]
        assert 2 <= len([one for one in sundays if one < back(10)]) <= 3
