"""Prediction drift: does the version still score people as it did in its first days?

Scores (or, without them, decisions) of the last days are compared with those of the version's first days
by the population stability index, freed from what chance adds. It warns or fails when the lower end of
the index's interval passes the bound AND false discoveries over all models of the night are controlled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.playbook import Playbook, PredictionDriftPolicy
from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.followed import Followed, blank, followed
from governance_pipeline.indicators.statistics import live_words as words
from governance_pipeline.indicators.statistics.effects import psi_effect
from governance_pipeline.indicators.statistics.homogeneity import change_p_value
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.profiles.profile import PredictionCell
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "prediction_drift"
UNIT = "PSI"


def applies(model: ModelSpec) -> bool:
    """Whether the model logs decisions."""
    return model.predictions is not None and model.predictions.kind == "class"


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """One measurement for every model that logs decisions."""
    policy = inputs.playbook.indicators.prediction_drift
    if policy is None or not applies(inputs.model):
        return
    nothing = replace(blank(inputs, NAME, policy.clause, UNIT), metric="psi")
    found = followed(inputs, ("predictions",))
    if isinstance(found, str):
        yield replace(nothing, sentence=words.not_counted("prediction drift", found))
        return
    then, now = _apart(found, policy, inputs.night)
    seen = (sum(c.count for c in then), sum(c.count for c in now))
    if min(seen) < policy.minimum_rows:
        shown = tuple(n if n == 0 or n >= inputs.minimum_group_size else None for n in seen)
        sentence = words.too_few_predictions(policy.window_days, (shown[0], shown[1]), policy.minimum_rows)
        yield replace(nothing, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    yield _compared(inputs, policy, nothing, found, (then, now))


def _apart(
    found: Followed, policy: PredictionDriftPolicy, night: date
) -> tuple[list[PredictionCell], list[PredictionCell]]:
    """Predictions of the version's first days, and of now; a day that is now is not one of the first."""
    begins = night - timedelta(days=policy.window_days - 1)
    dated = [cell for cell in found.predicted() if cell.day is not None]
    first = min((cell.day for cell in dated if cell.day), default=night)
    last = min(first + timedelta(days=policy.first_days - 1), begins - timedelta(days=1))
    then = [cell for cell in dated if cell.day is not None and cell.day <= last]
    return then, [cell for cell in dated if cell.day is not None and cell.day >= begins]


def _compared(
    inputs: ModelInputs,
    policy: PredictionDriftPolicy,
    nothing: Measurement,
    found: Followed,
    both: tuple[list[PredictionCell], list[PredictionCell]],
) -> Measurement:
    by_score = found.log.score is not None
    counts = [_counts(cells, by_score=by_score) for cells in both]
    places = sorted({place for count in counts for place in count}, key=repr)
    then, now = ([count[place] for place in places] for count in counts)
    effect = psi_effect(then, now)
    threshold = policy.threshold(inputs.model.tier)
    outcome = threshold.judge(effect.low)
    days = [[cell.day for cell in cells if cell.day] for cells in both]
    spans = [(min(span), max(span)) for span in days]
    favourable = [_favourable(cells) for cells in both]
    return replace(
        nothing,
        outcome=outcome,
        value=effect.value,
        n=sum(now),
        interval=(effect.low, effect.high),
        threshold=threshold,
        sentence=words.moved(spans[1], spans[0], effect, favourable, outcome, threshold, by_score=by_score),
        details={
            **nothing.details,
            "n_then": sum(then),
            "then": [day.isoformat() for day in spans[0]],
            "now": [day.isoformat() for day in spans[1]],
            "favourable_then": favourable[0],
            "favourable_now": favourable[1],
            "p_value": change_p_value(then, now),
        },
    )


def _counts(cells: Iterable[PredictionCell], *, by_score: bool) -> Counter[int | None]:
    found: Counter[int | None] = Counter()
    for cell in cells:
        found[cell.bin if by_score else cell.prediction] += cell.count
    return found


def _favourable(cells: Iterable[PredictionCell]) -> float | None:
    decided = Counter[int]()
    for cell in cells:
        if cell.prediction is not None:
            decided[cell.prediction] += cell.count
    return decided[1] / decided.total() if decided else None


def conclude(measurements: list[Measurement], playbook: Playbook) -> list[Measurement]:
    """False-discovery control over all models of a night (Benjamini-Hochberg at the policy's q)."""
    policy = playbook.indicators.prediction_drift
    asked = [index for index, found in enumerate(measurements) if "p_value" in found.details]
    if policy is None or not asked:
        return measurements
    adjusted = benjamini_hochberg([float(measurements[index].details["p_value"]) for index in asked])
    concluded = list(measurements)
    for index, p_value in zip(asked, adjusted, strict=True):
        kept = measurements[index]
        kept = replace(kept, details={**kept.details, "p_value_adjusted": p_value})
        if p_value > policy.q and kept.outcome in (Outcome.WARN, Outcome.FAIL):
            kept = kept.concluded(Outcome.PASS, words.moved_by_chance(kept.sentence, len(asked)))
        concluded[index] = kept
    return concluded


PREDICTION_DRIFT = Indicator(
    name=NAME,
    title="Drift of predictions",
    subject="model",
    measure_model=measure,
    expects_model=applies,
    conclude=conclude,
    tags=frozenset({"model output"}),
)
