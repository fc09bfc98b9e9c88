"""The reference table of the speed bars: 20 numeric and 5 categorical columns, and what dates and governs
a row: event time, subject, group, label, prediction.

Every value is a hash of (seed, row number, column), so that a table is the same whatever the threads, and
can be made in pieces.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import sqlglot

NIGHT = date(2026, 3, 10)
"""The last day of every table."""

NUMERIC = tuple(f"n{number:02}" for number in range(1, 21))
CATEGORICAL = tuple(f"c{number:02}" for number in range(1, 6))
CONTEXT = ("event_time", "subject", "group", "label", "prediction")
COLUMNS = (*NUMERIC, *CATEGORICAL, *CONTEXT)
INTEGERS = NUMERIC[15:]
MISSING = {"n03": 0.02, "n09": 0.05, "c02": 0.01, "label": 0.10}
"""Shares of null by column; a label that has not arrived yet is null."""
GROUPS = {"A": 0.60, "B": 0.85, "C": 0.96, "D": 1.0}
"""Groups by the share of rows in them and in those before."""

_CARDINALITIES = (3, 8, 12, 30, 60)
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Rows:
    """Which rows to make.

    Attributes:
        count: of the whole table, spread evenly over ``days`` days up to ``last``.
        seed: another seed is another sample of the same population.
        subjects: persons the rows are about.
        shift: standard deviations by which the first numeric column lies higher.
        first, end: row numbers of a piece; the default is the whole table.
    """

    count: int
    seed: int = 1
    subjects: int = 0
    days: int = 1
    last: date = NIGHT
    shift: float = 0.0
    first: int = 0
    end: int | None = None

    def of_day(self, day: int) -> Rows:
        """The rows of the ``day``-th day, counted from 0."""
        first, end = (-(-self.count * number // self.days) for number in (day, day + 1))
        return replace(self, first=first, end=end)


def write(path: Path, rows: Rows, columns: Collection[str] = COLUMNS) -> Path:
    """One zstd Parquet file with ``columns`` of the table."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.sql(_query(rows, columns)).write_parquet(str(path), compression="zstd")
    return path


def write_days(folder: Path, rows: Rows) -> Iterator[Path]:
    """One file per day, named by it, the oldest first; each is written when it is asked for."""
    folder.mkdir(parents=True, exist_ok=True)
    for day in range(rows.days):
        of = rows.last - timedelta(days=rows.days - 1 - day)
        yield write(folder / f"{of}.parquet", rows.of_day(day))


def _query(rows: Rows, columns: Collection[str]) -> str:
    end = rows.count if rows.end is None else rows.end
    values = [*_numbers(rows), *_categories(rows), *_context(rows)]
    named = (
        f'{_or_missing(rows, name, value)} AS "{name}"'
        for name, value in zip(COLUMNS, values, strict=True)
        if name in columns
    )
    query = sqlglot.select(*named, dialect="duckdb")
    return query.from_(f"range({rows.first}, {end}) AS r(i)", dialect="duckdb").sql(dialect="duckdb")


def _uniform(rows: Rows, stream: int) -> str:
    """Numbers above 0 and below 1; equal for equal (seed, stream, row)."""
    # 53 bits as a double throughout: literals without an exponent are decimals, fifty times as slow
    return f"((CAST(hash(i, {stream}, {rows.seed}) >> 11 AS DOUBLE) + 5e-1) * {2.0**-53!r})"


def _normal(rows: Rows, stream: int) -> str:
    """Box and Muller (1958): an even stream and the odd one after it come from the same pair of hashes."""
    pair = stream - stream % 2
    wave = "sin" if stream % 2 else "cos"
    return f"(sqrt(-2 * ln({_uniform(rows, pair)})) * {wave}(6.283185307179586 * {_uniform(rows, pair + 1)}))"


def _numbers(rows: Rows) -> Iterator[str]:
    """Eight normal, three skewed with two decimals, four uniform or exponential, five whole."""
    for place in range(8):
        centre = rows.shift if place == 0 else 0
        yield f"({_normal(rows, 100 + place)} + {centre}) * {10**place // 2 + 1} + {place * 7}"
    for place in range(8, 11):
        yield f"round(exp(1 + {_normal(rows, 100 + place)} * {0.3 * (place - 7)}) * 1000, 2)"
    for place in range(11, 14):
        yield f"{_uniform(rows, 100 + place)} * {place - 10}"
    yield f"-ln({_uniform(rows, 114)}) * 30"
    for stream, (low, width) in enumerate(((18, 73), (0, 12), (0, 1_000), (1_900, 127), (0, 1_000_000))):
        yield f"CAST({low} + floor({_uniform(rows, 130 + stream)} * {width}) AS BIGINT)"


def _categories(rows: Rows) -> Iterator[str]:
    """Skewed: the first values of each column are the most frequent."""
    for place, cardinality in enumerate(_CARDINALITIES):
        chance = _uniform(rows, 200 + place)
        yield f"format('value {{:02d}}', CAST(floor({chance} * {chance} * {cardinality}) AS INTEGER))"


def _context(rows: Rows) -> Iterator[str]:
    start = rows.last - timedelta(days=rows.days - 1)
    place = f"CAST(floor(i * CAST({rows.days * _DAY / rows.count!r} AS DOUBLE)) AS BIGINT)"
    yield f"CAST('{start}' AS TIMESTAMP) + to_microseconds({place})"
    yield f"CAST(floor({_uniform(rows, 300)} * {rows.subjects or max(1, rows.count // 5)}) AS BIGINT)"
    drawn = _uniform(rows, 301)
    cases = " ".join(f"WHEN {drawn} < {below} THEN '{name}'" for name, below in GROUPS.items())
    yield f"CASE {cases} END"
    yield f"CAST({_uniform(rows, 302)} < 0.5 AS INTEGER)"
    agrees = f"{_uniform(rows, 303)} < 0.8"
    yield f"CAST(({_uniform(rows, 302)} < 0.5) = ({agrees}) AS INTEGER)"


def _or_missing(rows: Rows, name: str, value: str) -> str:
    share = MISSING.get(name)
    if share is None:
        return value
    return f"CASE WHEN {_uniform(rows, 400 + COLUMNS.index(name))} >= {share} THEN {value} END"
