"""Training, registering and serving the mortgage approval model."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml

NAME = "mortgage_approval"
REGISTRY = Path("registry") / f"{NAME}.yaml"
FEATURES = (
    "debt_ratio",
    "housing_ratio",
    "industry_unemployment",
    "self_employed",
    "consumer_score",
    "mortgage_score",
    "public_record",
    "loan_to_value",
    "multi_unit",
    "tract_vacancy_high",
)
CUT_OFF = 0.2  # low: above 0.25 the approval gap between groups nears the bound of the playbook


@dataclass(frozen=True)
class Coefficients:
    """A trained logistic regression on the raw features; what the scoring service loads."""

    intercept: float
    weights: Mapping[str, float]

    def score(self, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Probability of approval by row."""
        features = rows[list(self.weights)].to_numpy(dtype=np.float64)
        logit = self.intercept + features @ np.array(list(self.weights.values()))
        result: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logit))
        return result


def train(snapshot: pd.DataFrame, *, strength: float, balanced: bool) -> tuple[Any, Coefficients, float]:
    """Fit scikit-learn's LogisticRegression on standardised features.

    Args:
        snapshot: the training snapshot: :data:`FEATURES` and ``approved``.
        strength: inverse of the L2 penalty (``C``).
        balanced: weigh approvals and rejections equally.

    Returns:
        The fitted pipeline, its coefficients on the raw features, and the area under its ROC curve on
        the snapshot itself.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    features = snapshot[list(FEATURES)].to_numpy(dtype=np.float64)
    label = snapshot["approved"].to_numpy()
    weight = "balanced" if balanced else None
    regression = LogisticRegression(C=strength, class_weight=weight, max_iter=1000)
    pipeline = make_pipeline(StandardScaler(), regression).fit(features, label)
    scaler = pipeline[0]
    raw = regression.coef_[0] / scaler.scale_
    coefficients = Coefficients(
        float(regression.intercept_[0] - raw @ scaler.mean_),
        {name: float(value) for name, value in zip(FEATURES, raw, strict=True)},
    )
    auc = float(roc_auc_score(label, pipeline.predict_proba(features)[:, 1]))
    return pipeline, coefficients, auc


def register(
    root: Path,
    version: str,
    snapshot_file: Path,
    *,
    snapshot: str,
    stage: str,
    at: datetime,
    strength: float,
    balanced: bool,
) -> None:
    """Train a version on the snapshot, save its artefact and add it to the registry file.

    A version that stands there already is replaced, so a night can land twice.
    """
    import joblib

    pipeline, coefficients, auc = train(pd.read_parquet(snapshot_file), strength=strength, balanced=balanced)
    folder = root / "registry" / "artefacts"
    folder.mkdir(parents=True, exist_ok=True)
    artefact = folder / f"{NAME}-{version}.joblib"
    joblib.dump(pipeline, artefact)
    published = {"intercept": coefficients.intercept, "weights": dict(coefficients.weights)}
    artefact.with_suffix(".json").write_text(json.dumps(published, indent=2) + "\n", encoding="utf-8")
    entry = {
        "version": version,
        "stage": stage,
        "digest": _digest(artefact),
        "artefact": artefact.relative_to((root / REGISTRY).parent).as_posix(),
        "registered_at": at.isoformat(),
        "registered_by": "priya.raman",
        "trained_by": "tomas.lindqvist",
        "snapshot": f"lending.{snapshot}",
        "snapshot_digest": _digest(snapshot_file),
        "metrics": {"auc_on_snapshot": round(auc, 4), "cut_off": CUT_OFF},
        "environment": {
            "python": platform.python_version(),
            "scikit-learn": installed("scikit-learn"),
            "numpy": installed("numpy"),
            "inverse_penalty": strength,
            "class_weight": "balanced" if balanced else "none",
        },
    }
    others = [known for known in _versions(root) if known["version"] != version]
    text = yaml.safe_dump({"model": NAME, "versions": [*others, entry]}, sort_keys=False, width=100)
    (root / REGISTRY).write_text(text, encoding="utf-8")


def deployed(root: Path, version: str) -> Coefficients:
    """The published coefficients of a version; the artefact itself is not loaded."""
    file = root / "registry" / "artefacts" / f"{NAME}-{version}.json"
    published = json.loads(file.read_text(encoding="utf-8"))
    return Coefficients(published["intercept"], published["weights"])


def _versions(root: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load((root / REGISTRY).read_text(encoding="utf-8"))
    versions: list[dict[str, Any]] = document["versions"]
    return versions


def _digest(file: Path) -> str:
    return f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
