"""What the indicators of proxies and of leakage have in common: each feature by one column, judged.

A feature warns or fails when the lower end of its area's interval passes the bound AND the night's
false-discovery control agrees. What could not be counted is ``not_run``, too little is ``insufficient``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from governance_pipeline.charter.model_policies import CountedPolicy
from governance_pipeline.indicators.base import Counted, ModelInputs
from governance_pipeline.indicators.statistics.giveaway import Giveaway, giveaway
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.profiles.cross_table import TargetKind
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

UNIT = "AUC"


@dataclass(frozen=True, slots=True)
class Asked:
    """One column that features must not give away.

    Attributes:
        target: its name in the counts; ``title`` in words.
        uncounted: columns of which it is known, without a count, that they cannot be compared.
    """

    target: str
    kind: TargetKind
    title: str


Words = Callable[[str, Asked, Giveaway, Outcome, Threshold, Counted], str]
"""(feature, what was asked, what was found, outcome, bounds, where) to one sentence."""


def blank(inputs: ModelInputs, indicator: str, policy: CountedPolicy, counted: Counted | None) -> Measurement:
    """Everything known before anything is judged; not run until it is."""
    details: dict[str, Any] = {}
    if counted is not None:
        details = {"version": counted.version.version, "snapshot": counted.snapshot}
        if counted.crosses is not None:
            details["counted"] = counted.crosses.counted.isoformat()
    return Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=indicator,
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=policy.clause,
        details=details,
    )


def facet(counted: Counted, name: str) -> str:
    """The question's name: that of the serving version stays the same from version to version."""
    return name if counted.serving else f"{name}@{counted.version.version}"


def judged(
    inputs: ModelInputs,
    plain: Measurement,
    policy: CountedPolicy,
    counted: Counted,
    asked: Asked,
    words: Words,
) -> Iterator[Measurement]:
    """One measurement for every feature of the model."""
    names = dict.fromkeys(feature.baseline_column for feature in inputs.model.features)
    threshold = policy.threshold(inputs.model.tier)
    for name in names:
        mine = replace(
            plain,
            facet=facet(counted, f"{name}~{asked.target}"),
            metric="auc",
            unit=UNIT,
            threshold=threshold,
            details={**plain.details, "feature": name, "target": asked.target},
        )
        yield _one(inputs, mine, policy, counted, asked, name, words)


def _one(
    inputs: ModelInputs,
    mine: Measurement,
    policy: CountedPolicy,
    counted: Counted,
    asked: Asked,
    name: str,
    words: Words,
) -> Measurement:
    crosses, threshold = counted.crosses, mine.threshold or Threshold(None, None)
    table = crosses.table(name, asked.target, asked.kind) if crosses else None
    if crosses is None or table is None:
        reason = (crosses.reason(name, asked.target) if crosses else counted.problem) or "it was not counted"
        sentence = f"Whether '{name}' gives away {asked.title} could not be measured: {reason.rstrip('.')}."
        return replace(mine, sentence=sentence)
    found = giveaway(table, policy.minimum_group, inputs.minimum_group_size)
    if found is None:
        sentence = (
            f"Too little is recorded of {asked.title} in {counted.snapshot} to say whether '{name}' gives it "
            f"away: no value has {policy.minimum_group} rows or more with as many outside it."
        )
        return replace(mine, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    best = found.best
    outcome = threshold.judge(best.interval[0])
    bound = threshold.warn if threshold.warn is not None else threshold.fail
    p_value = {} if bound is None else {"p_value": best.p_value(bound)}
    return replace(
        mine,
        outcome=outcome,
        value=best.auc,
        interval=best.interval,
        n=best.inside + best.outside,
        sentence=words(name, asked, found, outcome, threshold, counted),
        details={**mine.details, **found.details(), **p_value},
    )


def controlled(measurements: Sequence[Measurement], q: float) -> list[Measurement]:
    """False-discovery control over all features by all columns of a night (Benjamini-Hochberg at ``q``)."""
    asked = [index for index, found in enumerate(measurements) if "p_value" in found.details]
    adjusted = benjamini_hochberg([float(measurements[index].details["p_value"]) for index in asked])
    concluded = list(measurements)
    for index, p_value in zip(asked, adjusted, strict=True):
        found = measurements[index]
        kept = replace(found, details={**found.details, "p_value_adjusted": p_value, "compared": len(asked)})
        if p_value > q and found.outcome in (Outcome.WARN, Outcome.FAIL):
            sentence = (
                f"{found.sentence} Over the {len(asked)} questions of this kind tonight that is no more than "
                "chance explains."
            )
            kept = kept.concluded(Outcome.PASS, sentence)
        concluded[index] = kept
    return concluded
