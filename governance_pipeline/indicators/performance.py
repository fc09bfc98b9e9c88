"""Performance: do predictions come out as well as the version promised, now that outcomes arrive?

Only outcomes that were recorded by the night count, by the day they arrived; how many decisions are still
open is said. Each figure that the version's registered metrics promise is a claim: it fails where the
interval of the live figure excludes the promise by more than the playbook tolerates. Figures that nobody
promised are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from governance_pipeline.charter.model import Figure, ModelSpec
from governance_pipeline.charter.model_policies import PerformancePolicy
from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.disclosure import part_of
from governance_pipeline.indicators.followed import Followed, blank, followed
from governance_pipeline.indicators.statistics import live_words as words
from governance_pipeline.indicators.statistics.live import ERRORS, Live, of_classes, of_numbers
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "performance"


def applies(model: ModelSpec) -> bool:
    """Whether outcomes of the model's predictions are logged at all."""
    return model.predictions is not None and model.predictions.label is not None


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """One measurement for every figure; one that says why where there is none."""
    policy = inputs.playbook.indicators.performance
    if policy is None or not applies(inputs.model):
        return
    nothing = blank(inputs, NAME, policy.clause)
    numeric = inputs.model.predictions is not None and inputs.model.predictions.kind == "number"
    found = followed(inputs, ("errors" if numeric else "outcomes", "predictions"))
    if isinstance(found, str):
        yield replace(nothing, sentence=words.not_counted("performance", found))
        return
    yield from _of_followed(inputs, policy, nothing, found)


def _of_followed(
    inputs: ModelInputs, policy: PerformancePolicy, nothing: Measurement, found: Followed
) -> Iterator[Measurement]:
    when = words.window(policy.window_days, inputs.night)
    open_, decided = found.still_open(policy.window_days)
    told = part_of(open_, decided, inputs.minimum_group_size) if decided else None
    nothing = replace(nothing, details={**nothing.details, "still_open": told, "predictions": decided})
    errors = found.arrived(found.table.errors, policy.window_days)
    outcomes = found.arrived(found.table.outcomes, policy.window_days)
    unusable = sum(cell.unusable for cell in errors)
    if unusable:
        share = part_of(unusable, unusable + sum(c.count for c in errors), inputs.minimum_group_size)
        sentence = words.unusable(when, share)
        yield replace(nothing, facet="unusable", outcome=Outcome.WARN, sentence=sentence)
    known = sum(cell.count for cell in outcomes) + sum(cell.count for cell in errors)
    if known < policy.minimum_labels:
        few = part_of(known, known, inputs.minimum_group_size)
        waiting = open_ / decided if decided >= policy.minimum_labels else None
        sentence = words.too_few_outcomes(when, few, policy.minimum_labels, waiting)
        yield replace(nothing, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    figures = [*of_classes(outcomes), *of_numbers(errors)]
    promised = promises(inputs)
    for name in sorted(promised.keys() - {live.figure for live in figures}):
        sentence = words.no_figure(name, promised[name])
        yield replace(nothing, facet=name, metric=name, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    for live in figures:
        yield _judged(inputs, policy, nothing, live, promised.get(live.figure), when)


def promises(inputs: ModelInputs) -> dict[Figure, float]:
    """What the version's registered metrics promise: by the model's file, else by their own names."""
    metrics: Mapping[str, Any] = inputs.version.metrics if inputs.version else {}
    names: dict[Figure, str] = {figure: figure for figure in words.TITLES}
    names |= inputs.model.promised
    return {figure: float(metrics[name]) for figure, name in names.items() if name in metrics}


def _judged(
    inputs: ModelInputs,
    policy: PerformancePolicy,
    nothing: Measurement,
    live: Live,
    promised: float | None,
    when: str,
) -> Measurement:
    measured = replace(nothing, facet=live.figure, metric=live.figure)
    if 0 < live.rare < inputs.minimum_group_size:
        sentence = words.rare_outcomes(live.figure)
        return replace(measured, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    threshold = bounds(policy, inputs.model.tier, live.figure, promised)
    worst_end = live.interval[0] if live.figure in ERRORS else live.interval[1]
    outcome = threshold.judge(worst_end) if threshold else Outcome.PASS
    return replace(
        measured,
        outcome=outcome,
        value=live.value,
        n=live.n,
        interval=live.interval,
        threshold=threshold,
        sentence=words.figure(when, live, promised, outcome, inputs.version, nothing.details["still_open"]),
        details={**measured.details, "promised": promised, "binning": live.blur},
    )


def bounds(policy: PerformancePolicy, tier: str, figure: Figure, promised: float | None) -> Threshold | None:
    """The live figures from which a promise is broken; None where nothing was promised."""
    if promised is None:
        return None
    if figure in ERRORS:
        grown = [
            None if part is None else promised * (1 + part)
            for part in (policy.errors.warn, policy.errors.fail)
        ]
        return Threshold(grown[0], grown[1], "above")
    allowed = policy.threshold(tier)
    short = [None if part is None else promised - part for part in (allowed.warn, allowed.fail)]
    return Threshold(short[0], short[1], "below")


PERFORMANCE = Indicator(
    name=NAME,
    title="Performance against what was promised",
    subject="model",
    measure_model=measure,
    expects_model=applies,
    tags=frozenset({"model output"}),
)
