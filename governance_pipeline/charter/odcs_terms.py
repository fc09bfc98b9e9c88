"""What we add to ODCS as ``customProperties``, and how its SLA values are read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.contract import Calendar, DatasetKind, LawfulBasis, Population, PurposeUse
from governance_pipeline.charter.indicator_policy import Tier

SHARES_MAY_ROUND = 0.005
"""Published shares are rounded, and may add up to a little more than 1."""

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Text = Annotated[str, Field(min_length=1)]


class PurposeTerm(FileModel):
    """A purpose the dataset is used for, and the lawful basis it rests on (GDPR art. 5(1)(b), 6(1))."""

    purpose: Text
    basis: LawfulBasis
    consumers: tuple[Text, ...] = ()

    def use(self, line: int = 0) -> PurposeUse:
        """The same as the rest of the project reads it."""
        return PurposeUse(self.purpose, self.basis, line, self.consumers)


class CalendarTerm(FileModel):
    """When data is due."""

    timezone: str = "UTC"
    workdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] = WEEKDAYS
    holidays: tuple[date, ...] = ()

    def calendar(self) -> Calendar:
        """The same as the rest of the project reads it."""
        numbers = tuple(sorted({WEEKDAYS.index(day) + 1 for day in self.workdays}))
        return Calendar(self.timezone, numbers, tuple(sorted(set(self.holidays))))


class DatasetTerms(FileModel):
    """The custom properties of a contract or schema object; spelt as ODCS spells its own keys."""

    namespace: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")] | None = None
    datasetKind: DatasetKind = DatasetKind.SOURCE
    eventTime: Text | None = None
    subjectKey: Text | None = None
    clusterColumn: Text | None = None
    purposes: tuple[PurposeTerm, ...] = ()
    trainingUse: bool = True
    calendar: CalendarTerm = CalendarTerm()
    scanTimeoutSeconds: Annotated[float, Field(gt=0, le=86400)] | None = None
    vendor: Text | None = None
    tier: Tier | None = None
    upstream: tuple[Text, ...] = ()
    featureView: Annotated[str, Field(pattern=r"^[^/]+/.+$")] | None = None
    job: str = ""
    jobSql: Text | None = None


GroupShare = Annotated[float, Field(gt=0, lt=1)]


class PopulationTerm(FileModel):
    """The people a dataset should stand for, by the groups of a column."""

    shares: Annotated[dict[Text, GroupShare], Field(min_length=1)]
    favourable: dict[Text, GroupShare] = Field(default_factory=dict)
    reference: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        total = math.fsum(self.shares.values())
        if total > 1 + SHARES_MAY_ROUND:
            raise ValueError(f"the shares of the population add up to {total:.4g}, more than 1")
        named = [*self.favourable, *([self.reference] if self.reference else [])]
        strangers = [name for name in named if name not in self.shares]
        if strangers:
            raise ValueError(f"'{strangers[0]}' is not among the shares of the population")
        return self

    def population(self) -> Population:
        """The same as the rest of the project reads it."""
        return Population(dict(self.shares), dict(self.favourable), self.reference, self.source)


class ColumnTerms(FileModel):
    """The custom properties of a column."""

    sensitiveAttribute: bool = False
    personal: bool = False
    population: PopulationTerm | None = None


_SECONDS: Mapping[str, float] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 604800.0),
}
_MONTHS: Mapping[str, float] = {
    **dict.fromkeys(("mo", "month", "months"), 1.0),
    **dict.fromkeys(("q", "quarter", "quarters"), 3.0),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 12.0),
}
UNITS = ("s", "min", "h", "d", "w", "mo", "y")
UNIT_NAMES = ("seconds", "minutes", "hours", "days", "weeks", "months", "years")
DAYS_PER_MONTH = 365.2425 / 12  # mean Gregorian month
LONGEST = 200 * 12 * DAYS_PER_MONTH * 86400  # 200 years: a slip of the keyboard beyond


class UnfitDuration(ValueError):
    """The SLA's value and unit are no length of time; the message says why."""


def duration(value: Any, unit: str | None) -> timedelta:
    """An ODCS SLA value with its unit as a length of time.

    Months and years are mean Gregorian ones, rounded up to whole days, so that a row kept for exactly
    seven calendar years is never called too old.

    Raises:
        UnfitDuration: the value is no positive number, or the unit is missing or unknown.
    """
    number = _number(value)
    if number is None or not math.isfinite(number) or number <= 0:
        raise UnfitDuration("the value is not a number above 0")
    if not unit:
        raise UnfitDuration("the unit is missing")
    name = unit.strip().lower()
    if name == "m":
        raise UnfitDuration("the unit 'm' may mean minutes or months")
    if name in _SECONDS:
        seconds = number * _SECONDS[name]
    elif name in _MONTHS:
        seconds = math.ceil(number * _MONTHS[name] * DAYS_PER_MONTH) * 86400.0
    else:
        raise UnfitDuration(f"the unit '{unit}' is not known")
    if seconds > LONGEST:
        raise UnfitDuration("the time is longer than 200 years")
    return timedelta(seconds=seconds)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
