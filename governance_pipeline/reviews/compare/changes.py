"""Two states of a project's files, compared: every difference, named and judged. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.charter.project import Project
from governance_pipeline.reviews.compare.data_rules import CONTRACTS, MODELS
from governance_pipeline.reviews.compare.differences import ABSENT, Difference, Path, differences
from governance_pipeline.reviews.compare.judges import Way, unknown
from governance_pipeline.reviews.compare.plain import ANY_TIER, plain
from governance_pipeline.reviews.compare.playbook_rules import ASSESSMENTS, CHARTER, PLAYBOOK, SETTINGS
from governance_pipeline.reviews.compare.rules import Rule, first, rule

RULES: tuple[Rule, ...] = (
    *PLAYBOOK,
    *CHARTER,
    *ASSESSMENTS,
    *SETTINGS,
    *CONTRACTS,
    *MODELS,
    rule("changed", "**", unknown, "Nobody has said what this changes.", "have somebody look at it"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two states of a project's files.

    Attributes:
        path: of the plain tree, see :mod:`reviews.compare.plain`.
        tiers: for which tiers a bound changes so, the path being that of one of them; empty where it is no
            bound, or changes for all.
    """

    rule: Rule
    way: Way
    path: Path
    before: Any
    after: Any
    tiers: tuple[str, ...] = ()

    @property
    def needs_a_person(self) -> bool:
        return self.way in (Way.WEAKER, Way.UNKNOWN)


def compare(base: Project, head: Project) -> list[Change]:
    """What ``head`` changes of ``base``, by path. The same files in any other layout change nothing."""
    found = [_judged(one) for one in differences(plain(base), plain(head))]
    return _tiers_as_one(found)


def _judged(found: Difference) -> Change:
    fitting = first(RULES, found.path)
    return Change(fitting, fitting.judge(found.before, found.after), found.path, found.before, found.after)


def _tiers_as_one(changes: Sequence[Change]) -> list[Change]:
    """A bound that changes alike for several tiers is one change."""
    groups: dict[tuple[Any, ...], list[Change]] = {}
    for change in changes:
        is_bound = "bounds" in change.path and change.path[-1] in (ANY_TIER, *TIERS)
        place = change.path[:-1] if is_bound and change.path[1] == "indicators" else change.path
        groups.setdefault((place, repr(change.before), repr(change.after)), []).append(change)
    told: list[Change] = []
    for (place, _, _), group in groups.items():
        one = group[0]
        if place == one.path:
            told.append(one)
            continue
        tiers = [change.path[-1] for change in group]
        if ANY_TIER in tiers:
            told.append(Change(one.rule, one.way, place, one.before, one.after))
        else:
            named = tuple(tier for tier in TIERS if tier in tiers)
            told.append(Change(one.rule, one.way, one.path, one.before, one.after, named))
    return told


__all__ = ["ABSENT", "RULES", "Change", "compare"]
