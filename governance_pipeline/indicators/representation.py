"""Representation: does a dataset stand for the population that its contract declares?

Each declared group's share of the rows is compared with its share of the population (representation bias),
and in a training snapshot its share of favourable labels with the population's, or where that is not known
with the reference group's (label bias). A comparison warns or fails when the end of the gap's interval that
lies nearest to zero passes the bound AND Holm's control over all comparisons of the dataset agrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from governance_pipeline.charter.contract import Column, Contract, Population
from governance_pipeline.charter.model_policies import RepresentationPolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.disclosure import publishable
from governance_pipeline.indicators.statistics import population_words as words
from governance_pipeline.indicators.statistics.bias_words import verdict
from governance_pipeline.indicators.statistics.gaps import tellable
from governance_pipeline.indicators.statistics.groups import Group, Tally, tallies
from governance_pipeline.indicators.statistics.intervals import (
    newcombe,
    size_interval,
    two_proportion_p_value,
)
from governance_pipeline.indicators.statistics.multiplicity import holm
from governance_pipeline.indicators.statistics.population import against_declared, chi_square
from governance_pipeline.profiles.profile import ColumnProfile
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

NAME = "representation"
UNIT = "share"
EVERYBODY_ELSE = "everybody else"


def applies(contract: Contract) -> bool:
    """Whether the contract declares a population for one of its columns."""
    return any(column.population is not None for column in contract.columns)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One column and what its comparisons have in common."""

    blank: Measurement
    policy: RepresentationPolicy
    column: str
    population: Population
    k: int


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """One measurement per declared group, and one per group and model for labels."""
    policy = inputs.playbook.indicators.representation
    if policy is None:
        return
    blank = Measurement(
        night=inputs.night,
        entity=Entity.dataset(inputs.contract.dataset),
        indicator=NAME,
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=policy.clause,
        unit=UNIT,
        threshold=policy.threshold(inputs.tier),
    )
    for column in inputs.contract.columns:
        if column.population is not None:
            asked = _Asked(blank, policy, column.name, column.population, inputs.minimum_group_size)
            yield from _shares(asked, inputs.profile.columns.get(column.name))
            yield from _labels(asked, inputs, column)


