"""Counts by bin and by value, for the columns that have bins or few values, in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.bins import (
    bin_of,
    histogram_call,
    histogram_from_bins,
    histogram_from_call,
    own_edges,
)
from governance_pipeline.profiles.columns import ColumnSpec
from governance_pipeline.profiles.profile import MAX_CATEGORIES, ColumnProfile
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.spark_counts import value_counts
from governance_pipeline.profiles.text import as_text

_LONGEST = 256  # longer text is no category
_MAYBE_FEW = 2 * MAX_CATEGORIES  # an approximate count up to this may be MAX_CATEGORIES in truth
_MOSTLY_DISTINCT = 0.5  # above this share of distinct values a text identifies rather than classifies


_Count = tuple[Any, Any, int]


@dataclass(frozen=True, slots=True)
class _Branch:
    """One column to group: by bins where it has edges, else by value."""

    spec: ColumnSpec
    edges: tuple[float, ...] | None = None


def with_distributions(
    session: Session,
    window: str,
    specs: Sequence[ColumnSpec],
    profiles: Mapping[str, ColumnProfile],
    edges: Mapping[str, tuple[float, ...]],
    *,
    bins: int,
    k: int,
) -> dict[str, ColumnProfile]:
    """The profiles with histograms and categories.

    A value that fewer than ``k`` rows share is counted under ``other`` where the column is personal
    or has more than :data:`MAX_CATEGORIES` values: such values point at people.

    Raises:
        StatementFailed: the engine cannot group the columns.
    """
    done = dict(profiles)
    binned = []
    for spec in specs:
        profile = done[spec.name]
        if spec.kind == "number" and profile.histogram is None:
            chosen = edges.get(spec.name) or _edges_of(profile, bins)
            binned += [_Branch(spec, chosen)] if chosen else []
    if session.dialect == "duckdb" and binned:
        done |= _histograms(session, window, binned, done)
        binned = []
    branches = [*binned, *(_Branch(spec) for spec in specs if _has_categories(spec, done[spec.name]))]
    for branch, found in zip(branches, _counted(session, window, branches), strict=True):
        profile = done[branch.spec.name]
        if branch.edges:
            counts = {int(value): count for _, value, count in found}
            done[profile.name] = replace(profile, histogram=histogram_from_bins(counts, branch.edges))
        else:
            done[profile.name] = _with_categories(branch.spec, profile, found, k)
    return done


def _edges_of(profile: ColumnProfile, bins: int) -> tuple[float, ...] | None:
    """Edges of the column's own, where it has a finite value."""
    low, high = profile.minimum, profile.maximum
    if not isinstance(low, float) or not isinstance(high, float):
        return None
    return own_edges(low, high, bins)


def _has_categories(spec: ColumnSpec, profile: ColumnProfile) -> bool:
    distinct = profile.distinct
    if not profile.present or distinct is None or spec.kind not in ("category", "number"):
        return False
    if distinct <= _MAYBE_FEW:
        return spec.kind == "category" or not spec.personal
    return spec.kind == "category" and distinct <= _MOSTLY_DISTINCT * profile.present


def _histograms(
    session: Session, window: str, branches: Sequence[_Branch], profiles: Mapping[str, ColumnProfile]
) -> dict[str, ColumnProfile]:
    calls = []
    for branch in branches:
        value = branch.spec.double
        if branch.spec.floating:
            value = sql.when(sql.not_nan(value, session.dialect), value)
        calls.append(histogram_call(value, branch.edges or ()))
    body = sql.render(sql.select(calls, sql.window_name()), session.dialect)
    row = session.rows(sql.over_window(window, body))[0]
    return {
        branch.spec.name: replace(
            profiles[branch.spec.name], histogram=histogram_from_call(found, branch.edges or ())
        )
        for branch, found in zip(branches, row, strict=True)
    }


def _counted(session: Session, window: str, branches: Sequence[_Branch]) -> list[list[_Count]]:
    """For each branch its rows of (text, number, count)."""
    found: list[list[_Count]] = [[] for _ in branches]
    if branches and session.dialect == "spark":
        whole = sum(branch.edges is not None for branch in branches)  # they come first
        pairs = [_pair(branch, session.dialect) for branch in branches]
        select = value_counts(pairs, whole=whole, most=MAX_CATEGORIES + 1, longest=_LONGEST)
        for number, text, value, count in session.rows(
            sql.over_window(window, sql.render(select, session.dialect))
        ):
            found[int(number)].append((text, value, int(count)))
    elif branches:
        selects = [_select(branch, number, session.dialect) for number, branch in enumerate(branches)]
        body = " UNION ALL ".join(sql.render(select, session.dialect) for select in selects)
        for number, text, value, count in session.rows(sql.over_window(window, body)):
            found[int(number)].append((text, value, int(count)))
    return found


def _pair(branch: _Branch, dialect: str) -> tuple[exp.Expression, exp.Expression]:
    """Text and number by which a row is counted, of which one is null."""
    spec = branch.spec
    if spec.kind == "category":
        return spec.value, exp.Null()
    known = sql.not_nan(spec.double, dialect) if spec.floating else sql.present(spec.double)
    return exp.Null(), sql.when(known, bin_of(spec.double, branch.edges) if branch.edges else spec.double)


def _select(branch: _Branch, number: int, dialect: str) -> exp.Expression:
    spec = branch.spec
    value = spec.double if spec.kind == "number" else spec.value
    keyed = sql.select(
        [sql.labelled(bin_of(value, branch.edges) if branch.edges else value, "k")], sql.window_name()
    ).where(sql.not_nan(value, dialect) if spec.floating else sql.present(value), copy=False)
    counted = (
        sql.select([sql.own("k"), sql.labelled(sql.count(), "n")], keyed.subquery("keyed", copy=False))
        .group_by(sql.own("k"), copy=False)
        .order_by(exp.Ordered(this=sql.own("n"), desc=True, nulls_first=False), copy=False)
    )
    if not branch.edges:
        counted = counted.limit(MAX_CATEGORIES + 1, copy=False)
    short = sql.at_most(exp.Length(this=sql.own("k")), sql.number(_LONGEST))
    text = sql.when(short, sql.own("k")) if spec.kind == "category" else exp.Null()
    amount = exp.Null() if spec.kind == "category" else sql.own("k")
    return sql.select(
        [sql.number(number), sql.cast(text, sql.TEXT), sql.cast(amount, sql.DOUBLE), sql.own("n")],
        counted.subquery("counted", copy=False),
    )


def _with_categories(spec: ColumnSpec, profile: ColumnProfile, found: list[_Count], k: int) -> ColumnProfile:
    """Keep what may be kept of the most frequent values; the rest is ``other``."""
    few = len(found) <= MAX_CATEGORIES
    if spec.kind == "number" and not few:
        return replace(profile, distinct=max(profile.distinct or 0, len(found)))
    kept: dict[str, int] = {}
    for text, value, count in sorted(found, key=lambda row: (-row[2], str(row[0]))):
        label = as_text(value if spec.kind == "number" else text)
        if label is not None and len(kept) < MAX_CATEGORIES and (count >= k or (few and not spec.personal)):
            kept[label] = kept.get(label, 0) + count
    distinct = len(found) if few else max(profile.distinct or 0, len(found))
    return replace(profile, categories=kept, other=profile.present - sum(kept.values()), distinct=distinct)
