"""Tell other tools what the night learned, as OpenLineage events. A receiver that does not answer
costs the night nothing: the report says so, and running the night again sends the same events.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from governance_pipeline.lineage.openlineage import emit_night
from governance_pipeline.stages.measure import Evidence
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import LineagePublished


def publish_lineage(
    services: Services, evidence: Evidence, measurements: Sequence[Measurement], started: datetime
) -> LineagePublished:
    """Emit the night's OpenLineage run events to the configured destination."""
    report = emit_night(
        services.project,
        evidence.night,
        started,
        evidence.scans.profiles,
        measurements,
        evidence.graph,
        services.environ,
    )
    return LineagePublished(evidence.night, report.events, report.destination, report.error)
