"""What the acts that a registry obeys work with, and what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Person
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.ledger.signing import SigningKeys
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.reviews.admission import Trust
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import person_of
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.review import ModelVersion, ReviewAct, ReviewEvent


@dataclass(frozen=True, slots=True)
class Desk:
    """What the acts work with.

    Attributes:
        keys: that sign permits.
        environ: where ``${NAME}`` of a registry's connection is looked up.
    """

    project: Project
    store: Store
    keys: SigningKeys
    environ: Mapping[str, str]

    def around(self, now: datetime) -> Surroundings:
        return surroundings(self.project, now, self.environ)

    @property
    def trust(self) -> Trust:
        return trust_of(self.project)


def trust_of(project: Project) -> Trust:
    """Whose signatures count in a project. Raises CannotEvaluate where the public keys cannot be read."""
    keys = SigningKeys(project.root / project.settings.ledger.keys)
    return Trust(keys.trusted(), project.playbook.reviews.signers)


@dataclass(frozen=True, slots=True)
class Promotion:
    """A version that took a stage, under a permit, from ``replaced`` (None: nobody held it)."""

    model: str
    version: str
    stage: str
    permit: str
    replaced: str | None


def actor_of(project: Project, identity: str, day: date) -> Person:
    """Somebody who may act on ``day``. Raises NotFound, or Refused for one who is not there then."""
    found = person_of(project.charter, identity)
    if not found.active_on(day):
        raise Refused(f"{found.name} is not in the organisation on {day:%d %B %Y}", hint="somebody else must")
    return found


def act(
    review: ReviewState, what: ReviewAct, at: datetime, actor: str, data: Mapping[str, Any]
) -> ReviewEvent:
    """An act in a review that has not been written yet."""
    return ReviewEvent(review.id, review.sequence + 1, what, at, actor, data)


def registered(spec: ModelSpec, version: str, around: Surroundings) -> ModelVersion:
    """A version as the registry has it. Raises NotFound where it has none that is sound."""
    found = {one.version: one for one in read_registry(spec, around).versions}
    if version not in found:
        raise NotFound(
            f"{spec.name} has no sound version '{version}' registered", hint="see `governance gate`"
        )
    return found[version]


def holder(spec: ModelSpec, stage: str, around: Surroundings) -> str | None:
    """The version at a stage, the newest where there are several."""
    held = [one.version for one in read_registry(spec, around).versions if one.stage == stage]
    return held[-1] if held else None
