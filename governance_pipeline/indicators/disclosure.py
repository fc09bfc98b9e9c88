"""Keeping small groups of people out of sight (law 5): no group under k in any sentence or detail,
and none that subtraction would give back.

The rule is that of statistical offices for frequency tables: primary suppression of cells from 1 to
k-1, and secondary suppression of further cells until the hidden part cannot be worked out from the
total (Hundepool et al., Statistical Disclosure Control, Wiley 2012, chapter 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from governance_pipeline.indicators.base import DatasetInputs


def smallest_group(inputs: DatasetInputs) -> int:
    """The k for counts of rows: the project's minimum where rows are about people, else 0 (hide nothing)."""
    contract = inputs.contract
    people = contract.subject_key or any(column.personal or column.sensitive for column in contract.columns)
    return inputs.minimum_group_size if people else 0


def is_small(count: int, k: int) -> bool:
    """Whether a group must be hidden: somebody is in it, and fewer than ``k``."""
    return 0 < count < k


def part_of(count: int, total: int, k: int) -> int | str:
    """How many of ``total`` may be said: the number, or ``fewer than 11``, or ``all but fewer than 11``
    when the rest is the small group.
    """
    if is_small(count, k):
        return f"fewer than {k}"
    if is_small(total - count, k):
        return f"all but fewer than {k}"
    return count


@dataclass(frozen=True, slots=True)
class Shown:
    """A frequency table that may be published.

    Attributes:
        counts: the cells whose number may be said.
        small: cells of 1 to k-1, which are only said to be "fewer than k".
        withheld: larger cells hidden with them, so that the small ones cannot be worked out.
    """

    counts: Mapping[str, int]
    small: tuple[str, ...] = ()
    withheld: tuple[str, ...] = field(default=())

    def as_details(self, k: int) -> dict[str, int | str]:
        """Every cell with what may be said about it."""
        return {
            **self.counts,
            **dict.fromkeys(self.small, f"fewer than {k}"),
            **dict.fromkeys(self.withheld, "not shown"),
        }


def publishable(cells: Mapping[str, int], k: int) -> Shown:
    """Hide the small cells of a table whose total is known, and as few others as are needed.

    Further cells are hidden, smallest first, until together the hidden ones hold at least ``k`` people.
    One small cell alone never does, so at least two are hidden, and the total less the shown cells says
    nothing about any one of them.
    """
    present = {name: count for name, count in cells.items() if count}
    small = [name for name, count in present.items() if is_small(count, k)]
    if not small:
        return Shown(present)
    rest = sorted((name for name in present if name not in small), key=lambda name: (present[name], name))
    hidden = sum(present[name] for name in small)
    withheld: list[str] = []
    while rest and hidden < k:
        withheld.append(rest.pop(0))
        hidden += present[withheld[-1]]
    return Shown({name: present[name] for name in rest}, tuple(small), tuple(withheld))
