"""Small factories: one plain, healthy example of each record, in which a test changes only what it is about.

The example is one feature view, ``lending.incomes``, read by one model, ``mortgage_approval``, on the
night of Wednesday 4 March 2026. With nothing changed every indicator of the dataset passes.

    inputs = dataset_inputs(profile=a_profile(watermark=AS_OF - timedelta(days=3)))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from governance_pipeline.charter.contract import (
    Column,
    Contract,
    DatasetKind,
    LawfulBasis,
    Location,
    PurposeUse,
)
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Indicators, Playbook
from governance_pipeline.indicators.base import Baseline, Counted, DatasetInputs, ModelInputs, NightInputs
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.profiles.cross_plan import CrossFeature, CrossPlan, CrossTarget
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.profile import ColumnProfile, ColumnType, ConsentTally, Histogram, Profile
from governance_pipeline.testing.fakes import healthy_crosses
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind
from governance_pipeline.vocabulary.review import ModelVersion

NIGHT = date(2026, 3, 4)
AS_OF = datetime(2026, 3, 5, tzinfo=UTC)
DATASET = "lending.incomes"
SOURCE = "lending.applications"
MODEL = "mortgage_approval"


def a_column(name: str = "ratio", **changes: Any) -> Column:
    """A column as a contract promises it: a number, not required."""
    return replace(Column(name=name, logical_type="number"), **changes)


def a_contract(**changes: Any) -> Contract:
    """The contract of a feature view with an owner, a daily SLA, a retention and one purpose."""
    columns = (
        a_column("subject_id", logical_type="string", required=True, primary_key=True),
        a_column("recorded_at", logical_type="timestamp", required=True),
        a_column("ratio"),
    )
    contract = Contract(
        dataset=DATASET,
        kind=DatasetKind.FEATURE_VIEW,
        location=Location(kind="parquet", path="/project/data/incomes/*.parquet"),
        columns=columns,
        file=Path("/project/datasets/incomes.odcs.yaml"),
        digest="sha256:" + "0" * 64,
        version="1.0.0",
        owner="ada",
        event_time="recorded_at",
        subject_key="subject_id",
        purposes=(PurposeUse("model_training", LawfulBasis.CONSENT),),
        max_age=timedelta(hours=26),
        retention=timedelta(days=365),
        upstream=(SOURCE,),
        job="incomes_job",
    )
    return replace(contract, **changes)


def a_column_profile(
    name: str = "ratio", kind: ColumnType = "number", rows: int = 1000, **changes: Any
) -> ColumnProfile:
    """A column's profile without nulls; a number is spread evenly over [0, 1) in ten bins."""
    profile = ColumnProfile(
        name=name,
        kind=kind,
        engine_type={"number": "float64", "time": "timestamp('UTC')", "boolean": "boolean"}.get(
            kind, "string"
        ),
        rows=rows,
        nulls=0,
        distinct=rows,
    )
    if kind == "number":
        profile = replace(
            profile,
            minimum=0.0,
            maximum=0.999,
            mean=0.5,
            variance=1 / 12,
            histogram=Histogram(-3, 0, tuple(rows // 8 + (i < rows % 8) for i in range(8))),
        )
    return replace(profile, **changes)


def a_histogram(values: Iterable[float], grid: Grid) -> Histogram:
    """The histogram that a scan makes of these values; NaN is in no bin."""
    import numpy as np

    known = np.asarray([*values] if not isinstance(values, np.ndarray) else values, dtype=float)
    places = np.floor(known[~np.isnan(known)] * 2.0**-grid.exponent) - grid.first
    codes = np.clip(places, -1, grid.bins).astype(int) + 1
    below, *counts, above = (int(n) for n in np.bincount(codes, minlength=grid.bins + 2))
    return Histogram(grid.exponent, grid.first, tuple(counts), below, above)


def a_tally(**changes: Any) -> ConsentTally:
    """One purpose on consent: 1,000 subjects, every one with a valid consent."""
    tally = ConsentTally(
        "model_training", LawfulBasis.CONSENT, subjects=1000, valid=1000, rows=1000, rows_valid=1000
    )
    return replace(tally, **changes)


def a_profile(**changes: Any) -> Profile:
    """What a scan of :func:`a_contract`'s table finds: 1,000 rows, the newest two hours old."""
    profile = Profile(
        dataset=DATASET,
        night=NIGHT,
        as_of=AS_OF,
        rows=1000,
        window_rows=1000,
        schema=(("subject_id", "string"), ("recorded_at", "timestamp('UTC')"), ("ratio", "float64")),
        columns={
            "subject_id": a_column_profile("subject_id", "other"),
            "recorded_at": a_column_profile("recorded_at", "time"),
            "ratio": a_column_profile("ratio"),
        },
        watermark=AS_OF - timedelta(hours=2),
        oldest=AS_OF - timedelta(days=30),
        tonight_rows=30,
        subjects=1000,
        consent=(a_tally(),),
        source_state="state-1",
    )
    return replace(profile, **changes)


_ON_DEMAND = ("withdrawals", "permits", "rehearsal", "access")


def a_playbook(**changes: Any) -> Playbook:
    """A playbook with one clause per indicator and the default bounds.

    Args:
        changes: top-level keys of the playbook, or the name of an indicator with the keys of its
            policy to change: ``a_playbook(recency={"fail": 2.0}, version="7")``; None leaves out the
            policy of an indicator that needs none. ``withdrawals``, which needs a consent ledger, and
            ``permits`` and ``rehearsal``, which need promotions, and ``access``, which needs roles, are left
            out unless they are named.
    """
    names = tuple(Indicators.model_fields)
    asked = {name: changes.pop(name, None if name in _ON_DEMAND else {}) for name in names}
    policies: dict[str, Any] = {
        name: None if asked[name] is None else {"clause": f"P-{number}", **asked[name]}
        for number, name in enumerate(names, 1)
    }
    return Playbook.model_validate(
        {
            "clauses": {
                f"P-{number}": {
                    "title": name.replace("_", " ").capitalize(),
                    "text": f"Every dataset keeps its {name.replace('_', ' ')} promise.",
                }
                for number, name in enumerate((*names, "reviews"), 1)
            },
            "indicators": policies,
            "reviews": {
                "clause": f"P-{len(names) + 1}",
                "by_tier": {
                    "low": [{"function": "engineering"}],
                    "medium": [{"function": "engineering"}, {"function": "privacy"}],
                    "high": [{"function": "legal"}, {"function": "privacy"}, {"function": "ethics"}],
                    "critical": [{"function": "legal"}, {"function": "privacy"}, {"function": "ethics"}],
                },
                "by_indicator": {"consent": [{"function": "privacy"}], "bias": [{"function": "ethics"}]},
            },
            **changes,
        }
    )


def a_charter(**changes: Any) -> Charter:
    """Six people with the functions a review needs, and one team, ``data-team``."""
    people = [
        {"id": "ada", "name": "Ada Okafor", "mail": "ada@example.org", "functions": ["engineering"]},
        {"id": "ben", "name": "Ben Moreau", "mail": "ben@example.org", "functions": ["engineering"]},
        {"id": "lea", "name": "Lea Stern", "mail": "lea@example.org", "functions": ["legal", "compliance"]},
        {"id": "pia", "name": "Pia Lind", "mail": "pia@example.org", "functions": ["privacy"]},
        {"id": "eli", "name": "Eli Sato", "mail": "eli@example.org", "functions": ["ethics"]},
        {"id": "sam", "name": "Sam Reyes", "mail": "sam@example.org", "functions": ["security", "business"]},
    ]
    return Charter.model_validate(
        {
            "purpose": "Lending decisions that can be explained.",
            "steward": "sam",
            "people": people,
            "teams": [{"id": "data-team", "name": "Data team", "members": ["ada", "ben"]}],
            **changes,
        }
    )


def a_model(**changes: Any) -> ModelSpec:
    """A model with one feature, one sensitive attribute and logged predictions."""
    return ModelSpec.model_validate(
        {
            "name": MODEL,
            "title": "Mortgage approval",
            "owner": "ben",
            "tier": "high",
            "purpose": "decide on mortgage applications",
            "features": [{"column": f"{DATASET}#ratio"}],
            "training": {
                "snapshot": "lending.training_set",
                "purpose": "model_training",
                "label": "approved",
            },
            "predictions": {
                "dataset": "lending.predictions",
                "prediction": "predicted",
                "label": "approved",
                "version": "model_version",
            },
            "sensitive_attributes": [{"column": "race", "reference": "white", "title": "race"}],
            "registry": {"path": "registry.json"},
            "rollback": {"plan": "Point the scoring service at the version approved before."},
            **changes,
        }
    )


def a_version(**changes: Any) -> ModelVersion:
    """Version 1 of :func:`a_model`, registered a month before the night."""
    version = ModelVersion(
        model=MODEL,
        version="1",
        stage="production",
        digest="sha256:" + "1" * 64,
        registered_at=AS_OF - timedelta(days=30),
        registered_by="ben",
        trained_by="ada",
        snapshot="lending.training_set",
        snapshot_digest="sha256:" + "2" * 64,
    )
    return replace(version, **changes)


def a_baseline(**changes: Any) -> Baseline:
    """The training snapshot's profile of :func:`a_version`."""
    baseline = Baseline(a_model(), a_version(), a_profile(dataset="lending.training_set"))
    return replace(baseline, **changes)


def a_graph(*edges: tuple[str, str], nodes: tuple[str, ...] = ()) -> LineageGraph:
    """A lineage graph from pairs of entity names, ``("column:a.b#x", "column:c.d#y")``.

    Without pairs: every column of :func:`a_contract` comes from the source ``lending.applications``.
    """
    pairs = edges or (
        (f"dataset:{SOURCE}", f"dataset:{DATASET}"),
        *(
            (f"column:{SOURCE}#{name}", f"column:{DATASET}#{name}")
            for name in ("subject_id", "recorded_at", "ratio")
        ),
    )
    return LineageGraph.of(
        (Edge(Entity.parse(source), Entity.parse(target), EdgeKind.FEEDS) for source, target in pairs),
        (Entity.parse(node) for node in nodes),
    )


def dataset_inputs(**changes: Any) -> DatasetInputs:
    """A night's inputs for the dataset, healthy but for ``changes``."""
    inputs = DatasetInputs(
        night=NIGHT,
        as_of=AS_OF,
        contract=a_contract(),
        tier="high",
        profile=a_profile(),
        previous=a_profile(
            night=NIGHT - timedelta(days=1),
            as_of=AS_OF - timedelta(days=1),
            watermark=AS_OF - timedelta(hours=26),
        ),
        playbook=a_playbook(),
        charter=a_charter(),
        graph=a_graph(),
        owned_sources=frozenset({SOURCE}),
    )
    return replace(inputs, **changes)


def a_count(model: ModelSpec | None = None, **changes: Any) -> Counted:
    """What was counted across the training data of version 1, in which no feature tells anything.

    Args:
        model: whose features, protected attributes and label were counted.
        changes: fields of :class:`~governance_pipeline.indicators.base.Counted`.
    """
    model = model or a_model()
    sensitive = [CrossTarget(one.column, "sensitive", one.column) for one in model.sensitive_attributes]
    label = CrossTarget(model.training.label, "label", model.training.label)
    plan = CrossPlan(
        contract=a_contract(dataset=model.training.snapshot, kind=DatasetKind.TRAINING_SNAPSHOT),
        night=NIGHT,
        key=("subject_id",),
        features=tuple(CrossFeature(one.baseline_column, (0.0, 0.5, 1.0)) for one in model.features),
        targets=(*sensitive, label),
    )
    return replace(Counted(a_version(), model.training.snapshot, healthy_crosses(plan)), **changes)


def night_inputs(*profiles: tuple[Contract, Profile], **changes: Any) -> NightInputs:
    """A night's inputs for what compares datasets; without any, those of :func:`dataset_inputs` alone."""
    given = profiles or ((a_contract(), a_profile()),)
    inputs = NightInputs(
        night=NIGHT,
        as_of=AS_OF,
        contracts={contract.dataset: contract for contract, _ in given},
        measured=tuple(contract.dataset for contract, _ in given),
        profiles={contract.dataset: profile for contract, profile in given},
        playbook=a_playbook(),
        charter=a_charter(),
        graph=a_graph(),
    )
    return replace(inputs, **changes)


def model_inputs(**changes: Any) -> ModelInputs:
    """A night's inputs for the model; give ``profiles`` what the test is about."""
    inputs = ModelInputs(
        night=NIGHT,
        as_of=AS_OF,
        model=a_model(),
        version=a_version(),
        profiles={DATASET: a_profile()},
        playbook=a_playbook(),
        charter=a_charter(),
        graph=a_graph(),
        counted=(a_count(changes.get("model")),),
    )
    return replace(inputs, **changes)
