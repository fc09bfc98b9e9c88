"""A small project, and the services around it: everything a night needs, without data or database.

Four datasets: the source ``lending.applications``, the feature view ``lending.incomes`` made from it,
``lending.training_set`` that ``mortgage_approval`` learned from, and ``lending.predictions``. Version 1 is
in production. With nothing changed every measurement of a night passes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from governance_pipeline.charter.contract import Column, ColumnSource, Contract, DatasetKind
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.settings import Settings
from governance_pipeline.stages.services import Services
from governance_pipeline.store.open import MEMORY, open_store
from governance_pipeline.testing.fakes import FakeEngine, FixedClock
from governance_pipeline.testing.records import (
    AS_OF,
    DATASET,
    MODEL,
    SOURCE,
    a_charter,
    a_column,
    a_contract,
    a_model,
    a_playbook,
)

TRAINING_SET = "lending.training_set"
PREDICTIONS = "lending.predictions"
REGISTRY = "registry.json"
START = date(2026, 1, 1)


def a_small_project(root: Path, *, settings: dict[str, Any] | None = None, **changes: Any) -> Project:
    """The project; its registry and version 1's artefact are written to ``root`` if they are not there.

    Args:
        root: the project's folder: a night also writes its lineage events there.
        settings: keys of governance.yaml to change.
        changes: fields of :class:`Project` to change, e.g. ``playbook=a_playbook(...)``.
    """
    model = a_model()
    if not (root / REGISTRY).exists():
        register_version(root, "1", stage="production")
    project = Project(
        root=root,
        settings=Settings.model_validate(
            {
                "name": "lending",
                "schedule": {"start": START},
                "openlineage": {"path": str(root / "openlineage")},
                "channels": {"log": {"type": "file", "path": str(root / "alerts.jsonl")}},
                **(settings or {}),
            }
        ),
        charter=a_charter(alert_channels=["log"]),
        playbook=a_playbook(),
        contracts={contract.dataset: contract for contract in _contracts()},
        models={model.name: model},
        digests={},
        playbook_digest="sha256:" + "3" * 64,
    )
    return replace(project, **changes)


def a_services(
    root: Path, *, project: Project | None = None, engine: FakeEngine | None = None, **changes: Any
) -> Services:
    """The small project with a store in memory, a :class:`FakeEngine` and a :class:`FixedClock` that
    stands at seven in the morning after the example night.
    """
    services = Services(
        project=project or a_small_project(root),
        store=open_store(MEMORY),
        engine=engine or FakeEngine(),
        clock=FixedClock(),
    )
    return replace(services, **changes)


def register_version(
    root: Path,
    version: str,
    *,
    stage: str = "candidate",
    at: datetime = AS_OF - timedelta(days=30),
    content: bytes | None = None,
    **changes: Any,
) -> None:
    """Register a version as a training pipeline does: an artefact, and an entry in the registry file.

    Registered again, the version's entry is replaced.

    Args:
        root: the folder of :func:`a_small_project`.
        version: its label.
        stage: the registry's stage.
        at: when it was registered; aware.
        content: the artefact's bytes, never loaded.
        changes: other keys of the registry's entry.
    """
    content = content if content is not None else f"{MODEL} {version}".encode()
    artefact = root / f"{MODEL}-{version}.bin"
    root.mkdir(parents=True, exist_ok=True)
    artefact.write_bytes(content)
    entry = {
        "version": version,
        "stage": stage,
        "artefact": artefact.name,
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "registered_at": at.isoformat(),
        "registered_by": "ben",
        "trained_by": "ada",
        "snapshot": TRAINING_SET,
        "snapshot_digest": "sha256:" + "2" * 64,
        **changes,
    }
    file = root / REGISTRY
    known = json.loads(file.read_text(encoding="utf-8"))["versions"] if file.exists() else []
    kept = [one for one in known if one["version"] != version]
    file.write_text(json.dumps({"model": MODEL, "versions": [*kept, entry]}, indent=2), encoding="utf-8")


def _contracts() -> tuple[Contract, ...]:
    return (_source(), _features(), _training_set(), _predictions())


def _source() -> Contract:
    return a_contract(
        dataset=SOURCE,
        kind=DatasetKind.SOURCE,
        owner="data-team",
        upstream=(),
        job="",
        purposes=(),
    )


def _features() -> Contract:
    plain = a_contract()
    return replace(plain, columns=tuple(_from(column, SOURCE) for column in plain.columns))


def _training_set() -> Contract:
    columns = (
        _from(a_column("subject_id", logical_type="string", primary_key=True, required=True), DATASET),
        _from(a_column("ratio"), DATASET),
        _from(a_column("approved", logical_type="integer"), SOURCE, "ratio"),
    )
    return a_contract(
        dataset=TRAINING_SET,
        kind=DatasetKind.TRAINING_SNAPSHOT,
        columns=columns,
        event_time=None,
        max_age=None,
        retention=None,
        upstream=(DATASET, SOURCE),
        job="training_job",
    )


def _predictions() -> Contract:
    columns = (
        _from(a_column("subject_id", logical_type="string", primary_key=True, required=True), DATASET),
        _from(a_column("recorded_at", logical_type="timestamp", required=True), DATASET),
        _from(a_column("model_version", logical_type="string"), TRAINING_SET, "approved"),
        _from(a_column("predicted", logical_type="integer"), DATASET, "ratio"),
        _from(a_column("approved", logical_type="integer"), SOURCE, "ratio"),
        _from(a_column("race", logical_type="string", sensitive=True), SOURCE, "ratio"),
    )
    return a_contract(
        dataset=PREDICTIONS,
        kind=DatasetKind.PREDICTIONS,
        columns=columns,
        owner="ben",
        purposes=(),
        upstream=(DATASET, SOURCE),
        job="scoring_job",
    )


def _from(column: Column, dataset: str, source: str = "") -> Column:
    return replace(column, sources=(ColumnSource(dataset, source or column.name),))
