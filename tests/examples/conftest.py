"""One lender with all its 60 nights, made once per test process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from examples.lending.generator.world import LendingWorld

SEED = 7
LAST_NIGHT = date(
    2026, 11, 22
)  # a Sunday; the 60 nights include Columbus Day, Veterans Day and a clock change
NEW_YORK = "America/New_York"


@dataclass(frozen=True)
class Lender:
    """A landed sample, and its rows by the night they are dated on.

    Attributes:
        oldest_income: night to the age in days of the oldest income record when it ended.
    """

    world: LendingWorld
    root: Path
    oldest_income: dict[int, float]
    _read: dict[str, pd.DataFrame] = field(default_factory=dict)

    def files(self, dataset: str) -> list[Path]:
        return sorted((self.root / "data" / dataset).glob("*.parquet"))

    def rows(self, dataset: str, instant: str) -> pd.DataFrame:
        """All rows with ``night``: the index of the local day on which they are dated."""
        if dataset in self._read:
            return self._read[dataset].copy()
        found = pd.concat([pd.read_parquet(path) for path in self.files(dataset)], ignore_index=True)
        local = found[instant].dt.tz_convert(NEW_YORK).dt.tz_localize(None).dt.normalize()
        self._read[dataset] = found.assign(night=(local - pd.Timestamp(self.world.date(1))).dt.days + 1)
        return self._read[dataset].copy()


@pytest.fixture(scope="session")
def lender(tmp_path_factory) -> Lender:
    root = tmp_path_factory.mktemp("lending") / "project"
    world = LendingWorld(root, seed=SEED, last_night=LAST_NIGHT)
    world.prepare()
    oldest_income = {}
    for night in range(1, world.nights + 1):
        world.land(night)
        dated = pd.read_parquet(min((root / "data" / "incomes").glob("*.parquet")))["recorded_at"].min()
        end = pd.Timestamp(world.date(night + 1), tz=NEW_YORK)
        oldest_income[night] = (end - dated) / pd.Timedelta(days=1)
    world.close()
    return Lender(world, root, oldest_income)
