"""Drift: do the values a model is fed tonight still look like those it was trained on?

Each feature's window of the night is compared with the training snapshot's profile by the population
stability index. A feature warns or fails when the lower end of the index's interval passes the bound
AND the false-discovery control of the night and of the season (:func:`conclude`) agrees; that the breach
persists is for the incident to require. An index above a bound without that is chance: at 100 rows, 39 of
100 features that did not change have an index above 0.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from governance_pipeline.charter.data_policies import DriftPolicy
from governance_pipeline.charter.model import Feature
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import Baseline, DatasetInputs, Findings, Indicator
from governance_pipeline.indicators.statistics import drift_words as words
from governance_pipeline.indicators.statistics.bins import PairedBins, pair
from governance_pipeline.indicators.statistics.comparison import Comparison, compare, mean
from governance_pipeline.indicators.statistics.decision import decide
from governance_pipeline.indicators.statistics.effects import psi_effect
from governance_pipeline.indicators.statistics.online import Budget, remembered, run_start, standing
from governance_pipeline.indicators.statistics.onset import changed_since
from governance_pipeline.indicators.statistics.samples import (
    Samples,
    column_days,
    drawn_together,
    in_window,
    samples,
)
from governance_pipeline.profiles.profile import CLUSTERS, ColumnProfile, Profile
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

NAME = "drift"
UNIT = "PSI"
WORTH_TELLING = (Outcome.WARN, Outcome.FAIL)
SINCE = ("drifted_since", "days_known_from")
"""The day from which on a column has drifted, and the first day that is known at all, in the details."""


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
    questions = list(_questions(inputs))
    prepared = {question.facet: _samples(inputs, question) for question in questions}
    known = {facet: found for facet, found in prepared.items() if found is not None}
    judged = dict(zip(known, drawn_together(list(known.values())), strict=True))
    for question in questions:
        yield _measured(inputs, question, judged.get(question.facet))


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


def _samples(inputs: DatasetInputs, question: _Question) -> Samples | None:
    """Both sides of the question; None where there are not two, or no common bins."""
    then, now = question.then, inputs.profile.columns.get(question.column)
    if then is None or now is None or not (then.rows and now.rows):
        return None
    bins = pair(then, now)
    if bins is None:
        return None
    days = column_days(inputs.days, question.column)
    window = in_window(days, inputs.night, inputs.playbook.indicators.drift.window_days)
    return samples(bins, then, now, column_days(question.baselines[0].days, question.kept_as), window)


def _measured(inputs: DatasetInputs, question: _Question, judged: Samples | None) -> Measurement:
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
    return _compared(inputs, question, replace(blank, outcome=Outcome.INSUFFICIENT), then, now, judged)


def _compared(
    inputs: DatasetInputs,
    question: _Question,
    blank: Measurement,
    then: ColumnProfile,
    now: ColumnProfile,
    judged: Samples | None,
) -> Measurement:
    """``blank`` with what the two sides say; as it is, with a reason, where they cannot be compared."""
    subject = _subject(inputs.profile, question)
    if judged is None:
        return replace(blank, sentence=words.other_ranges(subject))
    if inputs.contract.cluster and not now.clusters:  # to take rows for independent would be wrong
        why = inputs.profile.unmeasured.get(f"{CLUSTERS}{question.column}", "").rstrip(".")
        return replace(blank, sentence=words.not_by_cluster(subject, inputs.contract.cluster, why))
    if judged.too_few_clusters:
        return replace(blank, sentence=words.too_few_clusters(subject, inputs.contract.cluster or ""))
    blank = replace(blank, details={**blank.details, **_other_windows(inputs, question, then)})
    found = _judged(blank, subject, compare(judged, then, now))
    if found.outcome not in WORTH_TELLING:
        return found
    return replace(found, details={**found.details, **_since(inputs, question, judged.bins)})


def _other_windows(inputs: DatasetInputs, question: _Question, then: ColumnProfile) -> dict[str, Any]:
    """Effect and interval over other windows; shown, never judged."""
    policy = inputs.playbook.indicators.drift
    shown: dict[str, Any] = {}
    for days, columns in sorted(inputs.profile.windows.items()):
        now = columns.get(question.column)
        if now is None or days == policy.window_days or now.rows < policy.minimum_rows:
            continue
        bins = pair(then, now)
        if bins is not None:
            effect = psi_effect(bins.reference, bins.current, ordered=bins.ordered)
            numbers = (effect.value, effect.low, effect.high)
            value, low, high = (float(f"{number:.6g}") for number in numbers)
            shown[str(days)] = {"n": now.rows, "psi": value, "interval": [low, high]}
    return {"windows": shown} if shown else {}


def _since(inputs: DatasetInputs, question: _Question, bins: PairedBins) -> dict[str, Any]:
    """The day on which the change most likely began, of those that are known."""
    days = column_days(inputs.days, question.column)
    began = changed_since(bins.reference, {day: bins.of(column) for day, column in days.items()})
    return {"drifted_since": began.isoformat(), "days_known_from": min(days).isoformat()} if began else {}


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
        return replace(blank, sentence=words.not_counted(subject, profile.unmeasured.get(subject.column, "")))
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


def nights_back(playbook: Playbook) -> int:
    """How many nights before tonight :func:`conclude` looks at."""
    policy = playbook.indicators.drift
    return policy.season_nights + policy.window_days


def conclude(
    measurements: list[Measurement], playbook: Playbook, earlier: Findings | None = None
) -> list[Measurement]:
    """False-discovery control over all features of all datasets of a night, and over the season.

    A warning or failure that does not survive it is a pass with a sentence that says so; a column that
    is gone or changed its type asks no question of chance and is left alone.

    Args:
        measurements: the night's, of all datasets.
        playbook: has the policy.
        earlier: what the nights before found; a night that was never measured is not there.
    """
    asked = [index for index, found in enumerate(measurements) if "p_value" in found.details]
    if not asked:
        return list(measurements)
    night, policy = measurements[asked[0]].night, playbook.indicators.drift
    earlier, overlap = earlier or {}, policy.window_days
    budget = Budget(policy.season_q, policy.season_nights)
    known = standing(earlier, night, overlap)
    before = remembered(earlier, night, budget, overlap)
    decision = decide(
        np.asarray([_surprise(measurements[index]) for index in asked]),
        np.asarray([_key(measurements[index]) in known for index in asked]),
        before,
        policy.q,
        budget,
    )
    concluded = list(measurements)
    control = {"compared": len(asked), "new_findings_before": before}
    for place, index in enumerate(asked):
        found = measurements[index]
        p_value = float(decision.adjusted[place])
        kept = replace(found, details={**found.details, "p_value_adjusted": p_value, **control})
        if found.outcome in WORTH_TELLING:
            if decision.found[place]:
                kept = _dated(kept, run_start(earlier, _key(found), night, overlap))
            else:
                column = str(found.details["column"])
                sentence = words.by_chance(column, found.value or 0.0, len(asked))
                kept = _undated(kept).concluded(Outcome.PASS, sentence)
        concluded[index] = kept
    return concluded


def _key(measurement: Measurement) -> tuple[str, str]:
    return str(measurement.entity), measurement.facet


def _surprise(measurement: Measurement) -> float:
    """The p-value of a difference that is worth telling; 1 of any other."""
    return float(measurement.details["p_value"]) if measurement.outcome in WORTH_TELLING else 1.0


def _undated(measurement: Measurement) -> Measurement:
    """Without a day since which it has been so: it is not so."""
    kept = {name: value for name, value in measurement.details.items() if name not in SINCE}
    return replace(measurement, details=kept)


def _dated(measurement: Measurement, run: date) -> Measurement:
    """With the day from which on it has been so: by the rows of each day where they are known, else the
    first of the nights in a row that found it.
    """
    began = measurement.details.get("drifted_since")
    since = date.fromisoformat(began) if began else run
    earliest = began is not None and began == measurement.details.get("days_known_from")
    details = {**measurement.details, "drifted_since": since.isoformat()}
    sentence = words.since(measurement.sentence, since, measurement.night, earliest=earliest)
    return replace(measurement, details=details, sentence=sentence)


DRIFT = Indicator(
    name=NAME,
    title="Drift against the training data",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, models: any(
        feature.dataset == contract.dataset for model in models for feature in model.features
    ),
    conclude_after=conclude,
    nights_back=nights_back,
    tags=frozenset({"model input"}),
)
