"""What each kind of change is called, which way it goes, why it matters, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance_pipeline.reviews.compare.differences import Path
from governance_pipeline.reviews.compare.judges import Judge, unknown

REST = "**"
ANY = "*"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of change.

    Attributes:
        id: stable word for machines.
        pattern: of paths: ``*`` stands for one step, a last ``**`` for all that follow.
        step: what to do where it needs a person.
    """

    id: str
    pattern: tuple[str, ...]
    judge: Judge
    why: str = ""
    step: str = ""

    def fits(self, path: Path) -> bool:
        if self.pattern[-1] == REST:
            head = self.pattern[:-1]
            return len(path) >= len(head) and _alike(head, path[: len(head)])
        return len(path) == len(self.pattern) and _alike(self.pattern, path)


def _alike(pattern: Sequence[str], path: Sequence[str]) -> bool:
    return all(step in (ANY, one) for step, one in zip(pattern, path, strict=True))


def rule(name: str, pattern: str, judge: Judge = unknown, why: str = "", step: str = "") -> Rule:
    """A rule whose pattern is written ``indicators/*/persist``."""
    return Rule(name, tuple(pattern.split("/")), judge, why, step)


def first(rules: Sequence[Rule], path: Path) -> Rule:
    """The first rule that fits a path. The last rule of every list fits all."""
    return next(one for one in rules if one.fits(path))
