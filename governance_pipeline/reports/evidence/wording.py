"""Words that the pages of a pack share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from governance_pipeline.indicators.wording import calendar_date, counted, number, percent
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

OUTCOMES = {
    Outcome.PASS: "holds",
    Outcome.WARN: "warning",
    Outcome.FAIL: "does not hold",
    Outcome.INSUFFICIENT: "not enough evidence",
    Outcome.NOT_RUN: "could not be measured",
}
_COUNTED = {
    Outcome.PASS: ("holds", "hold"),
    Outcome.WARN: ("warns", "warn"),
    Outcome.FAIL: ("does not hold", "do not hold"),
    Outcome.INSUFFICIENT: ("lacks evidence", "lack evidence"),
    Outcome.NOT_RUN: ("could not be measured", "could not be measured"),
}
_HUNDRED = 100
_BARE = frozenset({"PSI", "AUC"})


def instant(at: datetime) -> str:
    """``27 November 2026, 07:00 UTC``."""
    return f"{calendar_date(at)}, {at:%H:%M} UTC"


def spaced(word: str) -> str:
    """A name of ours as people write it: ``prediction drift``."""
    return word.replace("_", " ")


def opened(text: str) -> str:
    """With a capital letter."""
    return text[:1].upper() + text[1:]


def value(one: Measurement) -> str:
    """The number in its unit; "" where there is none."""
    if one.value is None:
        return ""
    unit = f" {one.unit}" if one.unit in _BARE else ""
    return f"{_in_unit(one.value, one.unit)}{unit}"


def interval(one: Measurement) -> str:
    """``1.9 % to 4.1 %``; "" where none is defined."""
    if one.interval is None or one.value is None:
        return ""
    low, high = one.interval
    return f"{_in_unit(low, one.unit)} to {_in_unit(high, one.unit)}"


def about(one: Measurement) -> str:
    """Which question it answers: ``bias: race=black, selection rate``."""
    facet = one.facet.replace("~", " and ").replace(":", ", ").replace("@", " of version ")
    return f"{opened(spaced(one.indicator))}{f': {spaced(facet)}' if facet else ''}"


def has_no_limit(one: Measurement) -> bool:
    """Whether a number of the model is shown for information: whatever it is, it would pass."""
    informs = one.indicator in ("bias", "performance", "calibration", "representation", "prediction_drift")
    return informs and one.outcome is Outcome.PASS and one.threshold is None


def word(one: Measurement) -> str:
    """The outcome, for people."""
    return "no limit applies" if has_no_limit(one) else OUTCOMES[one.outcome]


def tallied(found: Sequence[Measurement]) -> str:
    """``2 do not hold, 24 hold``, the worst first."""
    limited = [one.outcome for one in found if not has_no_limit(one)]
    told = [
        counted(limited.count(outcome), *_COUNTED[outcome])
        for outcome in sorted(set(limited), key=lambda outcome: -outcome.severity)
    ]
    free = len(found) - len(limited)
    told += [counted(free, "has no limit", "have no limit")] if free else []
    return ", ".join(told) or "nothing was measured"


def _in_unit(found: float, unit: str) -> str:
    """With more digits than reviewers' pages have: an auditor compares them with the parts for machines."""
    if unit in ("share", "per cent"):
        return percent(found if unit == "share" else found / _HUNDRED)
    rounded = round(found, 1) if abs(found) >= _HUNDRED else found
    return number(rounded) if unit in _BARE else f"{number(rounded)} {unit}".rstrip()
