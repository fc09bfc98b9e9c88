"""Withdrawals: how many of the people whom a model has learned from have withdrawn since.

A model that has learned from somebody goes on knowing what it learned: nothing here says that it forgets.
What can be shown is whom a version learned from, how many of them have withdrawn, what the playbook owes
them and by when, and that the next version has learned from none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from governance_pipeline.charter.model_policies import WithdrawalsPolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import Findings, Indicator, ModelInputs, Withdrawals
from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "withdrawals"
EXCLUSION = "exclusion@"
_CLOCKED = {"retrain": "replaced by one that has not learned from them", "retire": "taken out of service"}


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """Of the version that serves and of a newer one: who has withdrawn since, and who had before."""
    policy = inputs.playbook.indicators.withdrawals
    if policy is None:
        return
    plain = Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=NAME,
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=policy.clause,
    )
    if not inputs.withdrawals:
        title = inputs.model.title or inputs.model.name
        yield replace(plain, sentence=f"No version of {title} is registered, so it has learned from nobody.")
    for found in inputs.withdrawals:
        yield _since(inputs, policy, plain, found)
        yield _before(inputs, plain, found)


def _since(
    inputs: ModelInputs, policy: WithdrawalsPolicy, plain: Measurement, found: Withdrawals
) -> Measurement:
    version, manifest = found.version.version, found.manifest
    details = _details(found)
    plain = replace(plain, facet=version, details=details)
    if found.withdrawn is None or manifest is None or not manifest.subjects:
        why = found.problem.rstrip(".") or "its training data is about nobody"
        return replace(
            plain,
            sentence=f"How many of the people whom version {version} has learned from have withdrawn"
            f" is not known: {why}.",
        )
    threshold = policy.threshold(inputs.model.tier)
    share, k = found.withdrawn / manifest.subjects, inputs.minimum_group_size
    outcome = threshold.judge(share)
    told, shown = rounded(found.withdrawn, k)
    people = counted(manifest.subjects, "person", "people")
    sentence = f"{told} of the {people} whom version {version} has learned from have withdrawn since."
    sentence = sentence[0].upper() + sentence[1:]
    if not found.withdrawn:
        sentence = f"None of the {people} whom version {version} has learned from has withdrawn."
    elif policy.clock == "exclude_at_next_training":
        sentence += " They have to be left out when it is next trained."
    review = policy.review_above is not None and share > policy.review_above
    return replace(
        plain,
        metric="share",
        unit="share",
        threshold=threshold,
        outcome=outcome,
        value=min(1.0, shown / manifest.subjects),
        n=manifest.subjects,
        sentence=sentence,
        details={**details, "withdrawn": told, "clock": policy.clock, "review": review and found.serving},
    )


def _before(inputs: ModelInputs, plain: Measurement, found: Withdrawals) -> Measurement:
    """The proof of exclusion: nobody in the training data had withdrawn when the version was registered."""
    version, manifest = found.version.version, found.manifest
    plain = replace(plain, facet=f"{EXCLUSION}{version}", details=_details(found))
    if manifest is None or manifest.withdrawn is None or manifest.asked is None:
        problem = manifest.problem if manifest else found.problem
        why = problem.rstrip(".") or "no set of its people was taken"
        said = f"Whether version {version} has learned from people who had withdrawn is not known: {why}."
        return replace(plain, sentence=said)
    k, when = inputs.minimum_group_size, calendar_date(found.version.registered_at)
    asked, _ = rounded(manifest.asked, k)
    told, shown = rounded(manifest.withdrawn, k)
    threshold = Threshold(None, 0.0)
    people = counted(manifest.subjects, "person", "people")
    if manifest.withdrawn:
        sentence = (
            f"Version {version} has learned from people who had withdrawn before: {told} of the {people} in"
            f" its training data had when it was registered on {when}."
        )
    elif manifest.asked:
        sentence = (
            f"Version {version} has learned from nobody who had withdrawn: of those who had by {when}"
            f" ({asked}), none is among the {people} in its training data."
        )
    else:
        sentence = f"Nobody had withdrawn when version {version} was registered on {when}."
    return replace(
        plain,
        metric="people",
        threshold=threshold,
        outcome=threshold.judge(float(manifest.withdrawn)),
        value=float(shown),
        n=manifest.subjects,
        sentence=sentence,
        details={**plain.details, "had withdrawn": asked, "learned from": told},
    )


def _details(found: Withdrawals) -> dict[str, object]:
    details: dict[str, object] = {"concerns_version": found.version.version}
    if found.manifest is not None:
        manifest = found.manifest
        details |= {
            "snapshot": manifest.snapshot,
            "purpose": manifest.purpose,
            "basis": manifest.basis,
            "people": manifest.subjects,
            "manifest": manifest.digest,
            "key": manifest.key,
        }
    return details


def rounded(count: int, k: int) -> tuple[str, int]:
    """What may be said of how many people have withdrawn, and the number to be shown for it.

    Counts are told in steps of ``k``: the difference of two nights tells of nobody then.
    """
    if not count:
        return "nobody", 0
    if is_small(count, k):
        return f"fewer than {k}", k
    steps = count // k * k
    return f"at least {steps:,}", steps


def conclude(measurements: list[Measurement], playbook: Playbook, earlier: Findings) -> list[Measurement]:
    """What is owed, and by when: where the time is over, the measurement fails whatever the share."""
    policy = playbook.indicators.withdrawals
    owed = _CLOCKED.get(policy.clock) if policy else None
    if policy is None or owed is None:
        return measurements
    return [_clocked(one, policy, owed, earlier) for one in measurements]


def _clocked(one: Measurement, policy: WithdrawalsPolicy, owed: str, earlier: Findings) -> Measurement:
    if one.facet.startswith(EXCLUSION) or one.outcome not in (Outcome.WARN, Outcome.FAIL):
        return one
    nights = [night for night, found in earlier.items() if one.key[::2] in found]
    begun = min([*nights, one.night])
    due = begun + timedelta(days=policy.days)
    over = one.night >= due
    said = f"It had to be {owed} by {due:%-d %B %Y}." if over else f"It has to be {owed} by {due:%-d %B %Y}."
    return replace(
        one,
        outcome=Outcome.FAIL if over else one.outcome,
        sentence=f"{one.sentence} {said}",
        details={**one.details, "since": begun.isoformat(), "due": due.isoformat()},
    )


def _nights_back(playbook: Playbook) -> int:
    policy = playbook.indicators.withdrawals
    return policy.days if policy and policy.clock in _CLOCKED else 0


WITHDRAWALS = Indicator(
    name=NAME,
    title="Withdrawn consent in training data",
    subject="model",
    measure_model=measure,
    expects_model=lambda _: True,
    conclude_after=conclude,
    nights_back=_nights_back,
)
