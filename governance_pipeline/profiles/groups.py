"""Counts a model's predictions by sensitive attribute, label, prediction and score, and by day
(:mod:`governance_pipeline.profiles.followed`): one statement for each.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.followed import error_cells, outcome_cells, prediction_cells, total
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.judged import probability, score_bin, squared
from governance_pipeline.profiles.merge_groups import in_order
from governance_pipeline.profiles.plan import GroupPlan, ScanPlan
from governance_pipeline.profiles.profile import SCORE_BINS, GroupCell, GroupTable, ScoreCell
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.tally import MAX_CELLS, Cell, Counting, TooMany
from governance_pipeline.profiles.text import as_text


def group_tables(
    session: Session, table: SourceTable, plan: ScanPlan, moment: TimeColumn | None
) -> tuple[tuple[GroupTable, ...], dict[str, str]]:
    """What is counted of each group plan, and why a part could not be (``groups:<model>`` and others)."""
    tables: list[GroupTable] = []
    unmeasured: dict[str, str] = {}
    for groups in plan.groups:
        found = _Tally(Counting(session, table, plan, groups, moment))
        tallied = found.table()
        unmeasured |= found.unmeasured
        if tallied is not None:
            tables.append(tallied)
    return tuple(tables), unmeasured


class _Tally:
    """One model's table, part by part; a part that fails fails alone."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self.unmeasured: dict[str, str] = {}

    def table(self) -> GroupTable | None:
        """None where nothing could be counted."""
        groups = self.counting.groups
        strata, cells = self._contingency(groups)
        scores = self._part("scores", _scores) if groups.score and groups.attributes else ()
        follow = groups.follow is not None
        outcomes = self._part("outcomes", outcome_cells) if follow and not groups.numeric else ()
        errors = self._part("errors", error_cells) if follow and groups.numeric else ()
        predictions = self._part("predictions", prediction_cells) if follow else ()
        if f"groups:{groups.model}" in self.unmeasured and not (outcomes or predictions):
            return None
        return in_order(
            GroupTable(groups.model, groups.attributes, cells, strata, scores, outcomes, predictions, errors)
        )

    def _contingency(self, groups: GroupPlan) -> tuple[tuple[str, ...], tuple[GroupCell, ...]]:
        """With the strata, or where these make too many cells without them."""
        if groups.numeric:
            return (), ()
        try:
            return groups.strata, _contingency(self.counting, groups.strata)
        except TooMany as error:
            if not groups.strata:
                return (), self._failed("groups", _by(error, groups.attributes))
            self._failed("strata", _by(error, (*groups.attributes, *groups.strata)))
        except StatementFailed as error:
            return (), self._failed("groups", error.message)
        try:
            return (), _contingency(self.counting, ())
        except StatementFailed as error:
            return (), self._failed("groups", _by(error, groups.attributes))

    def _part(self, name: str, count: Callable[[Counting], tuple[Cell, ...]]) -> tuple[Cell, ...]:
        try:
            return count(self.counting)
        except StatementFailed as error:
            return self._failed(name, error.message)

    def _failed(self, part: str, reason: str) -> tuple[()]:
        self.unmeasured[f"{part}:{self.counting.groups.model}"] = reason
        return ()


def _by(error: StatementFailed, columns: tuple[str, ...]) -> str:
    if not isinstance(error, TooMany):
        return error.message
    return f"there are more than {MAX_CELLS:,} combinations of {', '.join(columns)}"


def _contingency(counting: Counting, strata: tuple[str, ...]) -> tuple[GroupCell, ...]:
    groups = counting.groups
    columns = (*groups.attributes, *strata)
    version = groups.version_column if groups.version is not None else None
    counting.need(*columns, groups.prediction, groups.label, version)
    keys = [f"a{position}" for position in range(len(columns))]
    parts: dict[str, exp.Expression] = dict(zip(keys, map(sql.named, columns), strict=True))
    parts |= {"label": counting.label(), "prediction": counting.favourable(groups.prediction)}
    rows = counting.rows(parts, counting.window(), [*keys, "label", "prediction"], [])
    return tuple(
        GroupCell(tuple(map(as_text, values)), label, prediction, int(count))
        for *values, label, prediction, count in rows
    )


def _scores(counting: Counting) -> tuple[ScoreCell, ...]:
    groups = counting.groups
    counting.need(*groups.attributes, groups.score, groups.label)
    keys = [f"a{position}" for position in range(len(groups.attributes))]
    parts: dict[str, exp.Expression] = dict(zip(keys, map(sql.named, groups.attributes), strict=True))
    score = counting.score()
    parts |= {
        "label": counting.label(),
        "bin": score_bin(score, SCORE_BINS, counting.session.dialect),
        "p": probability(score.copy()),
    }
    sums = [total(sql.own("p")), total(squared(sql.own("p")))]
    rows = counting.rows(parts, counting.window(), [*keys, "label", "bin"], sums)
    return tuple(
        ScoreCell(tuple(map(as_text, values)), label, bin_, int(count), float(p or 0), float(pp or 0))
        for *values, label, bin_, count, p, pp in rows
    )
