"""Days of the sample: night 1, 2 ... are the nights governed, 0, -1 ... the history before them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import yaml

ZONE = ZoneInfo("America/New_York")
HISTORY_FIRST = -95  # the first day of the history
SERVING_FIRST = -28  # version 1 scores from here; the snapshot was taken on the day before
FUTURE_DAYS = 131  # persons pre-qualified up to night 11 apply up to here

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Nights:
    """Turns day numbers into dates, instants and working days.

    Attributes:
        last_night: date of night number ``nights``.
        holidays: days on which underwriters and the servicer do not work.
    """

    last_night: date
    nights: int
    holidays: frozenset[date]

    def date(self, day: int) -> date:
        """The date of day ``day``."""
        return self.last_night - timedelta(days=self.nights - day)

    def days(self) -> range:
        """Every day of the sample, history and future applicants included."""
        return range(HISTORY_FIRST, max(self.nights, FUTURE_DAYS) + 1)

    def instant(self, day: int, seconds: int) -> datetime:
        """``seconds`` after local midnight of ``day``, in UTC."""
        return self._midnight(day) + timedelta(seconds=seconds)

    def instants(self, days: Integers, seconds: Integers) -> npt.NDArray[np.datetime64]:
        """As :meth:`instant`, for arrays; UTC, microseconds."""
        origin = self._midnights[days - self._first]
        result: npt.NDArray[np.datetime64] = origin + seconds.astype("timedelta64[s]")
        return result

    def working_day_from(self, days: Integers) -> Integers:
        """The first working day on or after each of ``days``."""
        return self._next_working[days - self._first]

    def _midnight(self, day: int) -> datetime:
        # By way of noon: the offset that holds in office hours also on the two days a year it changes.
        day_date = self.date(day)
        noon = datetime(day_date.year, day_date.month, day_date.day, 12, tzinfo=ZONE)
        return noon.astimezone(UTC) - timedelta(hours=12)

    @cached_property
    def _midnights(self) -> npt.NDArray[np.datetime64]:
        found = [self._midnight(day).replace(tzinfo=None) for day in self._covered]
        return np.array(found, dtype="datetime64[us]")

    @cached_property
    def _next_working(self) -> Integers:
        following = self._covered.stop + 10
        found: list[int] = []
        for day in reversed(self._covered):
            when = self.date(day)
            if when.isoweekday() < 6 and when not in self.holidays:  # Monday 1 ... Friday 5
                following = day
            found.append(following)
        return np.array(found[::-1], dtype=np.int64)

    @property
    def _first(self) -> int:
        return self._covered.start

    @cached_property
    def _covered(self) -> range:
        """All days any record can fall on: pre-qualification before, servicer's reports after."""
        days = self.days()
        return range(days.start - 130, days.stop + 90)


def contract_holidays(contract: Path) -> frozenset[date]:
    """The holidays of a contract's ``calendar``, so that data and contract agree on working days."""
    document = yaml.safe_load(contract.read_text(encoding="utf-8"))
    calendar = next(p["value"] for p in document["customProperties"] if p["property"] == "calendar")
    return frozenset(calendar["holidays"])
