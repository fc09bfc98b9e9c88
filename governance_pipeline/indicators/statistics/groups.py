"""From a model's contingency to counts per group, and which groups may be shown at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.profiles.profile import GroupTable

Metric = Literal["selection_rate", "true_positive_rate", "false_positive_rate", "precision"]
METRICS: tuple[Metric, ...] = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision")
"""Rates of a group."""

Group = tuple[str, ...]
"""One value per attribute."""

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Tally:
    """Decisions for one group by outcome; "true" means that decision and outcome agree.

    Attributes:
        true_favourable: favourable decision, favourable outcome; and so on.
        open_favourable: favourable decision whose outcome is not known yet.
    """

    true_favourable: int = 0
    false_favourable: int = 0
    true_unfavourable: int = 0
    false_unfavourable: int = 0
    open_favourable: int = 0
    open_unfavourable: int = 0

    @property
    def decided(self) -> int:
        """All decisions."""
        return self.known + self.open_favourable + self.open_unfavourable

    @property
    def positives(self) -> int:
        """Known favourable outcomes: what the true positive rate is a share of."""
        return self.true_favourable + self.false_unfavourable

    @property
    def negatives(self) -> int:
        """Known unfavourable outcomes: what the false positive rate is a share of."""
        return self.false_favourable + self.true_unfavourable

    @property
    def known(self) -> int:
        """Decisions whose outcome is known."""
        return self.positives + self.negatives

    def share(self, metric: Metric) -> tuple[int, int]:
        """(how many, of how many) for a metric; of 0 there is no rate, whatever a tool may print."""
        favourable = self.true_favourable + self.false_favourable
        return {
            "selection_rate": (favourable + self.open_favourable, self.decided),
            "true_positive_rate": (self.true_favourable, self.positives),
            "false_positive_rate": (self.false_favourable, self.negatives),
            "precision": (self.true_favourable, favourable),
        }[metric]


def tallies(table: GroupTable, attributes: tuple[str, ...]) -> dict[Group, Tally]:
    """Decisions by the values of ``attributes`` (and strata, some of the table's), summed over the others.

    Rows without a prediction are no decision and are left out; a missing attribute is the group
    "not recorded".
    """
    places = [table.dimensions.index(attribute) for attribute in attributes]
    counts: dict[Group, dict[tuple[int | None, int], int]] = {}
    for cell in table.cells:
        if cell.prediction is None:
            continue
        group = tuple(NOT_RECORDED if cell.groups[i] is None else str(cell.groups[i]) for i in places)
        of_group = counts.setdefault(group, {})
        key = (cell.label, cell.prediction)
        of_group[key] = of_group.get(key, 0) + cell.count
    return {
        group: Tally(
            true_favourable=of_group.get((1, 1), 0),
            false_favourable=of_group.get((0, 1), 0),
            true_unfavourable=of_group.get((0, 0), 0),
            false_unfavourable=of_group.get((1, 0), 0),
            open_favourable=of_group.get((None, 1), 0),
            open_unfavourable=of_group.get((None, 0), 0),
        )
        for group, of_group in counts.items()
        if any(of_group.values())
    }


def undecided(table: GroupTable) -> int:
    """Rows without a prediction."""
    return sum(cell.count for cell in table.cells if cell.prediction is None)


def hidden(counts: Mapping[Group, int], k: int, reference: Group) -> frozenset[Group]:
    """Groups of which nothing may be shown: the small ones, and those that would give them away.

    The totals along every line of the table are taken as known (of all groups, or, for two attributes,
    of each value of either): where a line hides something, at least two of its groups are hidden and
    they hold at least ``k`` people together, so that a total less the shown groups gives away nobody.
    Larger groups are added smallest first, the reference last. Source: secondary suppression, as in
    :mod:`governance_pipeline.indicators.disclosure`.
    """
    out = {group for group, count in counts.items() if is_small(count, k)}
    lines = list(_lines(counts))
    changed = bool(out)
    while changed:
        changed = False
        for line in lines:
            concealed = [group for group in line if group in out]
            enough = len(concealed) > 1 and sum(counts[group] for group in concealed) >= k
            shown = [group for group in line if group not in out]
            if concealed and not enough and shown:
                out.add(min(shown, key=lambda group: (group == reference, counts[group], group)))
                changed = True
    return frozenset(out)


def _lines(groups: Iterable[Group]) -> Iterable[list[Group]]:
    present = list(groups)
    width = len(present[0]) if present else 0
    if width == 1:
        yield present
        return
    for place in range(width):
        for value in sorted({group[place] for group in present}):
            yield [group for group in present if group[place] == value]
