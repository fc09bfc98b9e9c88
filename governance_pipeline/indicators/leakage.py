"""Leakage: did the model learn from something it cannot know when it decides?

Three signs of it: one feature alone gives the label away; a feature is stamped later than its label was
known; rows that the model is judged on are rows it learned from. The first is judged by a cross-validated
area as for proxies, the others by exact counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from governance_pipeline.charter.indicator_policy import Bounds
from governance_pipeline.charter.model_policies import LeakagePolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import Counted, Indicator, ModelInputs
from governance_pipeline.indicators.disclosure import is_small, part_of
from governance_pipeline.indicators.giveaways import Asked, blank, controlled, facet, judged
from governance_pipeline.indicators.statistics import giveaway_words as words
from governance_pipeline.indicators.statistics.giveaway import Giveaway
from governance_pipeline.indicators.statistics.intervals import wilson
from governance_pipeline.indicators.wording import listed, percent
from governance_pipeline.profiles.cross_table import Crosses, LateTally, OverlapTally
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "leakage"
LATE = "late"
OVERLAP = "overlap"


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """One measurement for every feature by the label, every stamp, and the rows judged on."""
    policy = inputs.playbook.indicators.leakage
    if policy is None:
        return
    model = inputs.model
    if not inputs.counted:
        plain = blank(inputs, NAME, policy, None)
        sentence = (
            f"No version of {model.title or model.name} is registered, so no training data was looked at."
        )
        yield replace(plain, sentence=sentence)
    for counted in inputs.counted:
        plain = blank(inputs, NAME, policy, counted)
        asked = Asked(model.training.label, "label", f"the label '{model.training.label}'")
        yield from judged(inputs, plain, policy, counted, asked, _sentence)
        if counted.crosses is not None:
            yield from _late(inputs, plain, policy, counted, counted.crosses)
            yield from _overlap(inputs, plain, policy, counted, counted.crosses)


def _sentence(
    name: str, asked: Asked, found: Giveaway, outcome: Outcome, threshold: Threshold, _counted: Counted
) -> str:
    if name == asked.target:
        return f"The model is fed its own answer: the label '{name}' is one of its features."
    said = (
        f"of two rows, one with {asked.title} at '{found.value}' and one without, it names the right one in "
        f"{words.of_hundred(found.best.auc)} cases, {words.bound(outcome, threshold)}"
    )
    if outcome is Outcome.PASS:
        return f"'{name}' alone does not give {asked.title} away: {said}."
    left = percent(1 - found.whole.share)
    return (
        f"'{name}' alone gives {asked.title} away: {said}; {left} of the uncertainty about it is left. "
        f"A value that good is seldom known when the model decides.{words.carried(found)}"
    )


def _late(
    inputs: ModelInputs, plain: Measurement, policy: LeakagePolicy, counted: Counted, crosses: Crosses
) -> Iterator[Measurement]:
    for tally in crosses.late:
        name = facet(counted, f"{LATE}:{tally.feature}")
        yield _share(inputs, replace(plain, facet=name), policy.late, tally.later, tally.rows, _when(tally))
    for key, reason in crosses.unmeasured.items():
        if key.startswith(f"{LATE}:"):
            feature = key.removeprefix(f"{LATE}:")
            sentence = (
                f"When '{feature}' was stamped could not be compared with the label: {reason.rstrip('.')}."
            )
            yield replace(plain, facet=facet(counted, key), sentence=sentence)


def _when(tally: LateTally) -> str:
    if tally.by_person:
        return f"training rows have no value of {tally.feature} from before their label was known"
    return f"training rows have a '{tally.feature}' that is stamped later than their label was known"


def _overlap(
    inputs: ModelInputs, plain: Measurement, policy: LeakagePolicy, counted: Counted, crosses: Crosses
) -> Iterator[Measurement]:
    name = facet(counted, OVERLAP)
    for tally in crosses.overlaps:
        text = f"rows of {tally.dataset} that the model is judged on are rows it learned from"
        mine = replace(plain, facet=name, details={**plain.details, "keys": list(tally.keys)})
        yield _share(inputs, mine, policy.overlap, tally.shared, tally.rows, f"{text}{_by_key(tally)}")
    if OVERLAP in crosses.unmeasured:
        reason = crosses.unmeasured[OVERLAP].rstrip(".")
        sentence = f"Whether the model is judged on rows it learned from could not be measured: {reason}."
        yield replace(plain, facet=name, sentence=sentence)


def _by_key(tally: OverlapTally) -> str:
    return f" (compared by {listed(tally.keys)})"


def _share(
    inputs: ModelInputs, plain: Measurement, bounds: Bounds, part: int, rows: int, what: str
) -> Measurement:
    """A share that is counted, not estimated: judged as it is. A small part is only said to be small."""
    threshold = Threshold(bounds.warn, bounds.fail)
    if not rows:
        return replace(
            plain,
            outcome=Outcome.INSUFFICIENT,
            threshold=threshold,
            sentence=f"Nothing says how many {what}.",
        )
    k = inputs.minimum_group_size
    told = part_of(part, rows, k)
    shown = k if is_small(part, k) else part
    said = f"{told:,}" if isinstance(told, int) else told
    sentence = f"{said} of {rows:,} {what}."
    return replace(
        plain,
        metric="share",
        unit="share",
        threshold=threshold,
        outcome=threshold.judge(part / rows),
        value=min(1.0, shown / rows),
        interval=wilson(min(shown, rows), rows),
        n=rows,
        sentence=sentence[0].upper() + sentence[1:],
        details={**plain.details, "rows": rows, "part": told},
    )


def conclude(measurements: list[Measurement], playbook: Playbook) -> list[Measurement]:
    """False-discovery control over all labels of a night; what was counted exactly asks no chance."""
    policy = playbook.indicators.leakage
    return controlled(measurements, policy.q) if policy else measurements


LEAKAGE = Indicator(
    name=NAME,
    title="Leakage into the training data",
    subject="model",
    measure_model=measure,
    expects_model=lambda _: True,
    conclude=conclude,
    tags=frozenset({"training data"}),
)
