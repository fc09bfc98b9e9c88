"""By what a model's decisions are split: each sensitive attribute, and each pair of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from governance_pipeline.charter.model import SensitiveAttribute
from governance_pipeline.indicators.base import ModelInputs
from governance_pipeline.indicators.statistics import bias_words as words
from governance_pipeline.indicators.statistics.calibration import Scored, scored_groups
from governance_pipeline.indicators.statistics.groups import Group, Tally, hidden, tallies
from governance_pipeline.profiles.profile import GroupTable


@dataclass(frozen=True, slots=True)
class Question:
    """One attribute, or a pair, by which a model's decisions are split.

    Attributes:
        counts: of every group with a decision; the reference among them or not.
        concealed: the groups of which nothing may be shown.
        scored: the groups' outcomes beside their scores; empty where no scores are kept.
        strata: by column, stratum and group, the decisions within a stratum.
    """

    attributes: tuple[SensitiveAttribute, ...]
    counts: Mapping[Group, Tally]
    concealed: frozenset[Group]
    scored: Mapping[Group, Scored] = field(default_factory=dict)
    strata: Mapping[str, Mapping[str, Mapping[Group, Tally]]] = field(default_factory=dict)

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


def questions(inputs: ModelInputs, table: GroupTable) -> Iterator[Question]:
    """The questions that the policy asks of a model, for the attributes that were counted."""
    known = [a for a in inputs.model.sensitive_attributes if a.column in table.attributes]
    pairs = combinations(known, 2) if inputs.playbook.indicators.bias.intersections else ()
    for attributes in (*((attribute,) for attribute in known), *pairs):
        counts = tallies(table, tuple(attribute.column for attribute in attributes))
        reference = tuple(attribute.reference for attribute in attributes)
        sizes = {group: tally.decided for group, tally in counts.items()}
        concealed = hidden(sizes, inputs.minimum_group_size, reference)
        scored = scored_groups(table, tuple(attribute.column for attribute in attributes))
        yield Question(attributes, counts, concealed, scored, _strata(table, attributes))


def _strata(
    table: GroupTable, attributes: tuple[SensitiveAttribute, ...]
) -> dict[str, dict[str, dict[Group, Tally]]]:
    found: dict[str, dict[str, dict[Group, Tally]]] = {}
    for column in table.strata:
        columns = (*(attribute.column for attribute in attributes), column)
        for (*group, stratum), tally in tallies(table, columns).items():
            found.setdefault(column, {}).setdefault(stratum, {})[tuple(group)] = tally
    return found
