"""Proxies: does a feature tell a protected attribute, so that leaving the attribute out changes nothing?

Each feature of the training snapshot is counted by each protected attribute, also one that is no feature
and was joined by the person's key. From the counts alone a rule is learned on four fifths of the people and
tried on the last fifth, in turn; its area under the curve is judged, and the share of the uncertainty about
the attribute that the feature removes is told beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import Counted, Indicator, ModelInputs
from governance_pipeline.indicators.giveaways import Asked, blank, controlled, facet, judged
from governance_pipeline.indicators.statistics import giveaway_words as words
from governance_pipeline.indicators.statistics.giveaway import Giveaway
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "proxy"


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """One measurement for every feature and protected attribute, of each version that is looked at."""
    policy = inputs.playbook.indicators.proxy
    model = inputs.model
    if policy is None or not model.sensitive_attributes:
        return
    if not inputs.counted:
        plain = blank(inputs, NAME, policy, None)
        sentence = (
            f"No version of {model.title or model.name} is registered, so no training data was looked at."
        )
        yield replace(plain, sentence=sentence)
    for counted in inputs.counted:
        plain = blank(inputs, NAME, policy, counted)
        for attribute in model.sensitive_attributes:
            asked = Asked(attribute.column, "sensitive", attribute.title or attribute.column)
            missing = counted.crosses.unmeasured.get(f"~{asked.target}") if counted.crosses else None
            if missing is not None:
                yield _unknown(plain, counted, asked, missing)
            else:
                yield from judged(inputs, plain, policy, counted, asked, _sentence)


def _unknown(plain: Measurement, counted: Counted, asked: Asked, reason: str) -> Measurement:
    """One measurement for an attribute that nobody can look up, instead of one for each feature."""
    return replace(
        plain,
        facet=facet(counted, f"~{asked.target}"),
        outcome=Outcome.INSUFFICIENT,
        sentence=f"Whether a feature gives away {asked.title} cannot be known: {reason.rstrip('.')}.",
    )


def _sentence(
    name: str, asked: Asked, found: Giveaway, outcome: Outcome, threshold: Threshold, counted: Counted
) -> str:
    where = counted.crosses.joined.get(asked.target) if counted.crosses else None
    joined = f" ({asked.title} is not in the training data; it was looked up in {where})" if where else ""
    if name == asked.target:
        return (
            f"The model is fed the protected attribute {asked.title} itself: '{name}' is one of its features."
        )
    said = f"{words.picks(found.value, asked.title, found)}, {words.bound(outcome, threshold)}"
    if outcome is Outcome.PASS:
        return f"'{name}' does not tell {asked.title} well{joined}: {said}."
    return (
        f"'{name}' tells {asked.title}{joined}: {said}, and {words.removed(found, asked.title)}."
        f"{words.carried(found)}"
    )


def conclude(measurements: list[Measurement], playbook: Playbook) -> list[Measurement]:
    """False-discovery control over all proxies of a night."""
    policy = playbook.indicators.proxy
    return controlled(measurements, policy.q) if policy else measurements


PROXY = Indicator(
    name=NAME,
    title="Proxies of protected attributes",
    subject="model",
    measure_model=measure,
    expects_model=lambda model: bool(model.sensitive_attributes),
    conclude=conclude,
    tags=frozenset({"training data"}),
)
