"""Drift: do the values a model is fed tonight still look like those it was trained on?

Each feature's window of the night is compared with the training snapshot's profile by the population
stability index. A feature warns or fails when the lower end of the index's interval passes the bound
AND the night's false-discovery control (:func:`conclude`) agrees; that the breach persists is for the
incident to require. An index above a bound without that is chance: at 100 rows, 39 of 100 features
that did not change have an index above 0.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from governance_pipeline.charter.model import Feature
from governance_pipeline.charter.playbook import DriftPolicy, Playbook
from governance_pipeline.indicators.base import Baseline, DatasetInputs, Indicator
from governance_pipeline.indicators.statistics import drift_words as words
from governance_pipeline.indicators.statistics.bins import pair
from governance_pipeline.indicators.statistics.comparison import Comparison, compare, mean
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.profiles.profile import ColumnProfile, Profile
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "drift"
UNIT = "PSI"


@dataclass(frozen=True, slots=True)
class _Question:
    """One column and the baselines (alike for this column) it is compared with."""

    column: str
    facet: str
    baselines: tuple[Baseline, ...]
    then: ColumnProfile | None
    kept_as: str


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """One measurement for every column of the dataset that a model with a baseline reads."""
    for question in _questions(inputs):
        yield _measured(inputs, question)


def _questions(inputs: DatasetInputs) -> Iterator[_Question]:
    """Per column: one question where all its models learned from the same values, else one each."""
    readers: dict[str, list[tuple[Baseline, Feature]]] = {}
    for base in inputs.baselines:
        for feature in base.model.features:
            if feature.dataset == inputs.contract.dataset:
                readers.setdefault(feature.name, []).append((base, feature))
    for column, found in sorted(readers.items()):
        thens = [base.profile.columns.get(feature.baseline_column) for base, feature in found]
        if all(_same_values(then, thens[0]) for then in thens):
            bases = tuple({base.model.name: base for base, _ in found}.values())
            yield _Question(column, column, bases, thens[0], found[0][1].baseline_column)
            continue
        seen: set[str] = set()
        for (base, feature), then in zip(found, thens, strict=True):
            if base.model.name not in seen:
                seen.add(base.model.name)
                facet = f"{column}@{base.model.name}"
                yield _Question(column, facet, (base,), then, feature.baseline_column)


def _same_values(first: ColumnProfile | None, second: ColumnProfile | None) -> bool:
    if first is None or second is None:
        return first is second
    return replace(first, name="") == replace(second, name="")


def _measured(inputs: DatasetInputs, question: _Question) -> Measurement:
    policy = inputs.playbook.indicators.drift
    subject = _subject(inputs.profile, question)
    blank = _blank(inputs, question, policy)
    then, now = question.then, inputs.profile.columns.get(question.column)
    if now is None:
        return _without_column(blank, inputs.profile, subject)
    blank = replace(blank, n=now.rows, details={**blank.details, **_facts(then, now)})
    if then is None:
        return replace(blank, sentence=words.no_baseline(subject, question.kept_as))
    if now.present and then.present and then.kind != now.kind:
        sentence = words.type_changed(subject, then.kind, now.kind)
        return replace(blank, outcome=Outcome.FAIL, sentence=sentence)
    if min(now.rows, then.rows) < policy.minimum_rows:
        sentence = words.too_few(subject, now.rows, then.rows, policy.minimum_rows)
        return replace(blank, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    bins = pair(then, now)
    if bins is None:
        return replace(blank, outcome=Outcome.INSUFFICIENT, sentence=words.other_ranges(subject))
    return _judged(blank, subject, compare(bins, then, now))


def _subject(profile: Profile, question: _Question) -> words.Subject:
    return words.Subject(
        column=question.column,
        models=tuple(base.model.title or base.model.name for base in question.baselines),
        since=profile.window_start.date() if profile.window_start else None,
    )


def _blank(inputs: DatasetInputs, question: _Question, policy: DriftPolicy) -> Measurement:
    """Everything that is known before anything is compared; not run until it is."""
    since = inputs.profile.window_start
    return Measurement(
        night=inputs.night,
        entity=Entity.dataset(inputs.contract.dataset),
        indicator=NAME,
        facet=question.facet,
        metric="psi",
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=policy.clause,
        unit=UNIT,
        threshold=policy.threshold(inputs.tier),
        details={
            "column": question.column,
            "since": since.date().isoformat() if since else None,
            "models": [
                {"model": base.model.name, "version": base.version.version, "snapshot": base.profile.dataset}
                for base in question.baselines
            ],
        },
    )


def _without_column(blank: Measurement, profile: Profile, subject: words.Subject) -> Measurement:
    """A feature that is gone fails; one that is there but could not be counted was not run."""
    if not profile.schema or any(name == subject.column for name, _ in profile.schema):
        return replace(blank, sentence=words.not_counted(subject))
    return replace(blank, outcome=Outcome.FAIL, n=profile.window_rows, sentence=words.gone(subject))


def _facts(then: ColumnProfile | None, now: ColumnProfile) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "type_now": now.engine_type,
        "mean_now": mean(now),
        "missing_now": _missing_share(now),
    }
    if then is not None:
        facts |= {
            "n_then": then.rows,
            "type_then": then.engine_type,
            "mean_then": mean(then),
            "missing_then": _missing_share(then),
        }
    return facts


def _missing_share(column: ColumnProfile) -> float | None:
    return round((column.nulls + column.nans) / column.rows, 6) if column.rows else None


def _judged(blank: Measurement, subject: words.Subject, found: Comparison) -> Measurement:
    threshold = blank.threshold or Threshold(None, None)
    outcome = threshold.judge(found.effect.low)
    if outcome in (Outcome.FAIL, Outcome.WARN):
        sentence = words.differs(subject, found, threshold)
    elif not found.bins.exact:
        outcome, sentence = Outcome.INSUFFICIENT, words.presence_only(subject)
    elif threshold.judge(found.effect.value) is not Outcome.PASS:
        sentence = words.may_differ(subject, found, threshold)
    else:
        sentence = words.alike(subject, found, threshold)
    return replace(
        blank,
        outcome=outcome,
        value=found.effect.value,
        interval=(found.effect.low, found.effect.high),
        details={**blank.details, **found.details()},
        sentence=sentence,
    )


def conclude(measurements: list[Measurement], playbook: Playbook) -> list[Measurement]:
    """False-discovery control over all features of all datasets of a night.

    Benjamini-Hochberg at the policy's q. A warning or failure that does not survive it is a pass
    with a sentence that says so; a column that is gone or changed its type asks no question of
    chance and is left alone.
    """
    asked = [index for index, found in enumerate(measurements) if "p_value" in found.details]
    adjusted = benjamini_hochberg([float(measurements[index].details["p_value"]) for index in asked])
    concluded = list(measurements)
    q = playbook.indicators.drift.q
    for index, p_value in zip(asked, adjusted, strict=True):
        found = measurements[index]
        kept = replace(found, details={**found.details, "p_value_adjusted": p_value, "compared": len(asked)})
        if p_value > q and found.outcome in (Outcome.WARN, Outcome.FAIL):
            sentence = words.by_chance(str(found.details["column"]), found.value or 0.0, len(asked))
            kept = kept.concluded(Outcome.PASS, sentence)
        concluded[index] = kept
    return concluded


DRIFT = Indicator(
    name=NAME,
    title="Drift against the training data",
    subject="dataset",
    measure_dataset=measure,
    conclude=conclude,
    tags=frozenset({"model input"}),
)
