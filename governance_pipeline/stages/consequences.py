"""What tonight's measurements lead to: incidents, alerts, reviews. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.root_cause import root_causes
from governance_pipeline.response.compose import compose
from governance_pipeline.response.incidents import Change, beginnings, respond
from governance_pipeline.response.questions import count_streaks
from governance_pipeline.reviews.waivers import in_force, with_waivers
from governance_pipeline.stages.changes import (
    changed_views,
    last_recorded_before,
    moved_aliases,
    raised_tiers,
)
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.pictures import Pictures, draw_pictures
from governance_pipeline.stages.reviewing import ReviewChanges, find_reviews
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.incident import Alert
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Milestone
from governance_pipeline.vocabulary.risk import RiskScore


@dataclass(frozen=True, slots=True)
class Consequences:
    """Tonight's changes, to be written with the measurements in one transaction."""

    changes: Sequence[Change] = ()
    alerts: Sequence[Alert] = ()
    reviews: ReviewChanges = field(default_factory=ReviewChanges)
    pictures: Pictures = field(default_factory=lambda: Pictures({}, {}))


def draw_consequences(
    services: Services,
    evidence: Evidence,
    measurements: Sequence[Measurement],
    risks: Sequence[RiskScore],
    *,
    partial: bool,
) -> Consequences:
    """Decide what follows. A night older than the newest sealed one only corrects its numbers:
    it opens nothing and tells nobody, because later nights already did.
    """
    if not evidence.memory.is_newest:
        return Consequences()
    now = services.clock()
    playbook = services.project.playbook
    with services.store.reading() as unit:
        measurements = with_waivers(measurements, in_force(unit, now.date()))
    breaches = [m for m in measurements if m.outcome.is_breach]
    incidents = evidence.memory.incidents
    nights = nights_that_matter(playbook)
    with services.store.reading() as unit:
        streaks = count_streaks(
            evidence.night,
            measurements,
            incidents,
            lambda entity: unit.measurements.history(entity, last=evidence.night, nights=nights),
        )
    began = beginnings(evidence.night, breaches, incidents.values(), streaks)
    changes = respond(
        evidence.night,
        now,
        measurements,
        incidents,
        root_causes(evidence.graph, breaches, began),
        playbook,
        owner_of(services.project),
        streaks,
    )
    pictures = draw_pictures(services, evidence, changes)
    alerts = compose(evidence.night, changes, services.project, evidence.graph, risks, links=pictures.links)
    if partial:
        return Consequences(changes, alerts, pictures=pictures)
    reviews = find_reviews(
        services,
        evidence.night,
        night_end(services.project, evidence.night),
        evidence.discovery,
        evidence.graph,
        measurements,
        _changes(services, evidence, risks),
    )
    return Consequences((*changes, *reviews.incidents), alerts, reviews, pictures)


def _changes(services: Services, evidence: Evidence, risks: Sequence[RiskScore]) -> Sequence[Milestone]:
    """What changed in feature stores, registries and risk since the last night before this one."""
    store, project, night = services.store, services.project, evidence.night
    base = last_recorded_before(store, project, night)
    if base is None:
        return ()
    discovery = evidence.discovery
    return (
        *changed_views(store, project, night, base, evidence.graph, evidence.nodes, discovery),
        *moved_aliases(store, project, night, base, discovery),
        *raised_tiers(store, project, night, base, risks, discovery),
    )


def nights_that_matter(playbook: Playbook) -> int:
    """How far back a streak is looked for: the longest the playbook counts, and as long again for
    nights between that could not be measured.
    """
    names = type(playbook.indicators).model_fields
    policies = [policy for name in names if (policy := playbook.policy(name))]
    return 2 * max(max(policy.persist, policy.close_after) for policy in policies) + 1


def owner_of(project: Project) -> Callable[[Entity], str]:
    """Who answers for an entity: its owner, or the steward where nobody does."""

    def find(entity: Entity) -> str:
        if entity.kind in (EntityKind.DATASET, EntityKind.COLUMN):
            contract = project.contracts.get(entity.dataset_name)
            return (contract.owner if contract else None) or project.charter.steward
        model = project.models.get(entity.name.partition("/")[0])
        return model.owner if model else project.charter.steward

    return find
