"""What performance, calibration and prediction drift say, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from governance_pipeline.charter.model import Figure
from governance_pipeline.indicators.statistics.effects import PsiEffect
from governance_pipeline.indicators.statistics.live import Live
from governance_pipeline.indicators.statistics.reliability import Reliability
from governance_pipeline.indicators.statistics.words import day, number, points
from governance_pipeline.indicators.wording import counted, percent
from governance_pipeline.vocabulary.outcome import Outcome, Threshold
from governance_pipeline.vocabulary.review import ModelVersion

TITLES: Mapping[Figure, str] = {
    "auc": "the area under the ROC curve (how often a favourable outcome had the higher score)",
    "accuracy": "the share of right decisions",
    "precision": "the share of favourable decisions that turned out right",
    "recall": "the share of favourable outcomes that had been decided favourably",
    "specificity": "the share of unfavourable outcomes that had been decided unfavourably",
    "f1": "F1 (of precision and recall)",
    "brier": "the Brier score (mean squared distance of scores from outcomes)",
    "log_loss": "the log loss of the scores",
    "mae": "the mean absolute error",
    "rmse": "the root mean squared error",
}


def window(days: int, night: date) -> str:
    """``Of outcomes that arrived in the 28 days up to 4 March``."""
    when = f"on {day(night)}" if days == 1 else f"in the {days} days up to {day(night)}"
    return f"Of outcomes that arrived {when}"


def figure(
    when: str,
    live: Live,
    promised: float | None,
    outcome: Outcome,
    version: ModelVersion | None,
    still_open: int | str | None,
) -> str:
    """One live figure beside the promise."""
    low, high = number(live.interval[0]), number(live.interval[1])
    told = f"{when} {counted(live.n, 'counts', 'count')}: {TITLES[live.figure]} is {number(live.value)}"
    told = f"{told} (95 % interval {low} to {high})"
    if promised is None:
        return f"{told}; nothing was promised, so no limit applies.{_open(still_open)}"
    who = f"version {version.version}" if version else "the version"
    promise = f"{who} promised {number(promised)}"
    if outcome is Outcome.PASS:
        return f"{told}; {promise}, and no more is missing than the playbook tolerates.{_open(still_open)}"
    how = "even at its best that is worse than the playbook tolerates"
    if outcome is Outcome.WARN:
        how = "even at its best that is worse than the playbook lets pass without a warning"
    return f"{told}; {promise}: {how}.{_open(still_open)}"


def _open(still_open: int | str | None) -> str:
    if not still_open:
        return ""
    told = f"{still_open:,}" if isinstance(still_open, int) else still_open
    return f" The outcomes of {told} decisions of these days are still open."


def too_few_outcomes(when: str, known: int | str, needed: int, still_open: float | None) -> str:
    told = f"{known:,}" if isinstance(known, int) else known
    waiting = ""
    if still_open is not None:
        waiting = f" {percent(still_open)} of the decisions of these days are still open."
    return f"{when} {told} are known; {needed:,} are needed to say how well predictions come out.{waiting}"


def rare_outcomes(figure: Figure) -> str:
    return (
        f"One kind of outcome is too rare for {TITLES[figure].partition(' (')[0]} to be told without "
        "pointing at people."
    )


def no_figure(figure: Figure, promised: float) -> str:
    return (
        f"The version promised {number(promised)} for {TITLES[figure]}, and what is logged does not say what "
        "came of it."
    )


def unusable(when: str, pairs: int | str) -> str:
    told = f"{pairs:,}" if isinstance(pairs, int) else pairs
    return f"{when} {told} stand beside a prediction, or are themselves, no usable number; they do not count."


def not_counted(what: str, reason: str) -> str:
    return f"Nothing can be said of the model's {what}: {reason.strip().rstrip('.')}."


def too_few_scores(when: str, needed: int) -> str:
    return f"{when} fewer than {needed:,} have a score, so nobody can say whether scores mean what they say."


def no_probabilities(when: str) -> str:
    return f"{when} some have a score below 0 or above 1: such scores are no probabilities to be held to."


def reliability(
    when: str,
    found: Reliability,
    outcome: Outcome,
    threshold: Threshold,
    carriers: Sequence[Mapping[str, float]],
) -> str:
    """How far outcomes are from what scores said.

    Args:
        carriers: the bins that carry it, the largest part first; the first one is told of a breach.
    """
    low, high = points(found.interval[0]), points(found.interval[1])
    told = (
        f"{when} {percent(found.all.observed)} were favourable where scores said "
        f"{percent(found.all.predicted)}; over the range of scores outcomes are "
        f"{points(found.value)} percentage points off on average, beyond what chance adds "
        f"(95 % interval {low} to {high})"
    )
    where = ""
    if carriers and outcome in (Outcome.FAIL, Outcome.WARN):
        most = carriers[0]
        where = (
            f"; the largest part of it is scores from {number(most['from'])} to {number(most['to'])}, "
            f"of which {percent(most['observed'])} were favourable"
        )
    return f"{told}, {_verdict(found.value, outcome, threshold, points)}{where}."


def _verdict(value: float, outcome: Outcome, threshold: Threshold, shown: Callable[[float], str]) -> str:
    bound = threshold.fail if outcome is Outcome.FAIL else threshold.warn or threshold.fail
    if bound is None:
        return "no limit is set"
    if outcome in (Outcome.FAIL, Outcome.WARN):
        return f"above {shown(bound)} even at its smallest"
    if threshold.judge(value) is not Outcome.PASS:
        return f"which may be above {shown(bound)} by chance alone"
    return f"within {shown(bound)}"


def too_few_predictions(
    days: int, seen: tuple[int | None, int | None], needed: int, *, trained: bool = False
) -> str:
    then, now = ("too few to tell" if n is None else f"{n:,}" for n in seen)
    last = "day holds" if days == 1 else f"{days} days hold"
    where = "the training data" if trained else "its first days before them"
    return (
        f"The last {last} {now} predictions of this version and {where} {then}; "
        f"{needed:,} of each are needed to see whether predictions have moved."
    )


def moved(
    now: tuple[date, date],
    then: tuple[date, date] | None,
    effect: PsiEffect,
    favourable: Sequence[float | None],
    outcome: Outcome,
    threshold: Threshold,
    carried: str,
    *,
    by_score: bool,
) -> str:
    """Predictions of now beside those of the version's first days, or of the training data (None).

    Args:
        carried: which bins carry it, as of a drift; told of scores that moved.
    """
    what = "Scores" if by_score else "Decisions"
    shares = ""
    if favourable[0] is not None and favourable[1] is not None:
        shares = (
            f"; {percent(favourable[1])} of the decisions are favourable, {percent(favourable[0])} were then"
        )
    where = ""
    if carried and by_score and outcome in (Outcome.FAIL, Outcome.WARN):
        told = carried.replace("missing values", "predictions without a score").replace("values", "scores")
        where = f"; {told}"
    low, high = number(effect.low), number(effect.high)
    beside = f"the version's first days ({day(then[0])} to {day(then[1])})" if then else "the training data"
    return (
        f"{what} from {day(now[0])} to {day(now[1])} compared with {beside}: "
        f"a population stability index of {number(effect.value)} (95 % interval {low} to {high}), "
        f"{_verdict(effect.value, outcome, threshold, number)}{where}{shares}."
    )


def moved_by_chance(sentence: str, models: int) -> str:
    return (
        f"{sentence.rstrip('.')}; among {counted(models, 'model')} of this night a change like this is "
        "expected by chance, so it does not count."
    )