def _shares(asked: _Asked, column: ColumnProfile | None) -> Iterator[Measurement]:
    blank = replace(asked.blank, facet=asked.column, metric="share")
    if column is None:
        yield replace(blank, sentence=words.not_counted(asked.column))
        return
    if column.present < asked.policy.minimum_group:
        sentence = words.too_few_rows(asked.column, asked.policy.minimum_group)
        yield replace(blank, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    counts = _counted(column, asked.population)
    declared = _declared(asked.population)
    shown = publishable(counts, asked.k)
    statistic, p_value = chi_square(counts, declared)
    for group, share in declared.items():
        facet = f"{asked.column}={group}:share"
        count = counts[group]
        if group in shown.withheld:
            sentence = words.withheld(asked.column, group)
            yield replace(blank, facet=facet, outcome=Outcome.INSUFFICIENT, sentence=sentence)
            continue
        small = count < asked.k
        found = against_declared(asked.k - 1 if small else count, column.present, share)
        outcome = _judge(blank, found.size_interval[0])
        yield replace(
            blank,
            facet=facet,
            outcome=outcome,
            value=found.size,
            n=column.present,
            interval=found.size_interval,
            sentence=words.share(
                asked.column, group, found, _verdict(blank, outcome, found.size), small=small
            ),
            details={
                "group": f"{asked.column}={group}",
                "share": found.share,
                "declared": share,
                "difference": found.difference,
                "difference_interval": list(found.interval),
                "p_value": found.p_value,
                "chi_square": None if shown.small else statistic,
                "chi_square_p_value": None if shown.small else p_value,
                "source": asked.population.source,
            },
        )


def _counted(column: ColumnProfile, population: Population) -> dict[str, int]:
    """Rows of each declared group; of everybody else together. Rare values of personal columns, which a
    profile does not keep, are among everybody else.
    """
    counts = {group: column.categories.get(group, 0) for group in population.shares}
    rest = column.present - sum(counts.values())
    return {**counts, EVERYBODY_ELSE: rest} if rest or _rest(population) else counts


def _declared(population: Population) -> dict[str, float]:
    rest = _rest(population)
    return {**population.shares, **({EVERYBODY_ELSE: rest} if rest else {})}


def _rest(population: Population) -> float:
    """The share of everybody else; shares that add up to 1 but for rounding leave nobody."""
    rest = 1 - sum(population.shares.values())
    return rest if rest > 1e-3 else 0.0  # noqa: PLR2004 - finer than any published share


def _judge(blank: Measurement, low: float) -> Outcome:
    return blank.threshold.judge(low) if blank.threshold else Outcome.PASS


def _verdict(blank: Measurement, outcome: Outcome, size: float) -> str:
    return verdict(outcome, size, blank.threshold)


def _labels(asked: _Asked, inputs: DatasetInputs, column: Column) -> Iterator[Measurement]:
    for table in inputs.profile.groups:
        if column.name not in table.attributes:
            continue
        groups = {group: tally for (group,), tally in tallies(table, (column.name,)).items()}
        for group in asked.population.shares:
            found = _label(asked, groups, group)
            if found is not None:
                facet = f"{column.name}={group}:label@{table.model}"
                yield replace(found, facet=facet, metric="label_rate")


def _label(asked: _Asked, groups: Mapping[str, Tally], group: str) -> Measurement | None:
    """A group's share of favourable labels; None where there is nothing to compare it with."""
    population = asked.population
    declared = population.favourable.get(group)
    reference = groups.get(population.reference)
    if declared is None and (not population.reference or group == population.reference):
        return None
    tally = groups.get(group, Tally())
    both = [tally] if declared is not None else [tally, reference or Tally()]
    if any(one.decided < asked.policy.minimum_group or not _told(one, asked.k) for one in both):
        sentence = words.too_few_labels(asked.column, group, asked.policy.minimum_group)
        return replace(asked.blank, outcome=Outcome.INSUFFICIENT, sentence=sentence)
    hits, n = tally.share("selection_rate")
    if declared is not None:
        found = against_declared(hits, n, declared)
        interval, other, p_value, beside = found.interval, declared, found.p_value, "the population"
    else:
        other_hits, other_n = both[1].share("selection_rate")
        interval = newcombe(hits, n, other_hits, other_n)
        p_value = two_proportion_p_value(hits, n, other_hits, other_n)
        other, beside = other_hits / other_n, f"{asked.column} '{population.reference}'"
    size, ends = abs(hits / n - other), size_interval(interval)
    outcome = _judge(asked.blank, ends[0])
    details: dict[str, Any] = {
        "group": f"{asked.column}={group}",
        "rate": hits / n,
        "compared_with": beside,
        "other_rate": other,
        "difference": hits / n - other,
        "difference_interval": list(interval),
        "p_value": p_value,
    }
    said = _verdict(asked.blank, outcome, size)
    return replace(
        asked.blank,
        outcome=outcome,
        value=size,
        n=n,
        interval=ends,
        sentence=words.label(asked.column, group, (hits / n, other), beside, ends, said),
        details=details,
    )


def _told(tally: Tally, k: int) -> bool:
    """Whether neither kind of label is so rare that its share points at people."""
    hits, n = tally.share("selection_rate")
    return tellable(tally, "selection_rate", k) and not (0 < hits < k or 0 < n - hits < k)


def conclude(measurements: list[Measurement], playbook: Playbook) -> list[Measurement]:
    """Family-wise control: Holm over all comparisons of one dataset by shares, and by labels."""
    policy = playbook.indicators.representation
    families: dict[Group, list[int]] = {}
    for index, found in enumerate(measurements):
        if "p_value" in found.details:
            families.setdefault((str(found.entity), found.metric), []).append(index)
    concluded = list(measurements)
    for family in families.values():
        adjusted = holm([float(measurements[index].details["p_value"]) for index in family])
        for index, p_value in zip(family, adjusted, strict=True):
            kept = measurements[index]
            kept = replace(kept, details={**kept.details, "p_value_adjusted": p_value})
            breached = kept.outcome in (Outcome.WARN, Outcome.FAIL)
            if policy is not None and breached and p_value > policy.family_error:
                kept = kept.concluded(Outcome.PASS, words.by_chance(kept.sentence, len(family)))
            concluded[index] = kept
    return concluded


REPRESENTATION = Indicator(
    name=NAME,
    title="Representation of groups",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, _: applies(contract),
    conclude=conclude,
    tags=frozenset({"dataset content"}),
)
