"""How well predictions did, from counts and sums of known outcomes: each figure with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from governance_pipeline.charter.model import Figure
from governance_pipeline.indicators.statistics.auc import Counts, auc
from governance_pipeline.indicators.statistics.intervals import CONFIDENCE, quantile, wilson
from governance_pipeline.profiles.profile import FINE_SCORE_BINS, ErrorCell, OutcomeCell

ERRORS: frozenset[Figure] = frozenset({"brier", "log_loss", "mae", "rmse"})
"""Figures of which low values are good, compared as parts of what was promised."""


@dataclass(frozen=True, slots=True)
class Live:
    """One figure.

    Attributes:
        n: the outcomes it rests on.
        rare: of the kinds of outcome that it speaks about, how many the rarer one has; it gives people
            away where that is small.
        blur: what binning of scores may hide; already in the interval.
    """

    figure: Figure
    value: float
    interval: tuple[float, float]
    n: int
    rare: int
    blur: float = 0.0


def of_classes(cells: Sequence[OutcomeCell]) -> Iterator[Live]:
    """Accuracy, precision, recall, specificity, F1; with scores AUC, Brier score and log loss.

    A figure whose denominator is empty is left out.
    """
    yield from _of_decisions(cells)
    yield from _of_scores(cells)


def _of_decisions(cells: Sequence[OutcomeCell]) -> Iterator[Live]:
    counts = {
        (label, prediction): sum(
            cell.count for cell in cells if (cell.label, cell.prediction) == (label, prediction)
        )
        for label in (0, 1)
        for prediction in (0, 1)
    }
    right, wrong = counts[1, 1], counts[0, 1]
    missed, refused = counts[1, 0], counts[0, 0]
    shares: tuple[tuple[Figure, int, int], ...] = (
        ("accuracy", right + refused, sum(counts.values())),
        ("precision", right, right + wrong),
        ("recall", right, right + missed),
        ("specificity", refused, refused + wrong),
        # F1 = 2s / (1 + s) for the share s of right ones among all that were or should have been chosen.
        ("f1", right, right + wrong + missed),
    )
    rare = min(right + missed, refused + wrong)
    for figure, hits, n in shares:
        if n:
            share, (low, high) = hits / n, wilson(hits, n)
            if figure == "f1":
                share, low, high = (2 * s / (1 + s) for s in (share, low, high))
            yield Live(figure, share, (low, high), n, rare)


def _of_scores(cells: Sequence[OutcomeCell]) -> Iterator[Live]:
    scored = [cell for cell in cells if cell.bin is not None]
    sides = np.zeros((2, FINE_SCORE_BINS + 2))
    for cell in scored:
        sides[cell.label, (cell.bin or 0) + 1] += cell.count
    unfavourable, favourable = sides
    rare = int(min(favourable.sum(), unfavourable.sum()))
    n = int(sides.sum())
    area = auc(favourable, unfavourable)
    if area is not None:
        yield Live("auc", area.value, area.interval, n, rare, area.blur)
    if not scored or sides[:, 0].any() or sides[:, -1].any():
        return  # a score outside [0, 1] is no probability, so there is no distance from it
    sizes = np.array([cell.count for cell in scored], dtype=float)
    squares = [cell.label * (cell.count - 2 * cell.total) + cell.squares for cell in scored]
    losses = [cell.loss for cell in scored]
    measured: tuple[tuple[Figure, Sequence[float]], ...] = (("brier", squares), ("log_loss", losses))
    for figure, sums in measured:
        mean, reach = _mean(np.array(sums), sizes)
        yield Live(figure, mean, (max(0.0, mean - reach), mean + reach), n, rare)


def _mean(sums: Counts, sizes: Counts) -> tuple[float, float]:
    """The mean and how far its 95 % interval reaches; values within one cell count as equal."""
    n = sizes.sum()
    mean = sums.sum() / n
    variance = (sizes * (sums / sizes - mean) ** 2).sum() / max(1.0, n - 1)
    return float(mean), quantile(CONFIDENCE) * math.sqrt(variance / n)


def of_numbers(cells: Iterable[ErrorCell]) -> Iterator[Live]:
    """Mean absolute error and root mean squared error."""
    parts = list(cells)
    n = sum(cell.count for cell in parts)
    if n < 2:  # noqa: PLR2004 - one error has no spread
        return
    z = quantile(CONFIDENCE)
    absolute, squares, fourths = (
        math.fsum(getattr(cell, name) for cell in parts) / n for name in ("absolute", "squares", "fourths")
    )
    reach = z * math.sqrt(max(0.0, squares - absolute**2) / (n - 1))
    yield Live("mae", absolute, (max(0.0, absolute - reach), absolute + reach), n, n)
    reach = z * math.sqrt(max(0.0, fourths - squares**2) / (n - 1))
    low, high = max(0.0, squares - reach), squares + reach
    yield Live("rmse", math.sqrt(squares), (math.sqrt(low), math.sqrt(high)), n, n)
