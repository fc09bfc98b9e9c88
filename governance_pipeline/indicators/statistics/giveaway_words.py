"""What a feature gives away, in sentences that a lawyer understands."""

from __future__ import annotations

from governance_pipeline.indicators.statistics.giveaway import Giveaway
from governance_pipeline.indicators.wording import listed, percent
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

_NAMED = 3
"""Bins named in a sentence."""

_ENOUGH = 0.1
"""A bin that carries less than a tenth is not worth a word."""


def of_hundred(auc: float) -> str:
    """``83 of 100``; two digits more where one would round to none or all."""
    text = f"{100 * auc:.0f}"
    if text == "100" and auc < 1:
        text = f"{100 * auc:.2f}"
    return f"{text} of 100"


def picks(value: str, title: str, found: Giveaway) -> str:
    """How well the feature names the right one of two."""
    low = of_hundred(found.best.interval[0]).removesuffix(" of 100")
    return (
        f"of one person for whom {title} is '{value}' and one for whom it is not, it names the right one in "
        f"{of_hundred(found.best.auc)} cases (50 is guessing; at least {low} with 95 % confidence)"
    )


def carried(found: Giveaway) -> str:
    """Which bins carry it, the largest part first; "" where none stands out."""
    told = [one for one in found.carriers if one.part >= _ENOUGH][:_NAMED]
    if not told:
        return ""
    parts = [f"{one.label} ({one.inside} of them)" for one in told]
    return f" Most of it lies in {listed(parts)}; of all rows '{found.value}' is {percent(found.base)}."


def bound(outcome: Outcome, threshold: Threshold) -> str:
    """The bound that was passed, or kept."""
    if outcome is Outcome.FAIL and threshold.fail is not None:
        return f"more than the {of_hundred(threshold.fail)} at which it fails"
    if outcome is Outcome.WARN and threshold.warn is not None:
        return f"more than the {of_hundred(threshold.warn)} at which a warning is given"
    limits = [limit for limit in (threshold.warn, threshold.fail) if limit is not None]
    return f"within the bound of {of_hundred(min(limits))}" if limits else "no bound is set"


def removed(found: Giveaway, title: str) -> str:
    """The share of the uncertainty that knowing the feature removes."""
    low, high = found.whole.interval
    return (
        f"knowing it removes {percent(found.whole.share)} of the uncertainty about {title} "
        f"({percent(low)} to {percent(high)})"
    )
