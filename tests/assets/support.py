"""The code location over the small project in memory, without files, data or database."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from assets.location import build_definitions
from assets.resources import GovernanceResource
from governance_pipeline.bootstrap import open_project
from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import AS_OF, a_column, a_contract, a_model, a_small_project

CLONE = Path(__file__).parents[2]
TEMPLATE = CLONE / "examples" / "lending"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def given(services: Services) -> GovernanceResource:
    """The resource that hands out ``services`` and leaves them open."""

    class Given(GovernanceResource):
        @contextmanager
        def open(self) -> Iterator[Services]:
            yield services

    return Given(project=str(services.project.root))


def definitions(services: Services) -> dg.Definitions:
    return build_definitions(services.project, now=AS_OF, governance=given(services))


def run_night(
    instance: dg.DagsterInstance, services: Services, night: str, **options: Any
) -> dg.ExecuteInProcessResult:
    """The nightly job for one partition, in this process."""
    job = definitions(services).resolve_job_def("nightly")
    return job.execute_in_process(instance=instance, partition_key=night, **options)


def lending(folder: Path) -> Project:
    """The sample project's files, with two versions registered as the generator registers them."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("generator", "__*", "README.md"))
    registry = folder / "registry" / "mortgage_approval.yaml"
    versions = ""
    for number, stage in (("1", "production"), ("2", "candidate")):
        artefact = f"weights of version {number}".encode()
        (registry.parent / f"{number}.joblib").write_bytes(artefact)
        versions += f"""
- version: '{number}'
  stage: {stage}
  digest: sha256:{hashlib.sha256(artefact).hexdigest()}
  artefact: {number}.joblib
  registered_at: '2026-0{number}-03T12:00:00+00:00'
  registered_by: priya.raman
  trained_by: tomas.lindqvist
  snapshot: lending.training_snapshot
  metrics: {{auc_on_snapshot: 0.8{number}}}"""
    registry.write_text(f"model: mortgage_approval\nversions:{versions}\n", encoding="utf-8")
    return open_project(folder)


def assets_of(defs: dg.Definitions) -> dict[str, dg.AssetSpec]:
    """Every asset's spec by its name in the UI: ``lending/incomes``."""
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def deps_of(spec: dg.AssetSpec) -> set[str]:
    return {dep.asset_key.to_user_string() for dep in spec.deps}


def checks_of(defs: dg.Definitions) -> set[tuple[str, str]]:
    """(asset, check) of every check."""
    keys = defs.resolve_asset_graph().asset_check_keys
    return {(key.asset_key.to_user_string(), key.name) for key in keys}


def generated(root: Path, tables: int, *, namespaces: int = 40) -> Project:
    """A feature store of ``tables`` tables and one model per hundred of them: two in five are sources,
    the others are made from three tables before them each.
    """
    contracts = [_table(number, namespaces) for number in range(tables)]
    models = list(_models(contracts))
    return a_small_project(
        root,
        contracts={contract.dataset: contract for contract in contracts},
        models={model.name: model for model in models},
    )


def _name(number: int, namespaces: int) -> str:
    return f"area_{number % namespaces:02d}.table_{number:04d}"


def _table(number: int, namespaces: int) -> Contract:
    source = number % 5 < 2
    upstream = () if source else tuple(_name(max(0, number - step), namespaces) for step in (1, 7, 31))
    return replace(
        a_contract(),
        dataset=_name(number, namespaces),
        kind=DatasetKind.SOURCE if source else DatasetKind.FEATURE_VIEW,
        upstream=tuple(sorted(set(upstream) - {_name(number, namespaces)})),
        columns=(*a_contract().columns, a_column("approved", logical_type="integer")),
    )


def _models(contracts: list[Contract]) -> Iterable[ModelSpec]:
    for number in range(0, len(contracts), 100):
        views = [c.dataset for c in contracts[number : number + 10] if c.kind is DatasetKind.FEATURE_VIEW]
        yield a_model(
            name=f"model_{number // 100}",
            features=[{"column": f"{view}#ratio"} for view in views],
            training={
                "snapshot": contracts[number].dataset,
                "purpose": "model_training",
                "label": "approved",
            },
            predictions=None,
            sensitive_attributes=[],
            registry={"path": "none.json"},
        )
