"""The night told to other lineage tools, as OpenLineage events.

Specification: OpenLineage 2-0-2 and its facets (https://openlineage.io/spec). A night is

- a START and a COMPLETE of the job ``governance.nightly``;
- for each dataset a COMPLETE (FAIL where it could not be read) of the job
  ``governance.nightly.<dataset>``, which has the dataset as its input: with schema, owner, column
  lineage, data-quality metrics and every measurement as a data-quality assertion;
- for each job that builds datasets a job event with its declared inputs and outputs. It is no run
  event, because we did not see that job run.

Run ids are made from project, night and dataset: running a night again repeats them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.vocabulary.entity import EntityKind
from governance_pipeline.vocabulary.measurement import Measurement


@dataclass(frozen=True, slots=True)
class EmitReport:
    """What became of a night's events.

    Attributes:
        events: how many were handed over.
        destination: where to, without credentials; "" for nowhere.
        error: why not all were handed over, None when they were.
    """

    events: int
    destination: str
    error: str | None = None


def emit_night(
    project: Project,
    night: date,
    started_at: datetime,
    profiles: Mapping[str, Profile],
    measurements: Sequence[Measurement],
    graph: LineageGraph,
    environ: Mapping[str, str],
) -> EmitReport:
    """Send the night's events where governance.yaml says. Never raises for a receiver's sake.

    Args:
        project: the project, which says where to.
        night: the night measured.
        started_at: when the night's run began (timezone-aware); every event bears this time.
        profiles: by dataset. A dataset with measurements and no profile could not be read; one with
            neither was not part of this run.
        measurements: of all datasets and models; those of datasets become assertions.
        graph: tonight's lineage.
        environ: for ``${NAME}`` in the settings.
    """
    out = project.settings.openlineage
    if out.transport == "none":
        return EmitReport(0, "")
    from governance_pipeline.lineage.openlineage_events import NightEvents
    from governance_pipeline.lineage.openlineage_transport import post_events, write_events

    built = NightEvents(project, night, started_at, profiles, _by_dataset(measurements), graph, environ)
    events: list[dict[str, Any]] = built.all()
    try:
        if out.transport == "file":
            file = project.root / out.path / f"{night.isoformat()}.ndjson"
            whole = set(built.datasets) == set(project.contracts)
            return EmitReport(*write_events(file, project.root, events, whole=whole))
        return EmitReport(*post_events(out, events, environ))
    except GovernanceError as error:
        return EmitReport(0, out.transport, error.message)


def _by_dataset(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    found: dict[str, list[Measurement]] = {}
    for one in sorted(measurements, key=lambda measurement: measurement.key):
        if one.entity.kind is EntityKind.DATASET:
            found.setdefault(one.entity.name, []).append(one)
    return found
