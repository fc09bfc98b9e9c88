"""What a drift measurement says, in sentences for the people who own the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from governance_pipeline.indicators.statistics.bins import MISSING, PairedBins
from governance_pipeline.indicators.statistics.comparison import MINIMUM_GROUP, Comparison
from governance_pipeline.indicators.statistics.words import apart, day, number
from governance_pipeline.indicators.wording import counted, listed, percent
from governance_pipeline.vocabulary.outcome import Threshold

KINDS = {
    "number": "numbers",
    "category": "text",
    "boolean": "yes/no values",
    "time": "dates",
    "other": "values of another type",
}
ALMOST_ALL, MOST = 0.95, 0.8
NAMED = 3
"""Values that a sentence names; more of them explain nothing."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What the sentence is about.

    Attributes:
        models: titles of the models that read the column.
        since: first day of the rows compared, None for all rows.
    """

    column: str
    models: tuple[str, ...]
    since: date | None

    @property
    def values(self) -> str:
        """``The values of debt_ratio since 3 March``."""
        return f"The values of {self.column}{self.from_day}"

    @property
    def from_day(self) -> str:
        return f" since {day(self.since)}" if self.since else ""

    @property
    def learned(self) -> str:
        """``those Mortgage approval was trained on``."""
        return f"those {listed(self.models)} {'was' if len(self.models) == 1 else 'were'} trained on"


def differs(subject: Subject, found: Comparison, threshold: Threshold) -> str:
    """For a warning or a failure."""
    moved, where = _moved(found), carried(found.bins)
    what = f"{subject.values} differ from {subject.learned}"
    how = f"{what}: {moved}" if moved else what
    facts = f"{how} ({_index(found)}, {_limit(threshold)})"
    return f"{facts}; {where}." if where else f"{facts}."


def may_differ(subject: Subject, found: Comparison, threshold: Threshold) -> str:
    """For a pass whose index lies above a bound, but not certainly."""
    low, high = number(found.effect.low, 2), number(found.effect.high, 2)
    rows = counted(sum(found.bins.current), "row")
    return (
        f"{subject.values} may differ from {subject.learned}, but with {rows} this can be chance "
        f"({_index(found)}, between {low} and {high} with 95 % confidence, {_limit(threshold)})."
    )


def alike(subject: Subject, found: Comparison, threshold: Threshold) -> str:
    """For a plain pass."""
    return f"{subject.values} are like {subject.learned} ({_index(found)}, {_limit(threshold)})."


def by_chance(column: str, value: float, compared: int) -> str:
    """For a difference that the night's false-discovery control does not accept."""
    return (
        f"The values of {column} look different from the training data (population stability index "
        f"{number(value, 2)}), but among {counted(compared, 'column')} compared this night a difference like "
        "this is expected by chance, so it does not count."
    )


def since(sentence: str, began: date, night: date, *, earliest: bool) -> str:
    """The sentence of a drift with the day it began; unchanged where that is tonight."""
    if began >= night:
        return sentence
    return f"{sentence.rstrip('.')}; it began {'before' if earliest else 'on'} {day(began)}."


def too_few_clusters(subject: Subject, cluster: str) -> str:
    return (
        f"The values of {subject.column} cannot be compared: the rows belong together by {cluster}, and "
        "there are too few of these to say how much they differ from one another by chance."
    )


def not_by_cluster(subject: Subject, cluster: str, why: str) -> str:
    return (
        f"The values of {subject.column} cannot be compared: the rows belong together by {cluster}, and "
        f"they could not be counted by it{f': {why}' if why else ''}."
    )


def type_changed(subject: Subject, then: str, now: str) -> str:
    return (
        f"{subject.column} held {KINDS[then]} when {listed(subject.models)} learned from it and holds "
        f"{KINDS[now]}{subject.from_day}: they can neither be compared nor be read as they were then."
    )


def gone(subject: Subject) -> str:
    return f"The column {subject.column}, an input of {listed(subject.models)}, is not in the table any more."


def not_counted(subject: Subject, why: str) -> str:
    reason = f" ({why})" if why else ""
    return (
        f"The values of {subject.column} could not be counted this night{reason}, so nothing is known about "
        "them."
    )


