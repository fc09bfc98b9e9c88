"""One measurement, judged again by another policy, from what the store holds of it. Pure.

A judge gives the outcome before the night's control over chance; that is applied afterwards, over all
measurements of the night, by the indicator's own conclusion. Where the store does not hold what the verdict
rested on, it says so (None), and nobody guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from governance_pipeline.charter.indicator_policy import IndicatorPolicy
from governance_pipeline.charter.model_policies import LeakagePolicy, PerformancePolicy
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.performance import bounds as promised_bounds
from governance_pipeline.indicators.statistics.bins import ANY, MISSING
from governance_pipeline.vocabulary.entity import EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold, worst

HOUR = timedelta(hours=1)
_PRESENCE = frozenset({ANY, MISSING})
_SETTLED = frozenset({Outcome.NOT_RUN, Outcome.INSUFFICIENT})


@dataclass(frozen=True, slots=True)
class Case:
    """A measurement, and the policy that it is judged by.

    Attributes:
        bounds: of the policy, for the tier of what was measured.
    """

    found: Measurement
    policy: IndicatorPolicy
    bounds: Threshold
    project: Project


Judge = Callable[[Case], Outcome | None]


def _by_value(case: Case) -> Outcome | None:
    return case.bounds.judge(case.found.value) if case.found.value is not None else case.found.outcome


def _by_near_end(case: Case) -> Outcome | None:
    """Of indicators that ask whether the end of the interval that lies nearer to zero passes the bound."""
    if case.found.interval is None:
        return case.found.outcome
    return case.bounds.judge(case.found.interval[0])


def _recency(case: Case) -> Outcome | None:
    """Bounds are multiples of the contract's promise."""
    contract = case.project.contracts.get(case.found.entity.dataset_name)
    if case.found.facet or case.found.value is None:
        return case.found.outcome
    if contract is None or contract.max_age is None:
        return None
    promise, bounds = contract.max_age / HOUR, case.bounds
    ends = [None if end is None else end * promise for end in (bounds.warn, bounds.fail)]
    return Threshold(ends[0], ends[1]).judge(case.found.value)


def _consent(case: Case) -> Outcome | None:
    """The share is exact only where no group in it was too small to be shown."""
    details = case.found.details
    shown = [details.get("subjects"), *dict(details.get("states", {})).values()]
    if case.found.value is None or not all(isinstance(part, int) for part in shown):
        return None
    judged = case.bounds.judge(case.found.value)
    return worst([judged, Outcome.WARN]) if details.get("rows_without_subject") else judged


def _with_a_doubt(key: str) -> Judge:
    """By value, and at least a warning where the details say that part of it is not known."""

    def judge(case: Case) -> Outcome | None:
        if case.found.facet or case.found.value is None:
            return case.found.outcome
        judged = case.bounds.judge(case.found.value)
        return worst([judged, Outcome.WARN]) if case.found.details.get(key) else judged

    return judge


def _drift(case: Case) -> Outcome | None:
    """Where only presence could be compared, a difference that is none is not enough evidence; the store does
    not say which were such.
    """
    judged, recorded = _by_near_end(case), case.found.outcome
    labels = {str(one.get("label")) for one in case.found.details.get("bins", ())}
    if case.found.interval is None or judged is not Outcome.PASS:
        return judged
    if recorded in (Outcome.PASS, Outcome.INSUFFICIENT):
        return recorded
    return None if labels <= _PRESENCE else judged


def _bias(case: Case) -> Outcome | None:
    return _by_near_end(case) if case.found.details.get("gates") else case.found.outcome


def _performance(case: Case) -> Outcome | None:
    policy, found = case.policy, case.found
    promised = found.details.get("promised")
    if not isinstance(policy, PerformancePolicy) or found.interval is None or promised is None:
        return found.outcome
    model = case.project.models.get(found.entity.name)
    figure: Any = found.facet
    bounds = promised_bounds(policy, model.tier, figure, float(promised)) if model else None
    if bounds is None:
        return None
    return bounds.judge(found.interval[0 if bounds.breach == "above" else 1])


def _giveaway(case: Case) -> Outcome | None:
    """The p-value against chance was taken at the lower bound; at another one it is not known."""
    if case.found.unit == "share":
        return _share(case)
    known = case.found.threshold
    if case.found.interval is None or known is None:
        return case.found.outcome
    lowest = [bounds.warn if bounds.warn is not None else bounds.fail for bounds in (known, case.bounds)]
    return case.bounds.judge(case.found.interval[0]) if lowest[0] == lowest[1] else None


def _share(case: Case) -> Outcome | None:
    """Counted rows of leakage; a small part is only said to be small."""
    found, policy = case.found, case.policy
    if not isinstance(policy, LeakagePolicy) or found.value is None:
        return found.outcome
    part, rows = found.details.get("part"), found.details.get("rows")
    bounds = policy.late if found.facet.startswith("late:") else policy.overlap
    if not isinstance(part, int) or not isinstance(rows, int):
        return None
    return Threshold(bounds.warn, bounds.fail).judge(part / rows)


JUDGES: Mapping[str, Judge] = {
    "recency": _recency,
    "consent": _consent,
    "retention": _with_a_doubt("undated_rows"),
    "provenance": _with_a_doubt("partly_traced"),
    "drift": _drift,
    "bias": _bias,
    "representation": _by_near_end,
    "prediction_drift": _by_near_end,
    "performance": _performance,
    "calibration": _by_near_end,
    "proxy": _giveaway,
    "leakage": _giveaway,
    "rehearsal": _by_value,
    "access": _with_a_doubt("to_come"),
}
BY_BOUNDS = frozenset({"warn", "fail", "by_tier"})
REPLAYED_KEYS: Mapping[str, frozenset[str]] = {
    "drift": frozenset({"q", "season_q"}),
    "bias": frozenset({"family_error"}),
    "representation": frozenset({"family_error"}),
    "prediction_drift": frozenset({"q"}),
    "proxy": frozenset({"q"}),
    "leakage": frozenset({"q", "late", "overlap"}),
    "performance": frozenset({"errors"}),
}
"""Keys of a policy, beside its bounds, that a judge or the night's control reads."""

NO_VERDICT = frozenset({"clause", "enabled", "persist", "close_after", "weight"})
"""Keys that change no outcome: what follows from it is replayed from them."""


def rejudged(found: Measurement, playbook: Playbook, project: Project) -> Outcome | None:
    """The outcome by the playbook's bounds, before the night's control; None where nobody can say."""
    judge, policy = JUDGES.get(found.indicator), playbook.policy(found.indicator)
    if found.outcome in _SETTLED and not (found.indicator == "drift" and found.interval):
        return found.outcome
    if judge is None or policy is None:
        return found.outcome
    side: Literal["above", "below"] = "below" if found.indicator in ("consent", "provenance") else "above"
    return judge(Case(found, policy, policy.threshold(_tier(found, project), side), project))


def _tier(found: Measurement, project: Project) -> str | None:
    if found.entity.kind is EntityKind.MODEL:
        model = project.models.get(found.entity.name)
        return model.tier if model else None
    return project.tier(found.entity.dataset_name)


def not_replayed_keys(name: str, before: IndicatorPolicy, after: IndicatorPolicy) -> list[str]:
    """Keys that differ between two policies of an indicator, and that need its data again."""
    bounds = BY_BOUNDS if name in JUDGES else frozenset()
    seen = bounds | NO_VERDICT | REPLAYED_KEYS.get(name, frozenset())
    held, holds = before.model_dump(), after.model_dump()
    return sorted(key for key in held if held[key] != holds.get(key) and key not in seen)
