"""Bias: does a model decide, and err, alike for the groups of people it decides about?

Every group of every sensitive attribute, and of every pair of attributes, is compared with the named
reference group: by four rates (demographic parity, equal opportunity, predictive parity and the rate of
wrongly favourable decisions), by equalized odds, and, where scores are kept, by how well these are
calibrated. The policy compares rates by difference or by ratio (the four-fifths rule).

A comparison warns or fails when the end of the gap's interval that lies nearest to zero passes the bound
AND the family-wise control over all comparisons of the model (:func:`conclude`) agrees. Too few decisions
is an outcome of its own, never a pass; groups under the minimum size are not shown, nor any that would give
them away. Where a gap turns round within strata that the model's file names, the sentence says so
(Simpson's paradox).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from governance_pipeline.charter.model_policies import BiasPolicy, FairnessMetric
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.bias_questions import Question, questions
from governance_pipeline.indicators.disclosure import part_of
from governance_pipeline.indicators.statistics import bias_words as words
from governance_pipeline.indicators.statistics.gaps import (
    ODDS,
    Found,
    Gap,
    beside,
    calibration_gap,
    gap,
    large_enough,
    odds_gap,
    tellable,
)
from governance_pipeline.indicators.statistics.groups import (
    METRICS,
    Group,
    Metric,
    Tally,
    tallies,
    undecided,
)
from governance_pipeline.indicators.statistics.multiplicity import holm
from governance_pipeline.indicators.statistics.rates import Rates, fairness_rates, summary
from governance_pipeline.indicators.statistics.strata import within_strata
from governance_pipeline.profiles.profile import GroupTable, Profile
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "bias"
UNIT = "share"


@dataclass(frozen=True, slots=True)
class _Night:
    """What all comparisons of a model have in common; ``when`` is the window in words."""

    blank: Measurement
    policy: BiasPolicy
    tier: str
    k: int
    when: str


def measure(inputs: ModelInputs) -> Iterator[Measurement]:
    """One measurement per group and rate; at least one for every model."""
    blank = _blank(inputs)
    model = inputs.model
    title = model.title or model.name
    if not model.sensitive_attributes:
        yield replace(blank, outcome=Outcome.INSUFFICIENT, sentence=words.no_sensitive(title))
        return
    if model.predictions is None:
        yield replace(blank, sentence=words.no_predictions(title))
        return
    profile = inputs.profiles.get(model.predictions.dataset)
    table = next((t for t in profile.groups if t.model == model.name), None) if profile else None
    if profile is None or table is None or f"groups:{model.name}" in profile.unmeasured:
        yield replace(blank, sentence=words.not_read(model.predictions.dataset))
        return
    yield from _of_table(inputs, blank, table, _window(inputs, profile))


def of_held_out(inputs: ModelInputs) -> list[Measurement]:
    """The same of what ``inputs.version`` said of the rows of its training data that it had not learned from.

    Concluded, and empty where the baseline holds no such decisions by group. So a version can be judged that
    has decided about nobody yet.
    """
    tables = inputs.baseline.groups if inputs.baseline else ()
    table = next((one for one in tables if one.model == inputs.model.name and one.attributes), None)
    if table is None or inputs.version is None or not any(c.prediction is not None for c in table.cells):
        return []
    decided = replace(table, cells=tuple(c for c in table.cells if c.prediction is not None))
    found = _of_table(inputs, _blank(inputs), decided, words.held_out(inputs.version.version))
    return conclude(list(found), inputs.playbook)


def _blank(inputs: ModelInputs) -> Measurement:
    """Everything that is known before anything is counted; not run until it is."""
    return Measurement(
        night=inputs.night,
        entity=Entity.model(inputs.model.name),
        indicator=NAME,
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=inputs.playbook.indicators.bias.clause,
        unit=UNIT,
        details={"version": inputs.version.version if inputs.version else None},
    )


def _window(inputs: ModelInputs, profile: Profile) -> str:
    """The window in words; a dataset whose newest row has no time is counted whole."""
    dated = profile.watermark is not None
    return words.window(inputs.playbook.indicators.bias.window_days if dated else None, inputs.night)


def _of_table(inputs: ModelInputs, blank: Measurement, table: GroupTable, when: str) -> Iterator[Measurement]:
    everyone = tallies(table, ()).get((), Tally())
    if everyone.decided == 0:
        yield replace(blank, outcome=Outcome.INSUFFICIENT, sentence=words.no_decisions(when))
        return
    rows = everyone.decided + undecided(table)
    without = part_of(undecided(table), rows, inputs.minimum_group_size)
    blank = replace(blank, details={**blank.details, "without_a_decision": without})
    if without:
        sentence = words.without_decision(when, without, rows)
        yield replace(blank, facet="without a decision", outcome=Outcome.WARN, sentence=sentence)
    for attribute in inputs.model.sensitive_attributes:
        if attribute.column not in table.attributes:
            yield replace(blank, facet=attribute.column, sentence=words.no_attribute(attribute.column))
    metrics = [metric for metric in METRICS if everyone.share(metric)[1]]
    for metric in METRICS:
        if metric not in metrics:
            sentence = words.no_outcomes(metric)
            yield replace(blank, facet=metric, metric=metric, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    asked = list(questions(inputs, table))
    rates = fairness_rates({(q.label, group): tally for q in asked for group, tally in q.counts.items()})
    night = _Night(blank, inputs.playbook.indicators.bias, inputs.model.tier, inputs.minimum_group_size, when)
    for question in asked:
        of_question = {group: rates[question.label, group] for group in question.counts}
        yield from _of_question(night, question, of_question, metrics)


def _of_question(
    night: _Night, question: Question, rates: Mapping[Group, Rates], metrics: list[Metric]
) -> Iterator[Measurement]:
    blank, least, reference = night.blank, night.policy.minimum_group, question.reference
    if question.concealed:
        sentence = words.too_small(question.titles, len(question.concealed))
        facet = f"{question.label}=too small to show"
        yield replace(blank, facet=facet, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    if reference not in question.counts:
        yield replace(blank, facet=question.label, sentence=words.no_reference(question.name(reference)))
        return
    if reference in question.concealed or question.counts[reference].decided < least:
        sentence = words.small_reference(question.name(reference), least)
        yield replace(blank, facet=question.label, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    if not question.groups and not question.concealed:
        sentence = words.one_group(night.when, question.name(reference))
        yield replace(blank, facet=question.label, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    fit = {
        group: large_enough(rates[group], question.counts[group], least, night.k)
        for group in (reference, *question.groups)
    }
    over_all = {
        name: None if value is None else round(value, 6) for name, value in summary(fit.values()).items()
    }
    night = replace(night, blank=replace(blank, details={**blank.details, "all_groups": over_all}))
    for group in question.groups:
        for metric in metrics:
            yield _compared(night, question, fit, group, metric)
        yield from _derived(night, question, fit, group, metrics)


def _derived(
    night: _Night, question: Question, fit: Mapping[Group, Rates], group: Group, metrics: list[Metric]
) -> Iterator[Measurement]:
    """Equalized odds and calibration; where they do not gate, only if there is enough to tell."""
    pairs = (fit[group], fit[question.reference]), _both(question, group)
    by_ratio = night.policy.compare_by == "ratio"
    odds = odds_gap(*pairs, by_ratio=by_ratio) if {*ODDS} <= {*metrics} else None
    scored = (question.scored.get(group), question.scored.get(question.reference))
    calibrated = calibration_gap(*scored, night.policy.minimum_group, night.k)
    derived: tuple[tuple[FairnessMetric, Found | None], ...] = (
        ("equalized_odds", odds),
        ("calibration", calibrated),
    )
    for metric, found in derived:
        blank = _blank_of(night, question, group, metric)
        if found is not None:
            yield _judged(blank, night, question, group, metric, found)
        elif blank.details["gates"]:
            sentence = words.too_few_derived(metric, _names(question, group), night.policy.minimum_group)
            yield replace(blank, outcome=Outcome.INSUFFICIENT, sentence=sentence)


def _blank_of(night: _Night, question: Question, group: Group, metric: FairnessMetric) -> Measurement:
    gates = metric in night.policy.metrics
    return replace(
        night.blank,
        facet=f"{question.facet(group)}:{metric}",
        metric=metric,
        threshold=night.policy.threshold(night.tier) if gates else None,
        details={**night.blank.details, "group": question.facet(group), "gates": gates},
    )


def _names(question: Question, group: Group) -> tuple[str, str]:
    return question.name(group), question.name(question.reference)


def _both(question: Question, group: Group) -> tuple[Tally, Tally]:
    return question.counts[group], question.counts[question.reference]


def _compared(
    night: _Night, question: Question, fit: Mapping[Group, Rates], group: Group, metric: Metric
) -> Measurement:
    blank = _blank_of(night, question, group, metric)
    both = _both(question, group)
    rates = (fit[group], fit[question.reference])
    found = gap(metric, rates, both, by_ratio=night.policy.compare_by == "ratio")
    if found is None:
        return _too_few(blank, night, both, _names(question, group), metric)
    judged = _judged(blank, night, question, group, metric, found)
    judged = replace(judged, details={**judged.details, **beside(metric, *rates)})
    return _looked_at_again(judged, night, question, group, metric, found)


def _judged(
    blank: Measurement,
    night: _Night,
    question: Question,
    group: Group,
    metric: FairnessMetric,
    found: Found,
) -> Measurement:
    outcome = blank.threshold.judge(found.interval[0]) if blank.threshold else Outcome.PASS
    verdict = words.verdict(outcome, found.size, blank.threshold)
    return replace(
        blank,
        outcome=outcome,
        value=found.size,
        n=found.n,
        interval=found.interval,
        sentence=words.comparison(night.when, metric, _names(question, group), found, verdict),
        details={
            **blank.details,
            "reference": question.facet(question.reference),
            **found.details(),
        },
    )


def _looked_at_again(
    judged: Measurement, night: _Night, question: Question, group: Group, metric: Metric, found: Gap
) -> Measurement:
    """Says where a gap that is more than chance turns round within strata; it does not change the
    outcome, which people may then explain.
    """
    low, high = found.difference_interval
    again: dict[str, Any] = {}
    for column, strata in question.strata.items():
        pairs = {
            stratum: (of_stratum.get(group, Tally()), of_stratum.get(question.reference, Tally()))
            for stratum, of_stratum in strata.items()
        }
        within = within_strata({s: (a.share(metric), b.share(metric)) for s, (a, b) in pairs.items()})
        if within is None:
            continue
        told = [s for s in within.against if all(tally.share(metric)[1] >= night.k for tally in pairs[s])]
        reverses = not low <= 0 <= high and within.difference * (found.rate - found.reference_rate) < 0
        again[column] = {
            "difference": within.difference,
            "interval": list(within.interval),
            "strata": within.compared,
            "against": told,
            "reverses": reverses,
        }
        if reverses:
            sentence = words.reverses(judged.sentence, column, _names(question, group), within)
            judged = replace(judged, sentence=sentence)
    return replace(judged, details={**judged.details, "within": again}) if again else judged


def _too_few(
    blank: Measurement, night: _Night, both: tuple[Tally, Tally], names: tuple[str, str], metric: Metric
) -> Measurement:
    """Not enough decisions behind a rate; how many is said only where that gives nobody away."""
    told = [tally.share(metric)[1] if tellable(tally, metric, night.k) else None for tally in both]
    known = ["not shown" if n is None else f"{n:,}" for n in told]
    sentence = words.too_few(metric, names, (known[0], known[1]), night.policy.minimum_group)
    return replace(blank, n=told[0] or 0, outcome=Outcome.INSUFFICIENT, sentence=sentence)


def conclude(measurements: list[Measurement], playbook: Playbook) -> list[Measurement]:
    """Family-wise control: Holm over all comparisons of one model by one rate.

    A warning or failure that does not survive it is a pass with a sentence that says so.
    """
    families: dict[tuple[Entity, str], list[int]] = {}
    for index, found in enumerate(measurements):
        if "p_value" in found.details:
            families.setdefault((found.entity, found.metric), []).append(index)
    concluded = list(measurements)
    for family in families.values():
        adjusted = holm([float(measurements[index].details["p_value"]) for index in family])
        for index, p_value in zip(family, adjusted, strict=True):
            found = measurements[index]
            kept = replace(found, details={**found.details, "p_value_adjusted": p_value})
            breached = found.outcome in (Outcome.WARN, Outcome.FAIL)
            if breached and p_value > playbook.indicators.bias.family_error:
                kept = kept.concluded(Outcome.PASS, words.by_chance(found.sentence, len(family)))
            concluded[index] = kept
    return concluded


BIAS = Indicator(
    name=NAME,
    title="Bias between groups",
    subject="model",
    measure_model=measure,
    expects_model=lambda model: model.predictions is not None and bool(model.sensitive_attributes),
    conclude=conclude,
    tags=frozenset({"model output"}),
)
