"""Bias: does a model decide, and err, alike for the groups of people it decides about?

Every group of every sensitive attribute, and of every pair of attributes, is compared with the named
reference group by four rates. A comparison warns or fails when the end of the gap's interval that
lies nearest to zero passes the bound AND the family-wise control over all comparisons of the model
(:func:`conclude`) agrees. Too few decisions is an outcome of its own, never a pass; groups under the
minimum size are not shown, nor any that would give them away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

from governance_pipeline.charter.model import SensitiveAttribute
from governance_pipeline.charter.playbook import BiasPolicy, Playbook
from governance_pipeline.indicators.base import Indicator, ModelInputs
from governance_pipeline.indicators.disclosure import part_of
from governance_pipeline.indicators.statistics import bias_words as words
from governance_pipeline.indicators.statistics.gaps import beside, gap, large_enough, tellable
from governance_pipeline.indicators.statistics.groups import (
    METRICS,
    Group,
    Metric,
    Tally,
    hidden,
    tallies,
    undecided,
)
from governance_pipeline.indicators.statistics.multiplicity import holm
from governance_pipeline.indicators.statistics.rates import Rates, fairness_rates, summary
from governance_pipeline.profiles.profile import GroupTable, Profile
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "bias"
UNIT = "share"


@dataclass(frozen=True, slots=True)
class _Question:
    """One attribute, or a pair, by which a model's decisions are split.

    Attributes:
        counts: of every group with a decision; the reference among them or not.
        concealed: the groups of which nothing may be shown.
    """

    attributes: tuple[SensitiveAttribute, ...]
    counts: Mapping[Group, Tally]
    concealed: frozenset[Group]

    @property
    def label(self) -> str:
        return " & ".join(attribute.column for attribute in self.attributes)

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(attribute.title or attribute.column for attribute in self.attributes)

    @property
    def reference(self) -> Group:
        return tuple(attribute.reference for attribute in self.attributes)

    @property
    def groups(self) -> list[Group]:
        """All but the reference that may be shown, in order."""
        return sorted(
            group for group in self.counts if group != self.reference and group not in self.concealed
        )

    def facet(self, group: Group) -> str:
        pairs = zip(self.attributes, group, strict=True)
        return " & ".join(f"{attribute.column}={value}" for attribute, value in pairs)

    def name(self, group: Group) -> str:
        return words.group_name(self.titles, group)


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
    if profile is None or table is None:
        yield replace(blank, sentence=words.not_read(model.predictions.dataset))
        return
    yield from _of_table(inputs, blank, table, _window(inputs, profile))


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
    questions = list(_questions(inputs, table))
    rates = fairness_rates({(q.label, group): tally for q in questions for group, tally in q.counts.items()})
    night = _Night(blank, inputs.playbook.indicators.bias, inputs.model.tier, inputs.minimum_group_size, when)
    for question in questions:
        of_question = {group: rates[question.label, group] for group in question.counts}
        yield from _of_question(night, question, of_question, metrics)


def _questions(inputs: ModelInputs, table: GroupTable) -> Iterator[_Question]:
    known = [a for a in inputs.model.sensitive_attributes if a.column in table.attributes]
    pairs = combinations(known, 2) if inputs.playbook.indicators.bias.intersections else ()
    for attributes in (*((attribute,) for attribute in known), *pairs):
        counts = tallies(table, tuple(attribute.column for attribute in attributes))
        reference = tuple(attribute.reference for attribute in attributes)
        sizes = {group: tally.decided for group, tally in counts.items()}
        yield _Question(attributes, counts, hidden(sizes, inputs.minimum_group_size, reference))


def _of_question(
    night: _Night, question: _Question, rates: Mapping[Group, Rates], metrics: list[Metric]
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


def _compared(
    night: _Night, question: _Question, fit: Mapping[Group, Rates], group: Group, metric: Metric
) -> Measurement:
    gates = metric in night.policy.metrics
    blank = replace(
        night.blank,
        facet=f"{question.facet(group)}:{metric}",
        metric=metric,
        threshold=night.policy.threshold(night.tier) if gates else None,
        details={**night.blank.details, "group": question.facet(group), "gates": gates},
    )
    names = (question.name(group), question.name(question.reference))
    both = (question.counts[group], question.counts[question.reference])
    rates = (fit[group], fit[question.reference])
    found = gap(metric, rates, both)
    if found is None:
        return _too_few(blank, night, both, names, metric)
    outcome = blank.threshold.judge(found.interval[0]) if blank.threshold else Outcome.PASS
    verdict = words.verdict(outcome, found.size, blank.threshold)
    return replace(
        blank,
        outcome=outcome,
        value=found.size,
        n=found.n,
        interval=found.interval,
        sentence=words.gap(night.when, metric, names, found, verdict),
        details={
            **blank.details,
            "reference": question.facet(question.reference),
            **found.details(),
            **beside(metric, *rates),
        },
    )


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
    conclude=conclude,
    tags=frozenset({"model output"}),
)
