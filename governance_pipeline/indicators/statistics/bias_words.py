"""What a bias measurement says, in sentences for the people who answer for the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from governance_pipeline.charter.model_policies import FairnessMetric
from governance_pipeline.indicators.statistics.calibration import CalibrationGap
from governance_pipeline.indicators.statistics.gaps import Found, Gap, OddsGap
from governance_pipeline.indicators.statistics.groups import Group, Metric
from governance_pipeline.indicators.statistics.strata import WithinStrata
from governance_pipeline.indicators.statistics.words import day, points
from governance_pipeline.indicators.wording import counted, listed, percent
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

_PHRASES: Mapping[str, str] = {
    "selection_rate": "{rate} of the decisions for {group} were favourable, against {other} for {reference}",
    "true_positive_rate": (
        "of those whose outcome turned out favourable, {rate} had been given a favourable decision "
        "for {group}, against {other} for {reference}"
    ),
    "false_positive_rate": (
        "of those whose outcome turned out unfavourable, {rate} had been given a favourable decision "
        "for {group}, against {other} for {reference}"
    ),
    "precision": (
        "of the favourable decisions, {rate} turned out right for {group}, against {other} for {reference}"
    ),
}
_OF_WHAT: dict[Metric, str] = {
    "selection_rate": "decisions",
    "true_positive_rate": "decisions with a known favourable outcome",
    "false_positive_rate": "decisions with a known unfavourable outcome",
    "precision": "favourable decisions with a known outcome",
}
_OF_WHAT_DERIVED: Mapping[str, str] = {
    "equalized_odds": "decisions with a known favourable, or with a known unfavourable outcome,",
    "calibration": "scored decisions with a known outcome",
}


def group_name(titles: Sequence[str], group: Group) -> str:
    """``race 'black' and sex 'female'``."""
    return listed([f"{title} '{value}'" for title, value in zip(titles, group, strict=True)])


def window(days: int | None, night: date) -> str:
    """``In the 28 days up to 4 March``; ``days`` is None where the decisions carry no date."""
    if days is None:
        return "In all decisions on record"
    return f"On {day(night)}" if days == 1 else f"In the {days} days up to {day(night)}"


def held_out(version: str) -> str:
    """The rows in words."""
    return f"On the training data that version {version} had not learned from"


def comparison(when: str, metric: FairnessMetric, names: tuple[str, str], found: Found, verdict: str) -> str:
    """The comparison of one group with the reference group: what was found, how sure, and the verdict."""
    low, high = points(found.interval[0]), points(found.interval[1])
    interval = f"(95 % interval {low} to {high})"
    size = points(found.size)
    match found:
        case Gap():
            told = _PHRASES[metric].format(
                group=names[0],
                reference=names[1],
                rate=percent(found.rate),
                other=percent(found.reference_rate),
            )
            gap = f"a gap of {size} percentage points {interval}"
            if found.ratio_interval is not None:
                gap = f"the smaller rate is {size} % below the larger one {interval}"
            return f"{when}, {told}: {gap}, {verdict}."
        case CalibrationGap():
            told = (
                f"{percent(found.group.observed)} of outcomes for {names[0]} turned out favourable where "
                f"scores said {percent(found.group.predicted)}, and {percent(found.reference.observed)} "
                f"where they said {percent(found.reference.predicted)} for {names[1]}"
            )
            return f"{when}, {told}: a gap in calibration of {size} percentage points {interval}, {verdict}."
        case _:
            told = f"decisions erred unlike for {names[0]} and for {names[1]}"
            return (
                f"{when}, {told}: the larger of the gaps in true and false positive rate is {size} "
                f"{'%' if by_ratio(found) else 'percentage points'} {interval}, {verdict}."
            )


def by_ratio(found: Found) -> bool:
    """Whether equalized odds were compared by ratio."""
    return isinstance(found, OddsGap) and found.true_positive.ratio_interval is not None


def reverses(sentence: str, column: str, names: tuple[str, str], within: WithinStrata) -> str:
    """The sentence of a gap that turns round within strata."""
    low, high = points(within.interval[0]), points(within.interval[1])
    more = "above" if within.difference > 0 else "below"
    return (
        f"{sentence.rstrip('.')}. Within the same {column} it is the other way round: there the rate for "
        f"{names[0]} is on average {points(abs(within.difference))} percentage points {more} that for "
        f"{names[1]} (95 % interval of the difference {low} to {high}), and the sign differs in "
        f"{len(within.against)} of {within.compared}; the groups are spread unlike over {column}."
    )


def verdict(outcome: Outcome, value: float, threshold: Threshold | None) -> str:
    """What the gap means under the bounds; no threshold means that the rate does not gate."""
    if threshold is None:
        return "shown for information, no limit applies"
    fail = None if threshold.fail is None else points(threshold.fail)
    warn = None if threshold.warn is None else points(threshold.warn)
    if outcome is Outcome.FAIL:
        return f"above the limit of {fail} even at its smallest"
    if outcome is Outcome.WARN:
        limit = f", the limit is {fail}" if fail else ""
        return f"above {warn}, from where a warning is due{limit}"
    if threshold.judge(value) is not Outcome.PASS:
        return f"which may be above {warn or fail} by chance alone"
    return f"within the limit of {fail or warn}" if fail or warn else "no limit is set"


def by_chance(sentence: str, family: int) -> str:
    """The sentence of a breach that the family-wise control does not accept."""
    return (
        f"{sentence.rstrip('.')}; among {counted(family, 'comparison')} of this model a gap like this is "
        "expected by chance, so it does not count."
    )


def too_few(metric: Metric, names: tuple[str, str], known: tuple[str, str], needed: int) -> str:
    return (
        f"There are too few {_OF_WHAT[metric]} to compare {names[0]} ({known[0]}) with {names[1]} "
        f"({known[1]}): {needed} of each are needed."
    )


def too_few_derived(metric: FairnessMetric, names: tuple[str, str], needed: int) -> str:
    return (
        f"There are too few {_OF_WHAT_DERIVED[metric]} to compare {names[0]} with {names[1]}: {needed} of "
        "each are needed."
    )


def too_small(titles: Sequence[str], groups: int) -> str:
    """For groups that are not shown."""
    return (
        f"{counted(groups, 'group')} by {listed(titles)} {'is' if groups == 1 else 'are'} too small to be "
        "compared without pointing at people, so nothing is shown for "
        f"{'it' if groups == 1 else 'them'}."
    )


def small_reference(reference: str, needed: int) -> str:
    return (
        f"There are too few decisions for {reference}, the group that others are compared with: "
        f"{needed} are needed."
    )


def no_reference(reference: str) -> str:
    return (
        f"No decision was made for {reference}, the group that others are compared with, so no group can "
        "be compared; check its spelling in the model's file."
    )


def one_group(when: str, reference: str) -> str:
    return f"{when} all decisions were for {reference}, so there is no group to compare with it."


def no_decisions(when: str) -> str:
    return f"{when} no decision was logged, so groups cannot be compared."


def without_decision(when: str, without: int | str, rows: int) -> str:
    told = f"{without:,} of {rows:,}" if isinstance(without, int) else without
    return (
        f"{when} {told} logged rows hold no decision: it is empty or not a number. They are in no"
        " comparison, so nobody can say how these people were treated."
    )


def no_outcomes(metric: Metric) -> str:
    return f"There are no {_OF_WHAT[metric]}, so groups cannot be compared by them yet."


def no_attribute(column: str) -> str:
    return f"The decisions were not counted by {column} this night, so its groups cannot be compared."


def no_predictions(model: str) -> str:
    return (
        f"Nobody can say whether {model} treats groups alike: its file does not name where its decisions "
        "are kept."
    )


def not_read(dataset: str) -> str:
    return (
        f"The decisions in {dataset} could not be counted by group this night, so groups cannot be compared."
    )


def no_sensitive(model: str) -> str:
    return (
        f"Nobody can say whether {model} treats groups alike: its file names no attribute, such as sex or "
        "age, to compare groups by."
    )
