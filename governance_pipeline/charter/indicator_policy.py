"""What the policies of all indicators share: the clause, the bounds by tier, and what a breach leads to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.vocabulary.outcome import Threshold

Tier = Literal["low", "medium", "high", "critical"]

TIERS: tuple[Tier, ...] = ("low", "medium", "high", "critical")


class Bounds(FileModel):
    """Warn and fail bounds of one number."""

    warn: float | None = None
    fail: float | None = None


class IndicatorPolicy(Bounds):
    """What all indicators share.

    Attributes:
        clause: id of the playbook clause.
        by_tier: other bounds for a tier (of the model, or of the dataset's most critical model).
        persist: nights in a row a breach must stand before it becomes an incident.
        close_after: nights in a row without breach before an incident is closed.
        weight: points of risk a failure adds; a warning adds half.
    """

    clause: str
    enabled: bool = True
    by_tier: dict[Tier, Bounds] = Field(default_factory=dict)
    persist: int = Field(1, ge=1, le=30)
    close_after: int = Field(2, ge=1, le=30)
    weight: float = Field(20.0, ge=0, le=100)

    def threshold(self, tier: str | None, breach: Literal["above", "below"] = "above") -> Threshold:
        """The bounds for ``tier``, as a value that can judge."""
        bounds: Bounds = self
        if tier is not None:
            bounds = next((b for name, b in self.by_tier.items() if name == tier), self)
        return Threshold(bounds.warn, bounds.fail, breach)
