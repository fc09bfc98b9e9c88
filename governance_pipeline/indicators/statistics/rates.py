"""Fairness rates by fairlearn, computed on counts.

fairlearn's ``sample_weight`` on the cells of a contingency gives exactly what the raw rows would give.
Its own true and false positive rates print 0 for a group without positives or negatives, which makes
a false equalized-odds gap of 1.0; here each rate is a conditional selection rate, and where nobody
meets the condition there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from governance_pipeline.indicators.statistics.groups import METRICS, Metric, Tally

Key = TypeVar("Key")
Rates = Mapping[Metric, float | None]
_Array = npt.NDArray[np.float64]


def fairness_rates(tallies: Mapping[Key, Tally]) -> dict[Key, dict[Metric, float | None]]:
    """All four rates of every group, in one call of fairlearn's MetricFrame; None where undefined."""
    if not tallies:
        return {}
    import pandas as pd
    from fairlearn.metrics import MetricFrame

    cells = [(place, *cell) for place, tally in enumerate(tallies.values()) for cell in _cells(tally)]
    group, outcome, known, decision, count = (np.asarray(part) for part in zip(*cells, strict=True))
    frame = MetricFrame(
        metrics=_rates_of_group,
        y_true=outcome,
        y_pred=decision,
        sensitive_features=pd.Series(group, name="group"),
        sample_params={"sample_weight": count.astype(float), "known": known.astype(float)},
    )
    return {key: frame.by_group[place] for place, key in enumerate(tallies)}


def _cells(tally: Tally) -> Iterable[tuple[int, int, int, int]]:
    """(outcome, whether it is known, decision, count)."""
    yield 1, 1, 1, tally.true_favourable
    yield 0, 1, 1, tally.false_favourable
    yield 0, 1, 0, tally.true_unfavourable
    yield 1, 1, 0, tally.false_unfavourable
    yield 0, 0, 1, tally.open_favourable
    yield 0, 0, 0, tally.open_unfavourable


def _rates_of_group(
    y_true: _Array, y_pred: _Array, *, sample_weight: _Array, known: _Array
) -> dict[Metric, float | None]:
    seen = np.asarray(sample_weight) * np.asarray(known)
    outcome, decision = np.asarray(y_true), np.asarray(y_pred)
    return {
        "selection_rate": _selected(decision, np.asarray(sample_weight)),
        "true_positive_rate": _selected(decision, seen * (outcome == 1)),
        "false_positive_rate": _selected(decision, seen * (outcome == 0)),
        "precision": _selected(outcome, seen * (decision == 1)),
    }


def _selected(chosen: Any, weight: Any) -> float | None:
    """The selection rate of ``chosen``; None where nobody counts (fairlearn divides 0 by 0)."""
    from fairlearn.metrics import selection_rate

    if weight.sum() == 0:
        return None
    return float(selection_rate(chosen, chosen, sample_weight=weight))


def summary(rates: Iterable[Rates]) -> dict[str, float | None]:
    """Fairness over all groups at once, as fairlearn defines it: largest less smallest rate, and
    smallest over largest; equalized odds take the worse of true and false positive rate.

    Groups without a rate do not count; with fewer than two there is nothing to compare: None.
    Source: Agarwal et al. (2018); Hardt, Price & Srebro (2016) for equalized odds and opportunity.
    """
    groups = list(rates)
    spread = {metric: _spread([group[metric] for group in groups]) for metric in METRICS}
    odds = [spread["true_positive_rate"], spread["false_positive_rate"]]
    differences = [found[0] for found in odds if found]
    ratios = [found[1] for found in odds if found]
    selection, opportunity = spread["selection_rate"], spread["true_positive_rate"]
    complete = len(differences) == len(odds)
    return {
        "demographic_parity_difference": selection[0] if selection else None,
        "demographic_parity_ratio": selection[1] if selection else None,
        "equal_opportunity_difference": opportunity[0] if opportunity else None,
        "equalized_odds_difference": max(differences) if complete else None,
        "equalized_odds_ratio": min(ratios) if complete else None,
    }


def _spread(rates: Iterable[float | None]) -> tuple[float, float] | None:
    known = [rate for rate in rates if rate is not None]
    if len(known) < 2:  # noqa: PLR2004  one group has nobody to differ from
        return None
    # Where the largest rate is 0 all are: nobody is favoured.
    return max(known) - min(known), min(known) / max(known) if max(known) else 1.0
