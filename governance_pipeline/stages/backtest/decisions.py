"""Who would have had to decide under another playbook, and what would have kept gates closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.evidence import concerned_entities, gather
from governance_pipeline.reviews.fold import fold
from governance_pipeline.reviews.milestones import required_functions
from governance_pipeline.stages.backtest.differences import GateDifference, ReviewDifference
from governance_pipeline.stages.backtest.nights import Replayed, outcomes
from governance_pipeline.stages.scan import night_end
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import Milestone, ModelVersion, ReviewEvent

By = Mapping[date, tuple[Replayed, Replayed]]
Versions = Mapping[tuple[str, str], ModelVersion]
Opened = Sequence[tuple[Milestone, Sequence[ReviewEvent]]]


def review_differences(
    project: Project,
    playbooks: tuple[Playbook, Playbook],
    opened: Opened,
    versions: Versions,
    nights: By,
    graphs: Mapping[date, LineageGraph],
) -> Iterator[ReviewDifference]:
    """Who would have had to decide, by what was found on the night that opened the review."""
    for milestone, events in opened:
        both, model = nights.get(milestone.night), project.models.get(milestone.model)
        version = versions.get((milestone.model, milestone.version or ""))
        if both is None or model is None or version is None or not events:
            continue
        entities = concerned_entities(model, graphs[milestone.night])
        stage = events[0].data.get("stage") or None
        needed = [
            required_functions(
                model,
                gather(version, "", one.measurements, entities, allow_warn=playbook.reviews.allow_warn),
                playbook,
                milestone.kind,
                stage,
            )
            for playbook, one in zip(playbooks, both, strict=True)
        ]
        now, then = ({str(function): n for function, n in one.items()} for one in needed)
        if now != then:
            yield ReviewDifference(
                milestone.night, events[0].review, milestone.model, milestone.version, now, then
            )


def gate_differences(
    project: Project,
    playbooks: tuple[Playbook, Playbook],
    opened: Opened,
    versions: Versions,
    nights: By,
    graphs: Mapping[date, LineageGraph],
) -> Iterator[GateDifference]:
    """Of every version under review, on every night since: by what findings its gate would be kept closed."""
    for milestone, events in opened:
        model, version = (
            project.models.get(milestone.model),
            versions.get((milestone.model, milestone.version or "")),
        )
        if model is None or version is None:
            continue
        for night in sorted(one for one in nights if one >= milestone.night):
            entities = concerned_entities(model, graphs[night])
            known = _accepted(events, project, night)
            closed = []
            for playbook, one in zip(playbooks, nights[night], strict=True):
                rules, given = playbook.reviews, outcomes(one)
                found = gather(version, "", one.measurements, entities, allow_warn=rules.allow_warn).findings
                closed.append(
                    tuple(
                        " ".join(part for part in key if part)
                        for key in found
                        if key not in known
                        or (key[1] in rules.never and given[key].outcome is not Outcome.INSUFFICIENT)
                    )
                )
            if bool(closed[0]) != bool(closed[1]):
                yield GateDifference(night, milestone.model, version.version, closed[0], closed[1])


def _accepted(
    events: Sequence[ReviewEvent], project: Project, night: date
) -> frozenset[tuple[str, str, str]]:
    """What an approval that stood at the end of a night knew."""
    until = [event for event in events if event.at <= night_end(project, night)]
    state = fold(until) if until else None
    return frozenset(state.evidence.findings) if state and state.is_approved else frozenset()
