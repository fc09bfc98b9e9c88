"""Fairness rates, computed on counts.

Equal to fairlearn's on the raw rows, but for one thing: fairlearn prints 0 as the true positive rate of a
group without positives, and as the false positive rate of one without negatives, which makes a false
equalized-odds gap of 1.0. Here there is no rate where nobody meets the condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from governance_pipeline.indicators.statistics.groups import METRICS, Metric, Tally

Key = TypeVar("Key")
Rates = Mapping[Metric, float | None]


def fairness_rates(tallies: Mapping[Key, Tally]) -> dict[Key, dict[Metric, float | None]]:
    """All four rates of every group; None where undefined."""
    return {
        key: {metric: _rate(*tally.share(metric)) for metric in METRICS} for key, tally in tallies.items()
    }


def _rate(count: int, of: int) -> float | None:
    return count / of if of else None


def summary(rates: Iterable[Rates]) -> dict[str, float | None]:
    """Fairness over all groups at once, as fairlearn has it: largest less smallest rate, and
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
