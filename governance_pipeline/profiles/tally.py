"""What every statement on a model's predictions starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.judged import favourable, nothing
from governance_pipeline.profiles.plan import GroupPlan, ScanPlan
from governance_pipeline.profiles.scanning import time_zone
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

MAX_CELLS = 10_000
Cell = TypeVar("Cell")


class TooMany(StatementFailed):
    """There are more combinations than a tally may have."""

    code = "too_many_cells"


@dataclass(frozen=True)
class Counting:
    """One model's predictions in one table, as a scan finds them.

    Attributes:
        moment: the column that dates a row; None where the table has none.
    """

    session: Session
    table: SourceTable
    plan: ScanPlan
    groups: GroupPlan
    moment: TimeColumn | None

    def need(self, *columns: str | None) -> None:
        """Raises StatementFailed where the table lacks one of ``columns``."""
        for name in columns:
            if name is not None and self.table.type_of(name) is None:
                raise StatementFailed(f"the column '{name}' {self.table.absence(name)}")

    @cached_property
    def arrival(self) -> TimeColumn | None:
        """The column that says when a label was recorded; None where the model's file names none.

        Raises:
            StatementFailed: it is not in the table, or is no time.
        """
        name = self.groups.recorded_at
        if name is None:
            return None
        self.need(name)
        type_ = self.table.type_of(name)
        assert type_ is not None
        column = TimeColumn(name, type_, time_zone(self.plan.contract), self.session.dialect)
        if not column.readable:
            raise StatementFailed(f"the column '{name}' is of type {type_.name}, not a time")
        return column

    def favourable(self, column: str | None) -> exp.Expression:
        """See :func:`judged.favourable`."""
        return favourable(self.table, column, self.groups.positive, self.session.dialect)

    def known(self, value: exp.Expression) -> exp.Expression:
        """``value`` where the label was recorded before the night's end, else null."""
        return value if self.arrival is None else sql.when(self.arrival.before(self.plan.as_of), value)

    def label(self) -> exp.Expression:
        """1, 0, or null while the label is not known."""
        return self.known(self.favourable(self.groups.label)) if self.groups.label else nothing()

    def score(self) -> exp.Expression:
        """The score as a double."""
        assert self.groups.score is not None
        return sql.cast(sql.named(self.groups.score), sql.DOUBLE)

    def version(self) -> exp.Expression:
        """The version that predicted, as text; null where nobody says."""
        column = self.groups.version_column
        return sql.cast(exp.Null(), sql.TEXT) if column is None else sql.text_of(sql.named(column))

    def of_version(self, version: str | None) -> list[exp.Expression]:
        """The condition that ``version`` predicted; none where no version or no column is named."""
        if version is None or self.groups.version_column is None:
            return []
        return [sql.equal(self.version(), exp.Literal.string(version))]

    def window(self) -> list[exp.Expression]:
        """The conditions of the window in which groups are compared."""
        dated = [self.moment.within(self.groups.window_start, self.plan.as_of)] if self.moment else []
        return [*dated, *self.of_version(self.groups.version)]

    def rows(
        self,
        parts: dict[str, exp.Expression],
        conditions: Sequence[exp.Expression],
        keys: Sequence[str],
        sums: Sequence[exp.Expression],
    ) -> list[tuple[Any, ...]]:
        """SELECT keys, count(*), sums of the ``parts`` of the rows that meet all ``conditions``.

        Raises:
            TooMany: there are more than MAX_CELLS of them.
            StatementFailed: the engine refused the statement.
        """
        named = [sql.labelled(part, name) for name, part in parts.items()]
        source = sql.select(named, self.table.relation)
        if conditions:
            source = source.where(sql.both(*conditions), copy=False)
        counted = (
            sql.select([*map(sql.own, keys), sql.count(), *sums], source.subquery("judged", copy=False))
            .group_by(*map(sql.own, keys), copy=False)
            .limit(MAX_CELLS + 1, copy=False)
        )
        found = self.session.rows(sql.render(counted, self.session.dialect))
        if len(found) > MAX_CELLS:
            raise TooMany(f"there are more than {MAX_CELLS:,} combinations")
        return found
