"""What is to be counted across the columns of one training snapshot, and where the other columns are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from governance_pipeline.charter.contract import Contract
from governance_pipeline.profiles.cross_table import TargetKind
from governance_pipeline.profiles.profile import ColumnProfile, Histogram

MOST_VALUES = 20
"""More different numbers than this are crossed by range, not by value."""

MOST_APART = 64
"""A feature with more different numbers is cut into parts."""

LABEL_RANGES = 5


@dataclass(frozen=True, slots=True)
class CrossFeature:
    """A column of the snapshot; ``edges`` are those of a number, None counts it by value."""

    name: str
    edges: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class CrossTarget:
    """What features may give away.

    Attributes:
        source: the dataset that holds ``column``, joined by the person's key; None for the snapshot.
        edges: ranges in which a number is counted; empty for its values.
    """

    name: str
    kind: TargetKind
    column: str
    source: Contract | None = None
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class LatePlan:
    """Features and when they were stamped: in a column of the snapshot, or in the view's event time."""

    feature: str
    time: str | None = None
    view: Contract | None = None


@dataclass(frozen=True, slots=True)
class CrossPlan:
    """One count over one training snapshot.

    Attributes:
        contract: the snapshot's.
        key: the columns by whose hash rows are dealt into folds: all rows of a person into the same.
        label_time: the snapshot's column with the moment the label became known.
        evaluation: the dataset that the model is judged on, and the columns to compare rows by.
    """

    contract: Contract
    night: date
    key: tuple[str, ...]
    features: tuple[CrossFeature, ...]
    targets: tuple[CrossTarget, ...] = ()
    late: tuple[LatePlan, ...] = ()
    label_time: str | None = None
    evaluation: Contract | None = None
    evaluation_keys: tuple[str, ...] = ()


def fold_key(contract: Contract) -> tuple[str, ...]:
    """The person's key, else the primary key; empty where the contract names neither."""
    return (contract.subject_key,) if contract.subject_key else contract.primary_key


def feature_edges(column: ColumnProfile, bins: int) -> tuple[float, ...] | None:
    """How a feature is cut: a number with few values at each of them, any other number into about
    ``bins`` parts with as many rows each; None for what is counted by value.
    """
    if column.kind != "number":
        return None
    values = _all_values(column)
    if values:
        return (*values, math.nextafter(values[-1], math.inf))
    return even_edges(column.histogram, bins) if column.histogram else (0.0, 1.0)


def label_edges(column: ColumnProfile | None) -> tuple[float, ...]:
    """Ranges for a label that is an amount rather than a class; empty for a class."""
    if column is None or column.kind != "number" or column.histogram is None:
        return ()
    few = _all_values(column)
    return () if few and len(few) <= MOST_VALUES else even_edges(column.histogram, LABEL_RANGES)


def even_edges(histogram: Histogram, bins: int) -> tuple[float, ...]:
    """Some of the histogram's own edges, so that about as many rows lie between each two."""
    edges = tuple(histogram.edges)
    share = max(1, histogram.total) / bins
    chosen = [edges[0]]
    held = 0
    for (_, high), count in zip(pairwise(edges), histogram.counts, strict=True):
        held += count
        if held >= share:
            chosen.append(high)
            held = 0
    if held or len(chosen) == 1:
        chosen.append(edges[-1])
    return tuple(chosen)


def _all_values(column: ColumnProfile) -> list[float]:
    """Every value of the number, where the profile lists them all and they are few; else none."""
    if not 0 < len(column.categories) <= MOST_APART or not column.complete:
        return []
    values = sorted(float(value) for value in column.categories)
    return values if all(map(math.isfinite, values)) else []


def unasked(columns: Mapping[str, ColumnProfile], names: Sequence[str]) -> dict[str, str]:
    """The features that cannot be crossed, with the reason."""
    found = {}
    for name in names:
        column = columns.get(name)
        if column is None:
            found[name] = f"the column '{name}' could not be profiled"
        elif column.kind in ("time", "other"):
            found[name] = f"'{name}' is of type {column.engine_type}, which is not counted by value"
    return found
