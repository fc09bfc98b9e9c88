"""Which versions are at a stage that needs a permit, and whether one was given."""

from __future__ import annotations

from datetime import date

from governance_pipeline.indicators.base import Station
from governance_pipeline.ledger.signing import SigningKeys
from governance_pipeline.reviews.promotion import unpermitted
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services


def find_stations(services: Services, night: date, discovery: Discovery) -> dict[str, tuple[Station, ...]]:
    """By model: the versions at the stages that the playbook's policy names; none where it has no policy.

    A permit given after the night does not count for it.

    Raises:
        CannotEvaluate: the public keys cannot be read.
    """
    project = services.project
    policy = project.playbook.indicators.permits
    if policy is None or not policy.enabled:
        return {}
    keys = SigningKeys(project.root / project.settings.ledger.keys).trusted()
    until = night_end(project, night)
    with services.store.begin() as unit:
        return {
            model: tuple(
                Station(one.version, one.stage, unpermitted(unit, one, keys, until) or "")
                for one in versions
                if one.stage in policy.stages
            )
            for model, versions in discovery.versions.items()
        }
