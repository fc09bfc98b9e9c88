"""Counts a model's predictions by day, and their outcomes by the day these arrived."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.judged import (
    day_number,
    day_of,
    nothing,
    probability,
    score_bin,
    squared,
    surprise,
)
from governance_pipeline.profiles.plan import FollowPlan
from governance_pipeline.profiles.profile import (
    FINE_SCORE_BINS,
    SCORE_BINS,
    ErrorCell,
    OutcomeCell,
    PredictionCell,
)
from governance_pipeline.profiles.tally import Counting
from governance_pipeline.profiles.text import as_text

_LARGEST_ERROR = 1e70
"""Its fourth power is still a double."""


def outcome_cells(counting: Counting) -> tuple[OutcomeCell, ...]:
    """Predictions whose outcome is known, by version and day of its arrival."""
    groups = counting.groups
    counting.need(groups.prediction, groups.label, groups.score, groups.version_column)
    if groups.label is None:
        return ()
    label = counting.label()
    parts: dict[str, exp.Expression] = {
        "version": counting.version(),
        "arrived": _arrived(counting),
        "label": label,
        "prediction": counting.favourable(groups.prediction),
        "bin": nothing(),
        "p": sql.cast(exp.Null(), sql.DOUBLE),
    }
    if groups.score is not None:
        score = counting.score()
        parts["bin"] = score_bin(score, FINE_SCORE_BINS, counting.session.dialect)
        parts["p"] = probability(score.copy())
    keys = ["version", "arrived", "label", "prediction", "bin"]
    p = sql.own("p")
    sums = [total(p), total(squared(p.copy())), total(surprise(p.copy(), sql.own("label")))]
    rows = counting.rows(parts, [*_arrivals(counting), sql.present(label.copy())], keys, sums)
    return tuple(
        OutcomeCell(as_text(version), day_of(day), label, prediction, bin_, int(count), *map(_float, found))
        for version, day, label, prediction, bin_, count, *found in rows
    )


def prediction_cells(counting: Counting) -> tuple[PredictionCell, ...]:
    """Predictions by version and day: recent ones, and those of the serving version's first days."""
    groups = counting.groups
    counting.need(groups.prediction, groups.label, groups.score, groups.version_column)
    bin_ = nothing()
    if groups.score is not None:
        bin_ = score_bin(counting.score(), SCORE_BINS, counting.session.dialect)
    label = _number_known(counting) if groups.numeric else counting.label()
    moment = counting.moment if (groups.follow or FollowPlan()).by_day else None
    parts: dict[str, exp.Expression] = {
        "version": counting.version(),
        "day": day_number(moment, counting.plan.as_of) if moment else nothing(),
        "prediction": nothing() if groups.numeric else counting.favourable(groups.prediction),
        "bin": bin_,
        "unknown": sql.either(sql.present(label), sql.number(0), sql.number(1)),
    }
    rows = counting.rows(parts, _days(counting, moment), list(parts), [])
    return tuple(
        PredictionCell(as_text(version), day_of(day), prediction, found, bool(unknown), int(count))
        for version, day, prediction, found, unknown, count in rows
    )


def error_cells(counting: Counting) -> tuple[ErrorCell, ...]:
    """Errors of predicted numbers whose outcome is known, by version and day of its arrival."""
    groups = counting.groups
    counting.need(groups.prediction, groups.label, groups.version_column)
    if groups.label is None or groups.prediction is None:
        return ()
    dialect = counting.session.dialect
    predicted, actual = (sql.cast(sql.named(name), sql.DOUBLE) for name in (groups.prediction, groups.label))
    usable = sql.both(*(sql.within(one, _LARGEST_ERROR, dialect) for one in (predicted, actual)))
    parts: dict[str, exp.Expression] = {
        "version": counting.version(),
        "arrived": _arrived(counting),
        "error": sql.when(usable, exp.Sub(this=predicted.copy(), expression=actual.copy())),
    }
    error = sql.own("error")
    square = squared(error.copy())
    sums = [
        sql.count(error),
        total(error.copy()),
        total(exp.Abs(this=error.copy())),
        total(square),
        total(exp.Mul(this=exp.Paren(this=square.copy()), expression=exp.Paren(this=square.copy()))),
    ]
    known = [*_arrivals(counting), sql.present(_number_known(counting))]
    known.append(sql.present(sql.named(groups.prediction)))
    rows = counting.rows(parts, known, ["version", "arrived"], sums)
    return tuple(
        ErrorCell(as_text(version), day_of(day), int(used), int(count - used), *map(_float, found))
        for version, day, count, used, *found in rows
    )


def total(what: exp.Expression) -> exp.Expression:
    return exp.Sum(this=what)


def _number_known(counting: Counting) -> exp.Expression:
    """The label of a predicted number, null while it is not known."""
    label = counting.groups.label
    return nothing() if label is None else counting.known(sql.named(label))


def _arrived(counting: Counting) -> exp.Expression:
    """The day a label arrived; without a column that says so, the prediction's own day."""
    moment = counting.arrival or counting.moment
    return day_number(moment, counting.plan.as_of) if moment else nothing()


def _arrivals(counting: Counting) -> list[exp.Expression]:
    """Rows up to the night whose label arrived in the window."""
    follow = counting.groups.follow or FollowPlan()
    conditions = [counting.moment.before(counting.plan.as_of)] if counting.moment else []
    moment = counting.arrival or counting.moment
    if moment is not None:
        conditions.append(moment.within(follow.arrived_since, counting.plan.as_of))
    return conditions


def _days(counting: Counting, moment: TimeColumn | None) -> list[exp.Expression]:
    """Rows of recent days, or of the serving version's first ones."""
    as_of = counting.plan.as_of
    if moment is None:
        return []
    follow = counting.groups.follow or FollowPlan()
    recent = moment.within(follow.since, as_of)
    if follow.since is None:
        return [recent]
    mine = counting.of_version(follow.serving)
    rows = sql.select([sql.text_of(sql.lowest(moment.value()))], counting.table.relation)
    rows = rows.where(sql.both(moment.before(as_of), *mine), copy=False)
    first = moment.read(counting.session.rows(sql.render(rows, counting.session.dialect))[0][0])
    if first is None:
        return [recent]
    end = min(first + timedelta(days=follow.first_days), as_of)
    early = sql.both(moment.within(first, end), *counting.of_version(follow.serving))
    return [exp.Paren(this=exp.Or(this=exp.Paren(this=recent), expression=exp.Paren(this=early)))]


def _float(value: Any) -> float:
    return float(value or 0)
