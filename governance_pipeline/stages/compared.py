"""What the store knows of the models that a change of files is about."""

from __future__ import annotations

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.indicators.base import ModelInputs
from governance_pipeline.indicators.bias import of_held_out
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles import codec
from governance_pipeline.reports.findings.compared import Measured
from governance_pipeline.reviews.compare.candidates import BIAS, candidates, compare_bias
from governance_pipeline.reviews.compare.features import leaking
from governance_pipeline.store.ports import NightRecord, Store, Unit
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import ModelVersion

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
                [
                    told
                    for version in (candidate, deployed)
                    for told in _of_held_out(unit, head, version, latest)
                ],
            )
            for model in head.models
            for candidate, deployed in candidates(unit.versions.of_model(model))
        ]
    return Measured(tuple(leaking(base, head, tonight)), tuple(found))


def _of_held_out(unit: Unit, head: Project, version: ModelVersion, latest: NightRecord) -> list[Measurement]:
    """Its gaps on its training data; none where that was not counted, or is stored in another format."""
    stored = unit.profiles.get_baseline(version.model, version.version)
    if stored is None:
        return []
    try:
        baseline = codec.from_json(stored)
    except CannotEvaluate:
        return []
    inputs = ModelInputs(
        night=latest.night,
        as_of=latest.finished_at,
        model=head.model(version.model),
        version=version,
        profiles={},
        playbook=head.playbook,
        charter=head.charter,
        graph=LineageGraph.of(()),
        minimum_group_size=head.settings.minimum_group_size,
        baseline=baseline,
    )
    return of_held_out(inputs)
