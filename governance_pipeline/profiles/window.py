"""The rows a statement looks at: some columns of a table, cut into segments by the day of their event.

Every statement of a scan reads ``w``, which this module selects; rows come with a segment's number
where there is more than one, so that one pass counts many days apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.scanning import local_midnight


@dataclass(frozen=True, slots=True)
class Segments:
    """Days to be counted apart.

    Attributes:
        days: in order, each once; (None,) stands for all rows together, dated or not.
        moment: the column that dates a row; None where the table has none.
    """

    days: tuple[date | None, ...]
    moment: TimeColumn | None = None

    @property
    def many(self) -> bool:
        return len(self.days) > 1

    @property
    def dated(self) -> bool:
        return self.days != (None,)

    def number(self) -> exp.Expression:
        """The position of a row's day in ``days``, by binary search over the days' midnights."""
        moment, days = self.moment, [day for day in self.days if day is not None]
        assert moment is not None

        def search(low: int, high: int) -> exp.Expression:
            if low == high:
                return sql.number(low)
            middle = (low + high + 1) // 2
            before = moment.before(local_midnight(days[middle], moment.zone))
            return sql.either(before, search(low, middle - 1), search(middle, high))

        return search(0, len(days) - 1)

    def condition(self) -> exp.Expression | None:
        """Rows of any of the days, where these are consecutive runs: one condition for each run."""
        moment = self.moment
        if not self.dated or moment is None:
            return None
        runs = [moment.on_days(first, last) for first, last in _runs(self.days)]
        found = runs[0]
        for run in runs[1:]:
            found = exp.Or(this=exp.Paren(this=found), expression=exp.Paren(this=run))
        return exp.Paren(this=found)


ALL = Segments((None,))


def _runs(days: Sequence[date | None]) -> list[tuple[date, date]]:
    runs: list[tuple[date, date]] = []
    for day in days:
        assert day is not None
        if runs and (day - runs[-1][1]).days == 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs


@dataclass(frozen=True, slots=True)
class Window:
    """A relation and the part of it that is read."""

    relation: exp.Expression
    segments: Segments
    dialect: str

    @property
    def of_files(self) -> bool:
        """Whether DuckDB reads the rows from files, and not from a table of its own."""
        return self.dialect == "duckdb" and not isinstance(self.relation.this, exp.Identifier)

    def select(self, columns: Sequence[ColumnSpec]) -> str:
        """SELECT the columns, and ``s`` where there are several segments."""
        parts = [part for column in columns for part in column.selected()]
        if self.segments.many:
            parts.append(sql.labelled(self.segments.number(), "s"))
        query = sql.select(parts or [sql.labelled(sql.number(1), "one")], self.relation.copy())
        condition = self.segments.condition()
        if condition is not None:
            query = query.where(condition, copy=False)
        return sql.render(query, self.dialect)

    def over(self, columns: Sequence[ColumnSpec], body: str) -> str:
        """A statement whose rendered ``body`` reads the columns from ``w``."""
        return sql.over_window(self.select(columns), body, self.dialect)


def segment(*, many: bool) -> exp.Expression:
    """The segment as a column of a statement's result."""
    return sql.own("s") if many else sql.number(0)


def by_segment(query: exp.Select, *keys: exp.Expression, many: bool) -> exp.Select:
    """GROUP BY the keys, and the segment where there are several."""
    grouped = [*keys, *([sql.own("s")] if many else [])]
    return query.group_by(*grouped, copy=False) if grouped else query
