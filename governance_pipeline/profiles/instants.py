"""Event times of any type, compared in the type they are stored in and read back as UTC instants.

A naive timestamp is read as UTC; a date as its midnight in the contract's calendar time zone; text,
where the engine can try a cast, as an ISO timestamp. The bound is converted rather than the column,
so that engines can still skip files and blocks by their statistics.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType
from governance_pipeline.profiles.scanning import first_date_from, local_midnight

_DATE = exp.DataType(this=exp.DataType.Type.DATE)
_ZONED = exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ)
_TRIES_CASTS = frozenset({"duckdb", "spark"})

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A column that dates rows (or a record's validity), in the zone its dates are read in."""

    name: str
    type: EngineType
    zone: ZoneInfo
    dialect: str

    @property
    def readable(self) -> bool:
        """Whether the engine can compare it with an instant."""
        if self.type.family == "string":
            return self.dialect in _TRIES_CASTS
        return self.type.family in ("date", "timestamp")

    def value(self) -> exp.Expression:
        """The column, in a type that orders by time."""
        column = sql.named(self.name)
        if self.type.family == "string":
            return exp.TryCast(this=column, to=_ZONED.copy(), safe=True)  # not safe, Spark would get a CAST
        return column

    def bound(self, instant: datetime) -> exp.Expression:
        """A literal ``b`` such that ``value >= b`` exactly if the value is not before ``instant``."""
        if self.type.family == "date":
            return sql.cast(exp.Literal.string(first_date_from(instant, self.zone).isoformat()), _DATE)
        if self.type.zoned or self.type.family == "string":
            return sql.cast(exp.Literal.string(instant.astimezone(UTC).isoformat(sep=" ")), _ZONED)
        naive = instant.astimezone(UTC).replace(tzinfo=None)
        return sql.cast(exp.Literal.string(naive.isoformat(sep=" ")), sql.naive_timestamp(self.dialect))

    def from_(self, instant: datetime) -> exp.Expression:
        """Not before ``instant``."""
        return sql.at_least(self.value(), self.bound(instant))

    def before(self, instant: datetime) -> exp.Expression:
        return sql.less(self.value(), self.bound(instant))

    def within(self, start: datetime | None, end: datetime) -> exp.Expression:
        """In [start, end); everything before ``end`` where there is no start."""
        return self.before(end) if start is None else sql.both(self.from_(start), self.before(end))

    def on_days(self, first: date, last: date) -> exp.Expression:
        """Dated on one of the local days from ``first`` to ``last``."""
        return self.within(local_midnight(first, self.zone), _midnight_after(last, self.zone))

    def local_day(self, value: exp.Expression) -> exp.Expression:
        """The local day of one of the column's values, as an expression."""
        if self.type.family == "date":
            return value
        instant = sql.cast(value, _ZONED)  # sessions are in UTC, as naive times are
        return sql.cast(exp.AtTimeZone(this=instant, zone=exp.Literal.string(self.zone.key)), _DATE)

    def day_of(self, instant: datetime) -> date:
        """The local day an instant lies on; the calendar's first and last for what lies beyond it."""
        if instant in (EARLIEST, LATEST):
            return instant.date()
        return instant.astimezone(self.zone).date()

    def read(self, text: object) -> datetime | None:
        """The instant of a value the engine gave as text."""
        if text is None:
            return None
        if self.type.family == "date":
            day = parse(str(text))
            return day if day in (EARLIEST, LATEST) else local_midnight(day.date(), self.zone)
        return parse(str(text))


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    return LATEST if day == date.max else local_midnight(day + timedelta(days=1), zone)


_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d+)?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d){0,2})?")


def parse(text: str) -> datetime:
    """An engine's text of a date or timestamp as a UTC instant.

    What Python's calendar cannot hold (infinity, years before 1 and after 9999) becomes its
    earliest or latest instant, so that it stays visible as too old or too new.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None or "BC" in text:
        past = text.startswith("-") or "BC" in text
        return EARLIEST if past else LATEST
    day, clock, fraction, offset = found.groups()
    micros = (fraction or ".0")[:7]
    offset = "+00:00" if offset in (None, "Z", "UTC") else offset
    try:
        return datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{micros:0<7}{offset}").astimezone(UTC)
    except OverflowError:
        return EARLIEST if date.fromisoformat(day).year == 1 else LATEST
