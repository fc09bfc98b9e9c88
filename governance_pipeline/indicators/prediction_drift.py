"""Prediction drift: does the version still score people as it did when it was trained, or in its first days?

Scores (or, without them, decisions) of the last days are compared by the population stability index, freed
from what chance adds: with those that the training snapshot holds of rows the version had not learned from,
where the model's file names them, so that a version that is served otherwise than it was trained is found on
its first night; else with those of the version's first days. It warns or fails when the lower end of
the index's interval passes the bound AND false discoveries over all models of the night are controlled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from governance_pipeline.charter.model import ModelSpec, Predictions
from governance_pipeline.charter.model_policies import PredictionDriftPolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.followed import Followed, blank, followed
from governance_pipeline.indicators.statistics import live_words as words
from governance_pipeline.indicators.statistics.bins import MISSING, PairedBins
from governance_pipeline.indicators.statistics.comparison import carriers
from governance_pipeline.indicators.statistics.drift_words import carried
from governance_pipeline.indicators.statistics.effects import psi_effect
from governance_pipeline.indicators.statistics.homogeneity import change_p_value
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.indicators.statistics.words import number
from governance_pipeline.profiles.profile import SCORE_BINS, PredictionCell
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "prediction_drift"
UNIT = "PSI"
_DECISIONS = ("unfavourable decisions", "favourable decisions")


def applies(model: ModelSpec) -> bool:
    """Whether the model logs decisions."""
    return model.predictions is not None and model.predictions.kind == "class"


@dataclass(frozen=True, slots=True)
class _Sides:
    """Predictions that those of now are compared with, and those of now.

    Attributes:
        trained: then is the training data, not the version's first days.
    """

    then: Sequence[PredictionCell]
    now: Sequence[PredictionCell]
    trained: bool

    @property
    def rows(self) -> tuple[int, int]:
        return sum(cell.count for cell in self.then), sum(cell.count for cell in self.now)


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
    held_out = _held_out(inputs)
    if isinstance(held_out, str):
        sentence = words.not_counted("prediction drift against the training data", held_out)
        yield replace(nothing, sentence=sentence)
        return
    now = _now(found, policy, inputs.night)
    then = _first_days(found, policy, inputs.night) if held_out is None else held_out
    sides = _Sides(then, now, trained=held_out is not None)
    if min(sides.rows) < policy.minimum_rows:
        shown = [n if n == 0 or n >= inputs.minimum_group_size else None for n in sides.rows]
        sentence = words.too_few_predictions(
            policy.window_days, (shown[0], shown[1]), policy.minimum_rows, trained=sides.trained
        )
        yield replace(nothing, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    yield _compared(inputs, policy, nothing, found.log, sides)


def _held_out(inputs: ModelInputs) -> list[PredictionCell] | str | None:
    """What the training data holds of the version's predictions, or why it was not counted; None where
    nothing was to be counted when the version was first seen.
    """
    training, baseline = inputs.model.training, inputs.baseline
    if baseline is None or not (training.prediction or training.score):
        return None
    reason = baseline.unmeasured.get(f"predictions:{inputs.model.name}")
    if reason:
        return reason
    table = next((table for table in baseline.groups if table.model == inputs.model.name), None)
    if table is None:
        return None
    return [
        cell for cell in table.predictions if (cell.bin if training.score else cell.prediction) is not None
    ]


def _now(found: Followed, policy: PredictionDriftPolicy, night: date) -> list[PredictionCell]:
    begins = night - timedelta(days=policy.window_days - 1)
    return [cell for cell in found.predicted(begins) if cell.day is not None]


def _first_days(found: Followed, policy: PredictionDriftPolicy, night: date) -> list[PredictionCell]:
    """Predictions of the version's first days; a day that is now is not one of them."""
    days = {cell.day for cell in found.predicted() if cell.day is not None}
    first = min(days, default=night)
    last = min(first + timedelta(days=policy.first_days - 1), night - timedelta(days=policy.window_days))
    return [cell for cell in found.predicted(last=last) if cell.day is not None]


def _compared(
    inputs: ModelInputs,
    policy: PredictionDriftPolicy,
    nothing: Measurement,
    log: Predictions,
    sides: _Sides,
) -> Measurement:
    by_score = bool(inputs.model.training.score if sides.trained else log.score)
    counts = [_counts(cells, by_score=by_score) for cells in (sides.then, sides.now)]
    bins = _bins(counts[0], counts[1], by_score=by_score)
    then, now = bins.reference, bins.current
    effect = psi_effect(then, now)
    threshold = policy.threshold(inputs.model.tier)
    outcome = threshold.judge(effect.low)
    favourable = [_favourable(cells) for cells in (sides.then, sides.now)]
    first_days, lately = None if sides.trained else _span(sides.then), _span(sides.now)
    return replace(
        nothing,
        outcome=outcome,
        value=effect.value,
        n=sum(now),
        interval=(effect.low, effect.high),
        threshold=threshold,
        sentence=words.moved(
            lately, first_days, effect, favourable, outcome, threshold, carried(bins), by_score=by_score
        ),
        details={
            **nothing.details,
            "n_then": sum(then),
            "then": [day.isoformat() for day in first_days] if first_days else "training data",
            "now": [day.isoformat() for day in lately],
            "favourable_then": favourable[0],
            "favourable_now": favourable[1],
            "p_value": change_p_value(then, now),
            "bins": carriers(bins),
        },
    )


def _span(cells: Iterable[PredictionCell]) -> tuple[date, date]:
    days = [cell.day for cell in cells if cell.day is not None]
    return min(days), max(days)


def _counts(cells: Iterable[PredictionCell], *, by_score: bool) -> Counter[int | None]:
    found: Counter[int | None] = Counter()
    for cell in cells:
        found[cell.bin if by_score else cell.prediction] += cell.count
    return found


def _bins(then: Counter[int | None], now: Counter[int | None], *, by_score: bool) -> PairedBins:
    """Both sides by bin of the score, or by decision, with "none" as the last. Of decisions, and of scores
    below 0 or above 1, there is a bin only where there are some.
    """
    met = {place for count in (then, now) for place in count if place is not None}
    places = sorted(met | set(range(SCORE_BINS))) if by_score else sorted(met)
    label = _scores if by_score else _DECISIONS.__getitem__
    return PairedBins(
        (*(label(place) for place in places), MISSING),
        (*(then[place] for place in places), then[None]),
        (*(now[place] for place in places), now[None]),
        tuple(map(float, places)) if by_score else None,
    )


def _scores(place: int) -> str:
    if place < 0:
        return "values below 0"
    if place >= SCORE_BINS:
        return "values above 1"
    return f"values from {number(place / SCORE_BINS)} to {number((place + 1) / SCORE_BINS)}"


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
