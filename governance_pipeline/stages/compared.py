"""What the store knows of the models that a change of files is about."""

from __future__ import annotations

from governance_pipeline.charter.project import Project
from governance_pipeline.reports.findings.compared import Measured
from governance_pipeline.reviews.compare.candidates import BIAS, candidates, compare_bias
from governance_pipeline.reviews.compare.features import leaking
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.entity import Entity

NIGHTS = 400
"""How far back a version's gaps are looked for: a year and a little."""


def what_was_measured(base: Project, head: Project, store: Store) -> Measured:
    """Features that leak by the last night, and candidates whose gaps are larger than those of the version
    that serves.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    with store.reading() as unit:
        latest = unit.nights.latest()
        if latest is None:
            return Measured(unread="no night has been run yet")
        tonight = unit.measurements.of_night(latest.night)
        found = [
            compare_bias(
                candidate,
                deployed,
                unit.measurements.history(Entity.model(model), BIAS, last=latest.night, nights=NIGHTS),
            )
            for model in head.models
            for candidate, deployed in candidates(unit.versions.of_model(model))
        ]
    return Measured(tuple(leaking(base, head, tonight)), tuple(found))
