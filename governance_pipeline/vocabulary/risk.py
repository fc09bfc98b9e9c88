"""Risk of one entity on one night, with every contribution named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from governance_pipeline.vocabulary.entity import Entity


@dataclass(frozen=True, slots=True)
class Contribution:
    """One additive part of a risk score.

    Attributes:
        source: the measurement or upstream entity it comes from, e.g. ``recency`` or
            ``dataset:lending.bureau_scores``.
        points: how many points it adds, never negative.
        sentence: why, in words.
    """

    source: str
    points: float
    sentence: str


@dataclass(frozen=True, slots=True)
class RiskScore:
    """Additive risk: ``score`` is the capped sum of ``contributions``' points (0-100).

    Attributes:
        tier: ``low``, ``medium``, ``high`` or ``critical`` by the playbook's bounds.
        previous: last night's score, None on the first night.
    """

    night: date
    entity: Entity
    score: float
    tier: str
    contributions: tuple[Contribution, ...] = ()
    previous: float | None = None

    @property
    def difference(self) -> float | None:
        """Change against last night; None without one."""
        return None if self.previous is None else self.score - self.previous
