"""What one feature gives away of another column: which value it tells best, how well, and by which bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from governance_pipeline.indicators.disclosure import part_of
from governance_pipeline.indicators.statistics.association import Association, association, contributions
from governance_pipeline.indicators.statistics.intervals import CONFIDENCE
from governance_pipeline.indicators.statistics.separation import Separation, separation
from governance_pipeline.indicators.statistics.words import number, ranges
from governance_pipeline.indicators.wording import percent
from governance_pipeline.profiles.cross_table import MISSING, OTHER, CrossTable

SHOWN = 8
"""Bins named in the details; the rest carry little."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """One bin and its part in what is given away.

    Attributes:
        share: of all rows in this bin.
        inside: of its rows, those of the value that is told best, in words that give nobody away.
        part: of the mutual information, what this bin adds.
    """

    label: str
    share: float
    inside: str
    part: float

    def as_details(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "share": round(self.share, 4),
            "inside": self.inside,
            "part": round(self.part, 4),
        }


@dataclass(frozen=True, slots=True)
class Giveaway:
    """One feature by one target.

    Attributes:
        value: the target's value that is told best, in words.
        best: how well it is told from all others.
        separations: every value's area that could be measured.
        whole: the share of the uncertainty about the target that is removed.
        base: the value's share of all rows.
        carriers: the bins, the largest part first.
    """

    value: str
    best: Separation
    separations: dict[str, float]
    whole: Association
    base: float
    carriers: tuple[Carrier, ...]

    def details(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "values": {name: round(auc, 4) for name, auc in self.separations.items()},
            "inside": self.best.inside,
            "outside": self.best.outside,
            "base": round(self.base, 4),
            "information_share": round(self.whole.share, 6),
            "information_interval": [round(end, 6) for end in self.whole.interval],
            "information_nats": round(self.whole.information, 6),
            "bins": [carrier.as_details() for carrier in self.carriers],
        }


def giveaway(table: CrossTable, least: int, k: int) -> Giveaway | None:
    """What ``table``'s feature tells of its target; None where no value has ``least`` rows in and out.

    Rows whose target is not recorded are left out. As the best of several values is taken, the interval
    of each is made wider (Bonferroni). Of two values one says all.

    Args:
        k: smaller groups are not shown.
    """
    known = [place for place, value in enumerate(table.levels) if value is not None]
    folds = [[[row[place] for place in known] for row in fold] for fold in table.counts]
    sizes = [sum(row[place] for fold in folds for row in fold) for place in range(len(known))]
    total = sum(sizes)
    names = value_names(table)
    fit = [
        place
        for place, size in enumerate(sizes)
        if least <= size <= total - least and table.levels[known[place]] != OTHER
    ]
    if len([size for size in sizes if size]) == len("ab"):
        fit = fit[-1:]
    found: list[tuple[int, Separation]] = []
    for place in fit:
        inside = [[row[place] for row in fold] for fold in folds]
        outside = [[sum(row) - row[place] for row in fold] for fold in folds]
        told = separation(inside, outside, 1 - (1 - CONFIDENCE) / len(fit))
        if told is not None:
            found.append((place, told))
    pooled = [[sum(cells) for cells in zip(*rows, strict=True)] for rows in zip(*folds, strict=True)]
    whole = association(pooled)
    if not found or whole is None:
        return None
    place, best = max(found, key=lambda one: (one[1].auc, -one[0]))
    return Giveaway(
        value=names[known[place]],
        best=best,
        separations={names[known[at]]: told.auc for at, told in found},
        whole=whole,
        base=best.inside / total,
        carriers=_carriers(table, pooled, place, k),
    )


def _carriers(table: CrossTable, pooled: Sequence[Sequence[int]], place: int, k: int) -> tuple[Carrier, ...]:
    parts = contributions(pooled)
    everything, total = sum(parts), sum(sum(row) for row in pooled)
    found = []
    for label, row, part in zip(bin_names(table), pooled, parts, strict=True):
        rows, inside = sum(row), row[place]
        if rows < max(1, k):
            continue
        told = part_of(inside, rows, k)
        words = told if isinstance(told, str) else percent(inside / rows)
        share = part / everything if everything > 0 else 0.0
        found.append(Carrier(label, rows / total, words, share))
    return tuple(sorted(found, key=lambda one: -one.part)[:SHOWN])


def bin_names(table: CrossTable) -> list[str]:
    """The feature's bins in words, in the order of its counts."""
    if not table.edges:
        return [*(f"'{name}'" for name in table.bins), OTHER, MISSING]
    edges = table.edges
    if len(edges) > 1 and edges[-1] == math.nextafter(edges[-2], math.inf):  # one bin for each value
        few = edges[:-1]
        between = [f"the value {number(low, 6)}" for low in few]
        return [f"values below {number(few[0])}", *between, f"values above {number(few[-1])}", MISSING]
    return [*ranges(edges), MISSING]


def value_names(table: CrossTable) -> list[str]:
    """The target's values in words, in the order of its counts."""
    edges = table.level_edges
    if not edges:
        return ["not recorded" if value is None else value for value in table.levels]
    words = ranges(edges)
    return ["not recorded" if value is None else words[int(value) + 1] for value in table.levels]
