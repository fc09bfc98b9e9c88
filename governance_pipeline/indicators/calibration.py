"""Calibration: do scores mean what they say? Of people scored 30 %, do about 30 in 100 turn out favourable?

Judged by the expected calibration error over bins of the score, freed from what chance adds: it warns or
fails when the lower end of its interval passes the bound. Only outcomes that arrived by the night count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.followed import blank, followed
from governance_pipeline.indicators.statistics import live_words as words
from governance_pipeline.indicators.statistics.reliability import (
    RELIABILITY_BINS,
    Reliability,
    reliability,
)
from governance_pipeline.profiles.profile import FINE_SCORE_BINS
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "calibration"
UNIT = "share"


def applies(model: ModelSpec) -> bool:
    """Whether the model logs scores and outcomes."""
    log = model.predictions
    return log is not None and log.score is not None and log.label is not None


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """One measurement for every model that logs scores and outcomes."""
    policy = inputs.playbook.indicators.calibration
    if policy is None or not applies(inputs.model):
        return
    nothing = replace(blank(inputs, NAME, policy.clause, UNIT), metric="expected_calibration_error")
    found = followed(inputs, ("outcomes",))
    if isinstance(found, str):
        yield replace(nothing, sentence=words.not_counted("calibration", found))
        return
    when = words.window(policy.window_days, inputs.night)
    cells = found.arrived(found.table.outcomes, policy.window_days)
    outside = sum(cell.count for cell in cells if cell.bin in (-1, FINE_SCORE_BINS))
    if outside:
        sentence = words.no_probabilities(when)
        yield replace(nothing, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    measured = reliability(cells)
    k = inputs.minimum_group_size
    if measured is None or measured.all.n < policy.minimum_labels:
        sentence = words.too_few_scores(when, policy.minimum_labels)
        yield replace(nothing, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    if 0 < min(measured.all.favourable, measured.all.n - measured.all.favourable) < k:
        sentence = words.rare_outcomes("auc")
        yield replace(nothing, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    bins = _shown(measured, k)
    carriers = sorted(bins, key=lambda one: -one["part"])
    threshold = policy.threshold(inputs.model.tier)
    outcome = threshold.judge(measured.interval[0])
    yield replace(
        nothing,
        outcome=outcome,
        value=measured.value,
        n=measured.all.n,
        interval=measured.interval,
        threshold=threshold,
        sentence=words.reliability(when, measured, outcome, threshold, carriers),
        details={
            **nothing.details,
            "observed_error": measured.observed,
            "chance": measured.chance,
            "observed": measured.all.observed,
            "predicted": measured.all.predicted,
            "bins": bins,
            "carriers": [{name: one[name] for name in ("from", "to", "part")} for one in carriers],
        },
    )


def _shown(measured: Reliability, k: int) -> list[dict[str, float]]:
    """The reliability diagram, without bins in which one kind of outcome is so rare as to point at people;
    ``part`` is what a bin adds to the observed error.
    """
    return [
        {
            "from": place / RELIABILITY_BINS,
            "to": (place + 1) / RELIABILITY_BINS,
            "n": part.n,
            "predicted": part.predicted,
            "observed": part.observed,
            "part": part.n / measured.all.n * abs(part.error),
        }
        for place, part in measured.bins
        if min(part.favourable, part.n - part.favourable) >= k
    ]


CALIBRATION = Indicator(
    name=NAME,
    title="Calibration of scores",
    subject="model",
    measure_model=measure,
    expects_model=applies,
    tags=frozenset({"model output"}),
)
