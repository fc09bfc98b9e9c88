"""One measured governance fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.outcome import Outcome, Threshold


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one indicator found for one entity on one night.

    Unique by (night, entity, indicator, facet).

    Attributes:
        night: the night measured; the partition key everywhere.
        entity: the dataset or model measured.
        indicator: the indicator's registered name, e.g. ``recency`` or ``drift``.
        facet: which part of the entity: a column, a purpose, a rule, a pair of groups; "" for all.
        value: the number measured, in ``unit``; None where none could be.
        unit: "hours", "share", "PSI", "days", "rows", "" for a plain count.
        n: how many rows, subjects or units the number rests on.
        interval: 95 % interval of the value where one is defined.
        threshold: the bounds it was judged by.
        sentence: one sentence that a lawyer understands.
        clause: the playbook clause it answers to.
        details: JSON-able aggregates behind the number; never a subject id or raw value.
        metric: the statistic where an indicator has several (``psi``, ``selection_rate``).
    """

    night: date
    entity: Entity
    indicator: str
    outcome: Outcome
    sentence: str
    clause: str
    facet: str = ""
    metric: str = ""
    value: float | None = None
    unit: str = ""
    n: int = 0
    interval: tuple[float, float] | None = None
    threshold: Threshold | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """(entity, indicator, facet): the same key on another night is the same question."""
        return (str(self.entity), self.indicator, self.facet)

    def concluded(self, outcome: Outcome, sentence: str | None = None) -> Measurement:
        """The same measurement with another conclusion (e.g. after multiplicity control)."""
        return replace(self, outcome=outcome, sentence=self.sentence if sentence is None else sentence)