def no_baseline(subject: Subject, kept_as: str) -> str:
    return (
        f"{subject.column} cannot be compared: the training data of {listed(subject.models)} has no column "
        f"{kept_as}, so it is not known what the values looked like then."
    )


def too_few(subject: Subject, now: int, then: int, needed: int) -> str:
    if now < needed:
        return (
            f"{subject.column} has {counted(now, 'row')}{subject.from_day}; {needed:,} are needed to compare "
            "it with the training data."
        )
    return (
        f"The training data has only {counted(then, 'row')} of {subject.column}; {needed:,} are needed to "
        "compare with it."
    )


def other_ranges(subject: Subject) -> str:
    return (
        f"{subject.column} was counted in other ranges this night than in the training data, so the two "
        "cannot be compared yet."
    )


def presence_only(subject: Subject) -> str:
    return (
        f"Of {subject.column} only the share of missing values can be compared, and it has not changed "
        "much; whether the values themselves changed is not known."
    )


def _index(found: Comparison) -> str:
    return f"population stability index {number(found.effect.value, 2)}"


def _limit(threshold: Threshold) -> str:
    if threshold.fail is None:
        return "no limit set" if threshold.warn is None else f"warning from {number(threshold.warn)}"
    return f"limit {number(threshold.fail)}"


def _moved(found: Comparison) -> str:
    """``the average moved from 0.33 to 33.1`` and what became of missing values, where they moved."""
    parts = []
    if found.mean_moved and found.mean_then is not None and found.mean_now is not None:
        before, after = apart(found.mean_then, found.mean_now)
        parts.append(f"the average moved from {before} to {after}")
    if abs(found.missing_now - found.missing_then) >= 0.01:  # noqa: PLR2004  one row in a hundred
        parts.append(
            f"the share without a value went from {percent(found.missing_then)} to "
            f"{percent(found.missing_now)}"
        )
    return " and ".join(parts)


def carried(bins: PairedBins) -> str:
    """Where the rows went: the bins that gained, the largest gain first, and how much of all that was gained
    they hold; "" where it is spread over many.
    """
    then, now = sum(bins.reference), sum(bins.current)
    gains = [
        max(0.0, after / now - before / then)
        for before, after in zip(bins.reference, bins.current, strict=True)
    ]
    total = sum(gains)
    if total == 0:
        return ""
    runs = [_fewest(gains, MOST * total)] if bins.ordered else [(place, 1) for place in _largest(gains)]
    held = sum(sum(gains[place : place + length]) for place, length in runs) / total
    if held < MOST or any(
        sum(bins.current[place : place + length]) < MINIMUM_GROUP for place, length in runs
    ):
        return ""
    amount = "almost all" if held >= ALMOST_ALL else "most"
    named = ", then ".join(_joined(bins.labels[place : place + length]) for place, length in runs)
    return f"{amount} of it is {named}"


def _largest(gains: Sequence[float]) -> list[int]:
    """The fewest bins that hold most of the gains, the largest first; at most three."""
    order = sorted(range(len(gains)), key=lambda place: -gains[place])
    enough = next(
        count
        for count in range(1, len(order) + 1)
        if sum(gains[place] for place in order[:count]) >= MOST * sum(gains)
    )
    return order[: min(enough, NAMED)]


def _fewest(gains: Sequence[float], wanted: float) -> tuple[int, int]:
    """(start, length) of the shortest run of bins that holds ``wanted``; missing values only alone."""
    ordered = len(gains) - 1
    if gains[-1] >= wanted:
        return ordered, 1
    for length in range(1, ordered + 1):
        best = max(range(ordered - length + 1), key=lambda start: sum(gains[start : start + length]))
        if sum(gains[best : best + length]) >= wanted:
            return best, length
    return 0, ordered


def _joined(labels: Sequence[str]) -> str:
    """One label for a run of neighbouring bins: ``values from 0.4 to 0.7``, ``values above 0.6``."""
    first, last = labels[0], labels[-1]
    if len(labels) == 1:
        return "missing values" if first == MISSING else first
    starts_below, ends_above = first.startswith("values below"), last.startswith("values above")
    low = first.removeprefix("values from ").split(" to ")[0]
    high = last.rsplit(" to ", 1)[-1]
    if starts_below and ends_above:
        return "spread over all values"
    if starts_below:
        return f"values below {high}"
    return f"values above {low}" if ends_above else f"values from {low} to {high}"
