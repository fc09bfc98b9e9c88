"""Conditions and waivers held against the project: nobody approves on what nobody can check, or may not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound
from governance_pipeline.reviews.conditions import read_condition
from governance_pipeline.reviews.evidence import FindingKey
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.review import Condition


def checked_conditions(project: Project, texts: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions that ``texts`` say.

    Raises:
        UsageError: one has neither a bound nor an owner and a day.
        NotFound: it names an owner, a dataset, a model or an indicator that the project does not have.
    """
    return tuple(_checked(project, read_condition(text)) for text in texts)


def _checked(project: Project, condition: Condition) -> Condition:
    if not condition.is_measured:
        owner = project.charter.find(condition.owner)
        if owner is None:
            raise NotFound(
                f"there is no person '{condition.owner}' in the charter",
                hint="a condition's owner is a person of charter.yaml",
            )
        return replace(condition, owner=owner.id)
    entity = Entity.parse(condition.entity)
    if entity.kind is EntityKind.MODEL:
        project.model(entity.name)
    else:
        project.contract(entity.dataset_name)
    if project.playbook.policy(condition.indicator) is None:
        raise NotFound(
            f"the playbook measures no '{condition.indicator}'",
            hint="name an indicator of the playbook, or give the condition an owner and a day",
        )
    return condition


def unwaived(state: ReviewState, playbook: Playbook, day: date) -> list[FindingKey]:
    """Findings that the playbook lets nobody approve without a waiver, and that have none."""
    waived = {waiver.key for waiver in state.waived(day)}
    rules = playbook.reviews.waivers
    return [
        key
        for key in state.evidence.findings
        if key[1] in rules and rules[key[1]].required and key not in waived
    ]
