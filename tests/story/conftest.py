"""The sample's 60 nights, run once per test process; the tests read them, or work on a copy."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.cli import sample
from governance_pipeline.cli.sample import SampleNight
from governance_pipeline.profiles import subject_keys
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.incident import Incident

LAST_NIGHT = date(2026, 3, 8)  # clocks in New York went forward on this day
NIGHTS = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The sixty nights are run once: all their tests go to one worker, which begins with them."""
    mine = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in mine:
        if item.get_closest_marker("postgres") is None:
            item.add_marker(pytest.mark.xdist_group("story"))
        item.add_marker(pytest.mark.timeout(1500))
    items[:] = mine + [item for item in items if item not in set(mine)]


@dataclass(frozen=True)
class Story:
    """What 60 nights left behind: the folder, and what each night said as it went."""

    root: Path
    nights: list[SampleNight]

    def number(self, night: date) -> int:
        """Night 1, 2 ... of a date."""
        return NIGHTS - (LAST_NIGHT - night).days

    def events(self, kind: type[Any], number: int | None = None) -> list[Any]:
        """All events of a kind, of one night or of all."""
        return [
            event
            for night in self.nights
            if number in (None, night.number)
            for event in night.events
            if isinstance(event, kind)
        ]

    @property
    def delivered(self) -> list[dict[str, Any]]:
        """The messages as the file's reader has them: what was received, not what was meant."""
        return read_alerts(self.root)

    def incidents(self) -> dict[str, Incident]:
        with open_services(self.root) as opened, opened.store.begin() as unit:
            return {incident.id: incident for incident in unit.incidents.list()}


def read_alerts(root: Path) -> list[dict[str, Any]]:
    lines = (root / ".governance" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def morning_after(root: Path) -> datetime:
    """Two hours after the last night has ended, when the sample ran it."""
    return night_end(open_project(root), LAST_NIGHT) + timedelta(hours=2)


@contextmanager
def open_services(root: Path, now: datetime | None = None) -> Iterator[Services]:
    with services(open_project(root), clock=FixedClock(now or morning_after(root))) as opened:
        yield opened


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    root = tmp_path_factory.mktemp("story") / "lender"
    with same_keys():
        return Story(root, sample.run_sample(root, nights=NIGHTS, last=LAST_NIGHT, store=None))


@contextmanager
def same_keys() -> Iterator[None]:
    """Projects made inside hash people alike, so that two of them can be compared."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject_keys, "token_bytes", lambda size: bytes(range(size)))
        yield


@pytest.fixture
def copy(story: Story, tmp_path: Path) -> Path:
    """The folder after the last night, to do with as a test likes."""
    return Path(shutil.copytree(story.root, tmp_path / "lender"))
