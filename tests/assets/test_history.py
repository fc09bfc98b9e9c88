"""Nights that ran elsewhere, in a project too large for every detail. (Small ones: test_storage.)"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from assets.history import NIGHTS_WITH_CHECKS, mirror
from assets.keys import stage_key
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.testing import AS_OF, NIGHT, a_services
from tests.assets.support import generated


def test_sixty_nights_of_a_large_project_are_mirrored_without_reading_every_measurement(instance, tmp_path):
    services = a_services(tmp_path, project=generated(tmp_path, 400))
    nights = [NIGHT - timedelta(days=back) for back in range(60)]
    with services.store.begin() as unit:
        for night in nights:
            unit.nights.seal(
                NightRecord(night, AS_OF, AS_OF, 1500, 1499, ("a b",), "sha256:0", {"pass": 1499})
            )
    read = []

    class Watched:
        """The store's unit of work, which notes whose measurements are asked for."""

        def __init__(self, unit):
            self._unit = unit
            self.measurements = self

        def of_night(self, night):
            read.append(night)
            return self._unit.measurements.of_night(night)

        def __getattr__(self, name):
            return getattr(self._unit, name)

    class Store:
        def reading(self):
            return _Entered(services.store.reading(), Watched)

    assert mirror(services.project, Store(), instance) == 60
    assert set(read) == set(nights[:NIGHTS_WITH_CHECKS])
    shown = {night.isoformat() for night in nights}
    for part in ("catalog", "drift", "seal"):
        assert instance.get_materialized_partitions(stage_key(part)) == shown
    oldest = dg.AssetRecordsFilter(stage_key("drift"), asset_partitions=[nights[-1].isoformat()])
    event = instance.fetch_materializations(oldest, limit=1).records[0].asset_materialization
    assert dict(event.metadata) == {}, "no number is made up where none was read"
    sealed = dg.AssetRecordsFilter(stage_key("seal"), asset_partitions=[nights[-1].isoformat()])
    event = instance.fetch_materializations(sealed, limit=1).records[0].asset_materialization
    assert event.metadata["received"].value == 1499


class _Entered:
    def __init__(self, inner, wrap):
        self._inner, self._wrap = inner, wrap

    def __enter__(self):
        return self._wrap(self._inner.__enter__())

    def __exit__(self, *error):
        return self._inner.__exit__(*error)
