"""What is remembered of a table between nights: its partitions, and the profile of each day in them.

A partition is what an engine can tell apart and see change: a file, or the rows of one day. While its
state stays the same it is not read again; the night's profile is merged from what is remembered
(:mod:`governance_pipeline.profiles.assemble`). A slice is the profile of a partition's rows of one day,
so that any window of days can be put together later without another look at the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from governance_pipeline.profiles.profile import ColumnProfile, Sketch

EARLIER, LATER = date.min, date.max
"""Stand for all days before, and after, those that are told apart."""


@dataclass(frozen=True, slots=True)
class DayFacts:
    """A partition's rows of one local day: how many, the first and the last instant (UTC)."""

    day: date
    rows: int
    oldest: datetime
    newest: datetime


@dataclass(frozen=True, slots=True)
class Slice:
    """The mergeable profile of a partition's rows of one day, or of all of them.

    Attributes:
        unmeasured: column, to the reason why it was not measured.
    """

    rows: int
    columns: Mapping[str, ColumnProfile]
    subjects: Sketch | None = None
    rows_without_subject: int = 0
    unmeasured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition as it was last read.

    Attributes:
        id: its name within the table, e.g. a file's path in the project.
        state: changes when its rows do; "" where nobody can tell, so that it is read every night.
        asked: digest of what was measured; where another is asked for, its slices are of no use.
        schema: (column, engine type).
        undated: rows without an event time, or all rows where the table has none.
        days: facts of its rows by day, ascending.
        slices: by day; under None the slice of all rows, where the table is profiled whole. Days
            whose slices were thinned out, or not loaded, are missing.
        own: a file's own columns and types are those of ``schema``: no other file lent it any, and
            none was left out.
    """

    id: str
    state: str
    asked: str
    schema: tuple[tuple[str, str], ...]
    undated: int
    days: tuple[DayFacts, ...]
    slices: Mapping[date | None, Slice]
    own: bool = False

    @property
    def rows(self) -> int:
        return self.undated + sum(facts.rows for facts in self.days)
