"""From a path in the plain tree of a project to the path in its file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.charter.project import Project
from governance_pipeline.reviews.compare.differences import Path

Steps = list[Any]


def steps_in_file(project: Project, path: Path) -> Steps:
    """The steps after the kind of file; a model and a questionnaire keep their name in front."""
    area, *rest = path
    if area == "models":
        model = project.models[rest[0]]
        lists = {
            "features": [one.column for one in model.features],
            "sensitive_attributes": [one.column for one in model.sensitive_attributes],
        }
        return [rest[0], *(_in_lists(rest[1:], lists) or ["name"])]
    if area == "charter":
        charter = project.charter
        return _in_lists(
            rest, {"people": [one.id for one in charter.people], "teams": [one.id for one in charter.teams]}
        )
    if area == "assessments" and rest[0] in project.assessments:
        ids = [question.id for question in project.assessments[rest[0]].questions]
        return [rest[0], *_in_lists(rest[1:], {"questions": ids})]
    return _in_playbook(project, rest) if area == "playbook" else list(rest)


def _in_lists(steps: Sequence[str], lists: Mapping[str, Sequence[str]]) -> Steps:
    """What is keyed by its name in the tree stands in a list of the file; the list, where it is gone."""
    found: Steps = list(steps)
    if len(found) > 1 and found[0] in lists:
        known = list(lists[found[0]])
        found[1:] = [known.index(found[1]), *found[2:]] if found[1] in known else []
    return found


def _in_playbook(project: Project, steps: Sequence[str]) -> Steps:
    """Bounds stand beside the policy's other keys, and plug-ins' policies apart from ours."""
    if steps[0] != "indicators":
        return list(steps)
    found: Steps = [step for step in steps if step != "bounds"]
    if len(found) == len(("indicators", "drift", "fail", "high")) and found[3] in TIERS:
        found[2:] = ["by_tier", found[3], found[2]]
    if len(found) > 1 and found[1] in project.playbook.plugins:
        found[0] = "plugins"
    return found
