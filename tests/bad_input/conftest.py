"""One undisturbed night to compare with, and nights that something went wrong in."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.incident import Incident
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    NightSealed,
)
from governance_pipeline.vocabulary.outcome import Outcome
from tests.contents import plain
from tests.tiny import land, morning, night, tiny_project


@dataclass
class Night:
    """What one run of a night said."""

    events: list[Any]
    measured: dict[tuple[str, str, str], Measurement] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = [e.measurement for e in self.events if isinstance(e, IndicatorMeasured)]
        self.measured = {m.key: m for m in found}

    def of(self, dataset: str) -> dict[tuple[str, str], Measurement]:
        """(indicator, facet) to measurement."""
        return {key[1:]: m for key, m in self.measured.items() if key[0] == f"dataset:{dataset}"}

    def outcomes(self, dataset: str) -> set[Outcome]:
        return {m.outcome for m in self.of(dataset).values()}

    @property
    def errors(self) -> dict[str, str]:
        return {e.dataset: e.error for e in self.events if isinstance(e, DatasetScanned) and e.error}

    @property
    def incidents(self) -> list[Incident]:
        return [e.incident for e in self.events if isinstance(e, IncidentChanged)]

    @property
    def alerts(self) -> list[Any]:
        return [e.alert for e in self.events if isinstance(e, AlertQueued) and e.alert.incident]

    @property
    def seal(self) -> NightSealed:
        (found,) = [event for event in self.events if isinstance(event, NightSealed)]
        return found


def run(root: Path, number: int = 1) -> Night:
    """Night ``number`` of the project, as ``governance nightly`` runs it."""
    with services(open_project(root, lenient=True), clock=FixedClock(morning(number))) as opened:
        return Night(list(run_night(opened, night(number))))


def alike(measured: Mapping[Any, Measurement]) -> dict[Any, Any]:
    """Measurements as they can be compared: numbers to nine digits, because threads add in no fixed order."""
    return {key: plain(dataclasses.asdict(m)) for key, m in measured.items()}


def _sentences(found: Night, datasets: set[str]) -> dict[Any, Any]:
    own = {key: m for key, m in found.measured.items() if key[0].removeprefix("dataset:") in datasets}
    return alike(own)


@pytest.fixture(scope="session")
def _two_nights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Night]:
    """The project with two nights of data, the first of them run; and how the second goes undisturbed."""
    root = tiny_project(tmp_path_factory.mktemp("tiny") / "shop", model=True)
    run(root)
    land(root, 2, model=True)
    calm = shutil.copytree(root, tmp_path_factory.mktemp("calm") / "shop")
    found = run(calm, 2)
    assert {m.outcome for m in found.measured.values()} == {Outcome.PASS}
    assert found.incidents == []
    assert found.seal.missing == ()
    return root, found


@dataclass
class Trouble:
    """A project before its second night, and the way to break it."""

    root: Path
    calm: Night
    untouched: Path

    def data(self, table: str) -> Path:
        """Tonight's file of a table."""
        return self.root / "data" / table / f"{night(2)}.parquet"

    def tonight(self) -> Night:
        return run(self.root, 2)

    @contextmanager
    def hurting_only(self, *datasets: str) -> Iterator[Callable[[], Night]]:
        """Inside, run the night; afterwards everything else has come out as undisturbed, and once the
        files are repaired the same night measures everything as if nothing had been.
        """
        runs: list[Night] = []

        def tonight() -> Night:
            runs.append(self.tonight())
            return runs[-1]

        yield tonight
        others = {key[0].removeprefix("dataset:") for key in self.calm.measured} - set(datasets)
        for found in runs:
            assert _sentences(found, others) == _sentences(self.calm, others)
        self.repair()
        assert alike(self.tonight().measured) == alike(self.calm.measured)

    def repair(self) -> None:
        for folder in ("data", "datasets"):
            shutil.rmtree(self.root / folder)
            shutil.copytree(self.untouched / folder, self.root / folder)


@pytest.fixture
def trouble(_two_nights: tuple[Path, Night], tmp_path: Path) -> Trouble:
    untouched, calm = _two_nights
    return Trouble(Path(shutil.copytree(untouched, tmp_path / "shop")), calm, untouched)
