"""The rows of single days as JSON and back: a row of numbers for each day of a column.

A row holds rows, nulls and NaNs; then a number's counts below its grid, in each bin and above it, or the
counts of each value of a text and of all others. Runs of zeros are written as one negative number, because
a day fills few of the bins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.grid import of_histogram
from governance_pipeline.profiles.profile import PROFILE_VERSION, ColumnProfile, Days, Histogram
from governance_pipeline.profiles.runs import runs, spread


def days_to_json(days: Days) -> dict[str, Any]:
    """All days; of a column, the numbers of all days are on one grid."""
    ordered = sorted(days)
    names = sorted({name for columns in days.values() for name in columns})
    return {
        "version": PROFILE_VERSION,
        "days": [day.isoformat() for day in ordered],
        "columns": {name: _column([days[day].get(name) for day in ordered]) for name in names},
    }


def days_from_json(stored: Mapping[str, Any]) -> Days:
    """The days that :func:`days_to_json` wrote.

    Raises:
        CannotEvaluate: they were written by another version, or are damaged.
    """
    if stored.get("version") != PROFILE_VERSION:
        raise CannotEvaluate(
            f"the stored days of a training snapshot have format {stored.get('version')}; this version of"
            f" governance reads {PROFILE_VERSION}",
            hint="register the model version anew to have its training data read again",
        )
    try:
        days: dict[date, dict[str, ColumnProfile]] = {date.fromisoformat(day): {} for day in stored["days"]}
        for name, column in stored["columns"].items():
            blank = ColumnProfile(name, column["kind"], column["type"], rows=0, nulls=0)
            for found, row in zip(days.values(), column["rows"], strict=True):
                if row is not None:
                    found[name] = _profile(blank, column, spread(row))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CannotEvaluate(
            "the stored days of a training snapshot are damaged",
            hint="register the model version anew to have its training data read again",
        ) from error
    return days


def _column(of_days: Sequence[ColumnProfile | None]) -> dict[str, Any]:
    known = [column for column in of_days if column is not None]
    first = known[0]
    found: dict[str, Any] = {"kind": first.kind, "type": first.engine_type}
    grids = {of_histogram(column.histogram) for column in known if column.histogram}
    if grids:
        (grid,) = grids
        found |= {"exponent": grid.exponent, "first": grid.first}
    values = sorted({value for column in known for value in column.categories})
    if values:
        found["values"] = values
    found["rows"] = [None if column is None else [*runs(_row(column, values))] for column in of_days]
    return found


def _row(column: ColumnProfile, values: Sequence[str]) -> Iterator[int]:
    yield from (column.rows, column.nulls, column.nans)
    if column.histogram is not None:
        yield from (column.histogram.underflow, *column.histogram.counts, column.histogram.overflow)
    elif values:
        yield from (*(column.categories.get(value, 0) for value in values), column.other)
    elif column.other:
        yield column.other


def _profile(blank: ColumnProfile, column: Mapping[str, Any], row: Sequence[int]) -> ColumnProfile:
    rows, nulls, nans, *counts = row
    made = replace(blank, rows=rows, nulls=nulls, nans=nans)
    if "exponent" in column:
        if not counts:
            return made
        below, *bins, above = counts
        histogram = Histogram(column["exponent"], column["first"], tuple(bins), below, above)
        return replace(made, histogram=histogram)
    known = [(count, value) for value, count in zip(column.get("values", ()), counts, strict=False) if count]
    ordered = sorted(known, key=lambda one: (-one[0], one[1]))
    other = counts[-1] if counts else 0
    return replace(made, categories={value: count for count, value in ordered}, other=other)
