"""Builds the events of one night. Imports openlineage: import this module where events are made."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cached_property
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from openlineage.client.event_v2 import InputDataset, Job, JobEvent, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import error_message_run, job_type_job, nominal_time_run, parent_run

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.openlineage_facets import DatasetFacets
from governance_pipeline.lineage.openlineage_quality import quality_facets
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement

NIGHTLY = "governance.nightly"
PRODUCER = f"urn:governance-pipeline:{version('governance-pipeline')}"
_RUNS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:governance-pipeline:runs")


def run_id(project: str, night: date, dataset: str = "") -> str:
    """The id of a night's run, or of its run over one dataset; the same for the same arguments."""
    return str(uuid.uuid5(_RUNS, f"{project}\n{night.isoformat()}\n{dataset}"))


@dataclass(frozen=True)
class NightEvents:
    """Everything a night's events are made from; :meth:`all` makes them, as JSON-able dicts."""

    project: Project
    night: date
    started_at: datetime
    profiles: Mapping[str, Profile]
    measurements: Mapping[str, Sequence[Measurement]]
    graph: LineageGraph
    environ: Mapping[str, str]

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that this run of the night looked at."""
        looked_at = self.profiles.keys() | self.measurements.keys()
        return tuple(name for name in self.project.contracts if name in looked_at)

    @property
    def namespace(self) -> str:
        return str(self.project.settings.name)

    def all(self) -> list[dict[str, Any]]:
        """All events, in the order they are to be sent."""
        events: list[RunEvent | JobEvent] = [self._night(RunState.START)]
        events.extend(self._dataset(name) for name in self.datasets)
        events.extend(self._jobs())
        events.append(self._night(RunState.COMPLETE))
        return [_as_json(event) for event in events]

    @cached_property
    def _facets(self) -> DatasetFacets:
        return DatasetFacets(self.project, self.profiles, self.graph, self.environ, PRODUCER)

    @cached_property
    def _nominal(self) -> nominal_time_run.NominalTimeRunFacet:
        zone = ZoneInfo(self.project.settings.schedule.timezone)
        begins = datetime.combine(self.night, time.min, zone)
        ends = datetime.combine(self.night + timedelta(days=1), time.min, zone)
        return nominal_time_run.NominalTimeRunFacet(
            nominalStartTime=begins.isoformat(), nominalEndTime=ends.isoformat(), producer=PRODUCER
        )

    def _job(self, name: str) -> Job:
        kind = job_type_job.JobTypeJobFacet(
            processingType="BATCH", integration="GOVERNANCE", jobType="JOB", producer=PRODUCER
        )
        return Job(namespace=self.namespace, name=name, facets={"jobType": kind})

    def _night(self, state: RunState) -> RunEvent:
        return RunEvent(
            eventTime=self.started_at.isoformat(),
            producer=PRODUCER,
            eventType=state,
            run=Run(run_id(self.namespace, self.night), facets={"nominalTime": self._nominal}),
            job=self._job(NIGHTLY),
        )

    def _dataset(self, name: str) -> RunEvent:
        profile = self.profiles.get(name)
        found = self.measurements.get(name, ())
        parent = parent_run.ParentRunFacet(
            run=parent_run.Run(runId=run_id(self.namespace, self.night)),
            job=parent_run.Job(namespace=self.namespace, name=NIGHTLY),
            producer=PRODUCER,
        )
        facets: dict[str, Any] = {"nominalTime": self._nominal, "parent": parent}
        if profile is None:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                message=_why_unread(name, found), programmingLanguage="PYTHON", producer=PRODUCER
            )
        contract = self.project.contracts[name]
        quality = quality_facets(contract, profile, found, self.project.settings.minimum_group_size, PRODUCER)
        return RunEvent(
            eventTime=self.started_at.isoformat(),
            producer=PRODUCER,
            eventType=RunState.COMPLETE if profile is not None else RunState.FAIL,
            run=Run(run_id(self.namespace, self.night, name), facets=facets),
            job=self._job(f"{NIGHTLY}.{name}"),
            inputs=[InputDataset(self.namespace, name, quality, facets=self._facets.of(name))],
            outputs=[],
        )

    def _jobs(self) -> list[JobEvent]:
        """One event per job that builds a dataset of this run from another."""
        outputs: dict[str, list[str]] = {}
        for name in self.datasets:
            if self._inputs(name):
                contract = self.project.contracts[name]
                outputs.setdefault(contract.job or f"build.{name}", []).append(name)
        return [self._build(job, made) for job, made in sorted(outputs.items())]

    def _build(self, job: str, made: Sequence[str]) -> JobEvent:
        read = sorted({name for output in made for name in self._inputs(output)})
        return JobEvent(
            eventTime=self.started_at.isoformat(),
            producer=PRODUCER,
            job=self._job(job),
            inputs=[InputDataset(self.namespace, name) for name in read],
            outputs=[OutputDataset(self.namespace, name, facets=self._facets.of(name)) for name in made],
        )

    def _inputs(self, name: str) -> list[str]:
        tables = (EntityKind.DATASET, EntityKind.SOURCE)
        edges = self.graph.incoming(Entity.dataset(name))
        return sorted({edge.source.name for edge in edges if edge.source.kind in tables})


def _as_json(event: RunEvent | JobEvent) -> dict[str, Any]:
    """As openlineage's own Serde does it, at half the cost: without what is None, enums by value."""
    return attrs.asdict(
        event,
        filter=lambda _, value: value is not None,
        value_serializer=lambda _, __, value: value.value if isinstance(value, Enum) else value,
    )


def _why_unread(name: str, found: Sequence[Measurement]) -> str:
    scan = next((one.sentence for one in found if one.details.get("cause") == "scan"), "")
    return scan or f"{name} could not be read, so nothing was measured."
