"""Expected against received: a check that never came is as visible as one that failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.indicators.registry import expected_keys
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome


def seal(
    services: Services,
    evidence: Evidence,
    contracts: Sequence[Contract],
    models: Sequence[ModelSpec],
    measurements: Sequence[Measurement],
    started: datetime,
) -> NightRecord:
    """The night's seal: every (entity, indicator) that was expected, and which of them are missing
    because nothing, or only ``not_run``, was received for them.
    """
    project = services.project
    expected = expected_keys(project, contracts, models)
    received = {(str(m.entity), m.indicator) for m in measurements if m.outcome is not Outcome.NOT_RUN}
    missing = sorted(f"{entity} {indicator}" for entity, indicator in expected - received)
    return NightRecord(
        night=evidence.night,
        started_at=started,
        finished_at=services.clock(),
        expected=len(expected),
        received=len(expected) - len(missing),
        missing=tuple(missing),
        playbook_digest=project.playbook_digest,
        outcomes={str(k): n for k, n in sorted(Counter(str(m.outcome) for m in measurements).items())},
    )
