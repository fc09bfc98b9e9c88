"""A project's files as one tree of plain data: what they mean, whatever they look like.

Lists whose order says nothing become sets or are keyed by what names their entries; what stands for a
default is written out; so that moving, sorting or reformatting lines changes nothing here, and nothing that a
file can say is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from governance_pipeline.charter.contract import Column, Contract, QualityRule
from governance_pipeline.charter.indicator_policy import TIERS, IndicatorPolicy
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import EscalationStep, Indicators, Playbook, Requirement
from governance_pipeline.charter.project import Project
from governance_pipeline.vocabulary.function import Function

ANY_TIER = "any"
_LINE = re.compile(r" \(line \d+\)$")


def plain(project: Project) -> dict[str, Any]:
    """The whole of a project's files; paths are those below the project's folder."""
    found: dict[str, Any] = _below(str(project.root), _whole(project))
    return found


def _whole(project: Project) -> dict[str, Any]:
    return {
        "playbook": of_playbook(project.playbook),
        "charter": _of_charter(project.charter),
        "settings": project.settings.model_dump(mode="json"),
        "contracts": {name: _of_contract(one) for name, one in project.contracts.items()},
        "models": {name: _of_model(one) for name, one in project.models.items()},
        "assessments": {
            name: {
                **one.model_dump(mode="json", exclude={"questions", "tiers"}),
                "tiers": frozenset(one.tiers),
                "questions": {
                    question.id: _sets(question.model_dump(mode="json", exclude={"id"}))
                    for question in one.questions
                },
            }
            for name, one in project.assessments.items()
        },
    }


def of_playbook(playbook: Playbook) -> dict[str, Any]:
    """The playbook, with the bounds and the requirements that are in force."""
    names = (*Indicators.model_fields, *playbook.plugins)
    reviews = playbook.reviews
    everyone = tuple(Requirement(function=function) for function in Function)
    waivers = {
        name: {
            "by": _people(rule.by),
            "longest_days": rule.longest_days,
            "required": rule.required,
        }
        for name, rule in reviews.waivers.items()
    }
    listed = {"by_tier", "by_indicator", "by_stage", "waivers", "escalation", "signers"}
    return {
        "version": playbook.version,
        "clauses": {name: _sets(one.model_dump(mode="json")) for name, one in playbook.clauses.items()},
        "purposes": {name: _sets(one.model_dump(mode="json")) for name, one in playbook.purposes.items()},
        "indicators": {
            name: _of_policy(policy) for name in names if (policy := playbook.policy(name)) and policy.enabled
        },
        "risk": playbook.risk.model_dump(mode="json"),
        "reviews": {
            **_sets(reviews.model_dump(mode="json", exclude=listed)),
            "by_tier": {tier: _people(reviews.by_tier.get(tier, everyone)) for tier in TIERS},
            "by_indicator": {name: _people(needs) for name, needs in reviews.by_indicator.items()},
            "by_stage": {str(stage): _people(needs) for stage, needs in reviews.by_stage.items()},
            "waivers": waivers,
            "escalation": {str(step.after_days): _of_step(step) for step in reviews.escalation},
            "signers": reviews.signers.model_dump(mode="json")
            if reviews.signers
            else {"needed": 0, "keys": {}},
        },
        "retraining": playbook.retraining.model_dump(mode="json"),
        "profiles": playbook.profiles.model_dump(mode="json"),
        "alerts": _sets(playbook.alerts.model_dump(mode="json")),
    }


def _of_policy(policy: IndicatorPolicy) -> dict[str, Any]:
    """Its keys, with the bounds that each tier really has."""
    told: dict[str, Any] = _sets(
        policy.model_dump(mode="json", exclude={"warn", "fail", "by_tier", "enabled"})
    )
    bounds = {ANY_TIER: policy.threshold(None)} | {tier: policy.threshold(tier) for tier in TIERS}
    told["bounds"] = {
        "warn": {tier: bound.warn for tier, bound in bounds.items()},
        "fail": {tier: bound.fail for tier, bound in bounds.items()},
    }
    return told


def _people(needs: Iterable[Requirement]) -> dict[str, int]:
    found: dict[str, int] = {}
    for need in needs:
        found[str(need.function)] = max(found.get(str(need.function), 0), need.people)
    return found


def _of_step(step: EscalationStep) -> dict[str, Any]:
    stand_ins = {str(function): person for function, person in step.stand_ins.items()}
    return {"stand_ins": stand_ins, "tell": frozenset(step.tell)}


def _of_charter(charter: Charter) -> dict[str, Any]:
    return {
        **_sets(charter.model_dump(mode="json", exclude={"people", "teams"})),
        "people": {
            one.id: _sets(one.model_dump(mode="json", exclude={"id", "away"}))
            | {"away": frozenset((str(a.since), str(a.until)) for a in one.away)}
            for one in charter.people
        },
        "teams": {one.id: _sets(one.model_dump(mode="json", exclude={"id"})) for one in charter.teams},
    }


def _of_contract(contract: Contract) -> dict[str, Any]:
    """Without its place and its digest."""
    said = asdict(contract)
    for key in ("dataset", "file", "digest", "line", "columns", "rules", "purposes", "calendar"):
        del said[key]
    said["ignored"] = [_LINE.sub("", part) for part in said["ignored"]]
    return {
        **_sets(said),
        "kind": str(contract.kind),
        "columns": {column.name: _of_column(column) for column in contract.columns},
        "rules": {rule.id: _of_rule(rule) for rule in contract.rules},
        "purposes": {
            use.purpose: {"basis": str(use.basis), "consumers": frozenset(use.consumers)}
            for use in contract.purposes
        },
        "calendar": {
            "timezone": contract.calendar.timezone,
            "workdays": frozenset(contract.calendar.workdays),
            "holidays": frozenset(contract.calendar.holidays),
        },
    }


def _of_column(column: Column) -> dict[str, Any]:
    said = asdict(column)
    for key in ("name", "line"):
        del said[key]
    said["sources"] = frozenset(f"{one.dataset}.{one.column}" for one in column.sources)
    return said


def _of_rule(rule: QualityRule) -> dict[str, Any]:
    said = asdict(rule)
    for key in ("id", "line", "operator", "bound"):
        del said[key]
    said["bound"] = {"operator": rule.operator, "bound": rule.bound}
    return said


def _of_model(model: ModelSpec) -> dict[str, Any]:
    said = model.model_dump(mode="json", exclude={"features", "sensitive_attributes", "registry"})
    registry = model.registry.model_dump(mode="json", exclude={"path"})
    return {
        **_sets(said),
        "registry": registry,
        "features": {one.column: one.model_dump(mode="json", exclude={"column"}) for one in model.features},
        "sensitive_attributes": {
            one.column: one.model_dump(mode="json", exclude={"column"}) for one in model.sensitive_attributes
        },
    }


def _sets(told: Any) -> Any:
    """Lists of single values as sets: their order says nothing."""
    if isinstance(told, dict):
        return {key: _sets(value) for key, value in told.items()}
    if isinstance(told, list | tuple) and all(isinstance(one, str | int | float) for one in told):
        return frozenset(told)
    return told


def _below(root: str, told: Any) -> Any:
    """The same without the folder that it stands in: each side may stand in another."""
    if isinstance(told, dict):
        return {key: _below(root, value) for key, value in told.items()}
    if isinstance(told, frozenset):
        return frozenset(_below(root, one) for one in told)
    return told.removeprefix(f"{root}/") if isinstance(told, str) else told
