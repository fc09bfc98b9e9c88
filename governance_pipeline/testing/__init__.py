"""Parts for tests, ours and those of a governed project.

:mod:`~governance_pipeline.testing.records` has one plain, healthy example of each record,
:mod:`~governance_pipeline.testing.fakes` a clock and an engine that do as they are told, and
:mod:`~governance_pipeline.testing.project` a small project with the services around it::

    def test_a_late_feed_is_an_incident(tmp_path):
        late = a_profile(watermark=AS_OF - timedelta(days=3))
        services = a_services(tmp_path, engine=FakeEngine({DATASET: late}))
        list(run_night(services, NIGHT))
        with services.store.reading() as unit:
            assert [incident.indicator for incident in unit.incidents.list()] == ["recency"]
"""

from __future__ import annotations

from governance_pipeline.testing.fakes import FakeEngine, FixedClock, a_healthy_scan
from governance_pipeline.testing.project import (
    PREDICTIONS,
    TRAINING_SET,
    a_services,
    a_small_project,
    register_version,
)
from governance_pipeline.testing.records import (
    AS_OF,
    DATASET,
    MODEL,
    NIGHT,
    SOURCE,
    a_baseline,
    a_charter,
    a_column,
    a_column_profile,
    a_contract,
    a_count,
    a_graph,
    a_histogram,
    a_model,
    a_playbook,
    a_profile,
    a_tally,
    a_version,
    dataset_inputs,
    model_inputs,
    night_inputs,
)

__all__ = [
    "AS_OF",
    "DATASET",
    "MODEL",
    "NIGHT",
    "PREDICTIONS",
    "SOURCE",
    "TRAINING_SET",
    "FakeEngine",
    "FixedClock",
    "a_baseline",
    "a_charter",
    "a_column",
    "a_column_profile",
    "a_contract",
    "a_count",
    "a_graph",
    "a_healthy_scan",
    "a_histogram",
    "a_model",
    "a_playbook",
    "a_profile",
    "a_services",
    "a_small_project",
    "a_tally",
    "a_version",
    "dataset_inputs",
    "model_inputs",
    "night_inputs",
    "register_version",
]
