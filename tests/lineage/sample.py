"""A small lending project for the lineage tests, built in memory: nothing is read from disk."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from governance_pipeline.charter.contract import Column, ColumnSource, Contract, DatasetKind, Location
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.settings import Schedule, Settings
from governance_pipeline.testing import a_charter, a_model, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

ROOT = Path("/project")
NIGHT = date(2026, 3, 4)

FEATURES_SQL = """
SELECT i.subject_id,
       i.debts / i.income AS debt_ratio,
       b.score AS bureau_score
FROM lending.incomes AS i
JOIN lending.bureau_scores AS b USING (subject_id)
"""


def a_table(name: str, columns: Iterable[str | Column], **changes: Any) -> Contract:
    """A contract of ``lending.<name>`` in ``datasets/<name>.odcs.yaml``; column n stands on line 10+n."""
    made = tuple(
        replace(column, line=10 + at) if isinstance(column, Column) else Column(column, line=10 + at)
        for at, column in enumerate(columns)
    )
    contract = Contract(
        dataset=f"lending.{name}",
        kind=DatasetKind.SOURCE,
        location=Location(kind="parquet", path=f"{ROOT}/data/{name}/*.parquet"),
        columns=made,
        file=ROOT / "datasets" / f"{name}.odcs.yaml",
        digest="sha256:" + "0" * 64,
        owner="ada",
        line=3,
    )
    return replace(contract, **changes)


def changed(**changes: dict[str, Any]) -> list[Contract]:
    """:func:`contracts`, some of them changed, by the name of their table."""
    return [replace(one, **changes.get(one.dataset.removeprefix("lending."), {})) for one in contracts()]


def contracts() -> list[Contract]:
    """Two sources, a feature view built by SQL, a snapshot with declared sources, and predictions."""
    taken = [
        Column(name, sources=(ColumnSource("lending.features", name),))
        for name in ("debt_ratio", "bureau_score")
    ]
    return [
        a_table("incomes", ["subject_id", "debts", "income"]),
        a_table("bureau_scores", ["subject_id", "score"], vendor="bureau"),
        a_table(
            "features",
            ["subject_id", "debt_ratio", "bureau_score"],
            kind=DatasetKind.FEATURE_VIEW,
            upstream=("lending.incomes",),
            job="build_features",
            job_sql=FEATURES_SQL,
        ),
        a_table(
            "training_set",
            [*taken, "approved"],
            kind=DatasetKind.TRAINING_SNAPSHOT,
            upstream=("lending.features",),
            job="snapshot",
        ),
        a_table("predictions", ["subject_id", "predicted", "race"], kind=DatasetKind.PREDICTIONS),
    ]


def a_project(tables: Iterable[Contract] | None = None, **changes: Any) -> Project:
    """The project of :func:`contracts` and one model; ``settings`` may be given as keys to change."""
    settings = {
        "name": "lending-demo",
        "schedule": Schedule(start=date(2026, 1, 1), timezone="Europe/Berlin"),
        **changes.pop("settings", {}),
    }
    model = a_model(
        features=[{"column": "lending.features#debt_ratio"}, {"column": "lending.features#bureau_score"}],
        deployments=["scoring-service"],
        registry={"path": "registry/mortgage_approval.yaml"},
    )
    tables = contracts() if tables is None else tables
    project = Project(
        root=ROOT,
        settings=Settings.model_validate(settings),
        charter=a_charter(),
        playbook=a_playbook(),
        contracts={contract.dataset: contract for contract in sorted(tables, key=lambda one: one.dataset)},
        models={model.name: model},
        digests={"models/mortgage_approval.yaml": "sha256:" + "3" * 64},
        playbook_digest="sha256:" + "4" * 64,
    )
    return replace(project, **changes)


def a_breach(
    entity: str, indicator: str, facet: str = "", outcome: Outcome = Outcome.FAIL, **changes: Any
) -> Measurement:
    """A breach of ``dataset:lending.x`` (or any entity by its full name)."""
    named = Entity.parse(entity) if ":" in entity else Entity.dataset(f"lending.{entity}")
    breach = Measurement(
        night=NIGHT,
        entity=named,
        indicator=indicator,
        outcome=outcome,
        sentence=f"{named.name}: {indicator} {facet} is not as it should be.",
        clause="P-1",
        facet=facet,
    )
    return replace(breach, **changes)
