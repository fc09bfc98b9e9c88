"""Which reviews a playbook would have opened by itself: a version past its age, a risk that rose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.reviews import milestones as rules
from governance_pipeline.stages.backtest.nights import Replayed
from governance_pipeline.stages.changes import rises_to
from governance_pipeline.stages.discover import serving_version
from governance_pipeline.stages.scan import night_end
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.review import Milestone, ModelVersion

Versions = Mapping[tuple[str, str], ModelVersion]


def openings(
    project: Project, playbook: Playbook, nights: Sequence[Replayed], versions: Versions
) -> dict[tuple[date, str], Milestone]:
    """The milestones that only the playbook and the nights decide, by night and id, each on its first night.

    Those of registries and feature stores (a new version, a moved alias, a changed view) are the same under
    every playbook.
    """
    found: dict[str, Milestone] = {}
    before: Replayed | None = None
    for one in nights:
        for model in project.models:
            serving = _serving(project, model, one, versions)
            for milestone in _milestones(project, playbook, one, before, serving):
                found.setdefault(milestone.id, milestone)
        before = one
    return {(one.night, id_): one for id_, one in found.items()}


def _milestones(
    project: Project,
    playbook: Playbook,
    night: Replayed,
    before: Replayed | None,
    serving: ModelVersion | None,
) -> Iterable[Milestone]:
    due = rules.retraining_due(night.night, night_end(project, night.night), serving, playbook)
    if due is not None:
        yield due
    bound = playbook.reviews.from_risk_tier
    if serving is None or bound is None or before is None:
        return
    here = Entity.model(serving.model)
    now = next((risk.tier for risk in night.risks if risk.entity == here), None)
    was = next((risk.tier for risk in before.risks if risk.entity == here), TIERS[0])
    if now is not None and rises_to(bound, was, now):
        yield rules.tier_raised(night.night, serving, was, now, before.night)


def _serving(project: Project, model: str, night: Replayed, versions: Versions) -> ModelVersion | None:
    """The version that served then, by what was measured of it; else by the stages of now."""
    for one in night.measurements:
        told = one.details.get("version") if one.entity == Entity.model(model) else None
        if told is not None and (model, str(told)) in versions:
            return versions[model, str(told)]
    end = night_end(project, night.night)
    return serving_version(
        [v for (name, _), v in versions.items() if name == model and v.registered_at <= end]
    )
