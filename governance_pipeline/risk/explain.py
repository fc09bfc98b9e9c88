"""A risk score in words."""

from __future__ import annotations

from governance_pipeline.indicators.wording import number
from governance_pipeline.vocabulary.entity import EntityKind
from governance_pipeline.vocabulary.risk import Contribution, RiskScore

LEAST_DIFFERENCE = 0.05


def explain(risk: RiskScore, most: int = 3) -> str:
    """One paragraph: the score, its change, and its ``most`` largest parts with their reasons."""
    shown, rest = risk.contributions[:most], risk.contributions[most:]
    parts = [f"{_name(risk)} has a {risk.tier} risk of {_points(risk.score)} of 100{_change(risk)}."]
    if not shown:
        parts.append("Nothing that was measured tonight adds to it.")
    parts += [f"{_source(one)} adds {_points(one.points)}: {one.sentence}" for one in shown]
    if rest:
        together = sum(one.points for one in rest)
        causes = "1 smaller cause adds" if len(rest) == 1 else f"{len(rest)} smaller causes add"
        parts.append(f"{causes} {_points(together)}.")
    return " ".join(parts)


def _name(risk: RiskScore) -> str:
    entity = risk.entity
    if entity.kind is EntityKind.COLUMN:
        return f"The feature {entity.column_name} of {entity.dataset_name}"
    return f"The model {entity.name}" if entity.kind is EntityKind.MODEL else entity.name


def _source(part: Contribution) -> str:
    """``recency`` as ``Recency``; an upstream entity as ``lending.incomes``, or its column."""
    name = part.source.partition(":")[2].replace("#", ", column ")
    return name or part.source.replace("_", " ").capitalize()


def _change(risk: RiskScore) -> str:
    if risk.difference is None:
        return ""
    if abs(risk.difference) < LEAST_DIFFERENCE:
        return ", as on the last night measured"
    direction = "up" if risk.difference > 0 else "down"
    return f", {direction} {_points(abs(risk.difference))} since the last night measured"


def _points(value: float) -> str:
    return number(round(value, 1))
