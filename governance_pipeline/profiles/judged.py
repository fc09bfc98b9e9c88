"""A model's predictions as parts of SQL: the favourable decision, its score's bin, when it came out."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.source_table import SourceTable

_TRUE = frozenset({"1", "1.0", "true"})
_FALSE = frozenset({"0", "0.0", "false"})
CLIP = 2.0**-52
"""The least probability a loss is counted with, as scikit-learn's log_loss has it for doubles."""
_EPOCH = date(1970, 1, 1)
_DAY_SECONDS = 86_400


def favourable(table: SourceTable, column: str | None, positive: str, dialect: str) -> exp.Expression:
    """1 where the column holds ``positive``, 0 for any other value, null for null and NaN.

    ``1``, ``1.0`` and ``true`` are the same value, whatever the column's type; so are their opposites.
    """
    type_ = table.type_of(column)
    if column is None or type_ is None:
        return nothing()
    value = sql.named(column)
    known = sql.present(value.copy())
    if type_.kind == "number" and type_.floating:
        known = sql.not_nan(sql.cast(value.copy(), sql.DOUBLE), dialect)
    chosen = sql.either(_equals(value, type_, positive), sql.number(1), sql.number(0))
    return sql.when(known, chosen)


def nothing() -> exp.Expression:
    """A null that counts as a whole number."""
    return sql.cast(exp.Null(), sql.BIGINT)


def _equals(value: exp.Expression, type_: EngineType, positive: str) -> exp.Expression:
    wanted = positive.strip().lower()
    spelt = _TRUE if wanted in _TRUE else _FALSE if wanted in _FALSE else None
    if type_.kind == "boolean":
        if spelt is None:
            return exp.false()
        return value if spelt is _TRUE else exp.Not(this=value)
    if type_.kind == "number":
        try:
            amount = float(wanted) if spelt is None else float(spelt is _TRUE)
        except ValueError:
            return exp.false()
        return sql.equal(sql.cast(value, sql.DOUBLE), sql.double(amount))
    text = sql.text_of(value)
    if spelt is None:
        return sql.equal(text, exp.Literal.string(positive))
    return exp.In(this=exp.Lower(this=text), expressions=[exp.Literal.string(word) for word in sorted(spelt)])


def score_bin(score: exp.Expression, bins: int, dialect: str) -> exp.Expression:
    """The bin of a double: floor(score * bins), -1 below 0, ``bins`` above 1, null for null and NaN.

    ``bins`` is a power of two, so the product is exact and every engine finds the same bin.
    """
    scaled = exp.Mul(this=score.copy(), expression=sql.double(float(bins)))
    inside = sql.cast(exp.Floor(this=scaled), sql.BIGINT)
    upper = sql.either(sql.at_most(score.copy(), sql.double(1.0)), sql.number(bins - 1), sql.number(bins))
    below_one = sql.either(sql.less(score.copy(), sql.double(1.0)), inside, upper)
    found = sql.either(sql.less(score.copy(), sql.double(0.0)), sql.number(-1), below_one)
    return sql.when(sql.not_nan(score, dialect), found)


def probability(score: exp.Expression) -> exp.Expression:
    """The score where it lies in [0, 1], else null (NaN too)."""
    inside = sql.both(sql.at_least(score.copy(), sql.double(0.0)), sql.at_most(score.copy(), sql.double(1.0)))
    return sql.when(inside, score)


def squared(what: exp.Expression) -> exp.Expression:
    return exp.Mul(this=what, expression=what.copy())


def surprise(probability: exp.Expression, label: exp.Expression) -> exp.Expression:
    """-ln of the probability that a score gave to what happened, clipped to [2**-52, 1 - 2**-52]."""
    other = exp.Paren(this=exp.Sub(this=sql.double(1.0), expression=probability.copy()))
    given = sql.either(sql.equal(label, sql.number(1)), probability, other)
    low, high = sql.double(CLIP), sql.double(1 - CLIP)
    capped = sql.either(sql.at_least(given.copy(), high.copy()), high, given.copy())
    clipped = sql.either(sql.at_most(given, low.copy()), low, capped)
    return exp.Neg(this=exp.Ln(this=clipped))


def day_number(moment: TimeColumn, as_of: datetime) -> exp.Expression:
    """Days since 1970 of the local day that an instant lies on.

    The zone's offset is the one at ``as_of``: an instant within an hour of a midnight on the other side
    of a change of clocks may be counted on the day beside.
    """
    local = moment.type.family != "date"
    offset = int((moment.zone.utcoffset(as_of.astimezone(moment.zone)) or timedelta()).total_seconds())
    seconds: exp.Expression = exp.TimeToUnix(this=moment.value())
    if local and offset:
        seconds = exp.Add(this=seconds, expression=sql.number(offset))
    days = exp.Div(this=sql.cast(exp.Paren(this=seconds), sql.DOUBLE), expression=sql.double(_DAY_SECONDS))
    return sql.cast(exp.Floor(this=days), sql.BIGINT)


def day_of(number: int | None) -> date | None:
    """The day that :func:`day_number` counted."""
    return None if number is None else _EPOCH + timedelta(days=int(number))
