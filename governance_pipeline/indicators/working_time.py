"""How much time has passed in a dataset's own calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from governance_pipeline.charter.contract import Calendar

EVERY_DAY = frozenset(range(1, 8))
CALENDAR_REACH = timedelta(days=3660)


def is_working_day(day: date, calendar: Calendar) -> bool:
    """Whether data is due on ``day``."""
    return day.isoweekday() in calendar.workdays and day not in calendar.holidays


def has_days_off(calendar: Calendar) -> bool:
    """Whether there is any day on which no data is due."""
    return bool(calendar.holidays) or not set(calendar.workdays) >= EVERY_DAY


def elapsed(since: datetime, until: datetime, calendar: Calendar) -> timedelta:
    """Time from ``since`` to ``until`` that counts: all of it, less the time that fell on days off.

    A day off is a local calendar day in the calendar's time zone that is no workday or a holiday. Days
    run from local midnight to local midnight, so a day on which the clocks change counts its real 23
    or 25 hours. A whole day off between the two instants is taken out in full; of a day off on which
    one of them falls, only the part between them. So the result grows steadily while working time
    passes, stands still on days off and never falls.

    Days off more than ten years before ``until`` are not taken out: such data is late by any calendar.

    Raises:
        ZoneInfoNotFoundError, ValueError: the calendar's time zone does not exist.
    """
    zone = ZoneInfo(calendar.timezone)
    total = until - since
    if total <= timedelta(0) or not has_days_off(calendar):
        return total
    start = max(since, until - CALENDAR_REACH)
    day, last = start.astimezone(zone).date(), until.astimezone(zone).date()
    off = timedelta(0)
    while day <= last:
        following = day + timedelta(days=1)
        if not is_working_day(day, calendar):
            begins, ends = max(_midnight(day, zone), start), min(_midnight(following, zone), until)
            off += max(ends - begins, timedelta(0))
        day = following
    return total - off


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; differences of UTC instants are real time."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)
