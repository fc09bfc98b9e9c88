"""``python -m benchmarks.peers.team_script THEN NOW LEDGER``: the script a team writes today.

Evidently's default preset over 25 columns, the contract's checks by pandera, fairness by fairlearn on the
raw rows, and subjects without a valid consent by an anti-join; everything in pandas.
"""

from __future__ import annotations

import sys
from typing import Any

import pandas as pd
import pandera.pandas as pa
from evidently import Report
from evidently.presets import DataDriftPreset
from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

from benchmarks.data.ledger import PURPOSE
from benchmarks.data.reference_table import CATEGORICAL, COLUMNS, MISSING, NIGHT, NUMERIC
from benchmarks.processes import tell


def drift(then: pd.DataFrame, now: pd.DataFrame) -> Any:
    columns = [*NUMERIC, *CATEGORICAL]
    return Report([DataDriftPreset()]).run(now[columns], then[columns]).dict()


def quality(now: pd.DataFrame) -> pd.DataFrame:
    checks = {
        "n16": [pa.Check.in_range(18, 120)],
        "c01": [pa.Check.isin([f"value {number:02}" for number in range(3)])],
    }
    columns = {
        name: pa.Column(checks=checks.get(name), nullable=name in MISSING, required=True) for name in COLUMNS
    }
    return pa.DataFrameSchema(columns).validate(now, lazy=True)


def fairness(now: pd.DataFrame) -> Any:
    known = now[now["label"].notna()]
    metrics = {
        "selection_rate": selection_rate,
        "true_positive_rate": true_positive_rate,
        "false_positive_rate": false_positive_rate,
    }
    frame = MetricFrame(
        metrics=metrics,
        y_true=known["label"].astype(int),
        y_pred=known["prediction"],
        sensitive_features=known["group"],
    )
    return frame.difference()


def without_consent(now: pd.DataFrame, ledger: pd.DataFrame) -> int:
    end = pd.Timestamp(NIGHT) + pd.Timedelta(days=1)
    mine = ledger[(ledger["purpose"] == PURPOSE) & (ledger["valid_from"] <= end)]
    last = mine.sort_values("recorded_at").drop_duplicates("subject", keep="last")
    valid = last[(last["status"] == "given") & (last["valid_to"].isna() | (last["valid_to"] >= end))]
    joined = now[["subject"]].drop_duplicates().merge(valid, on="subject", how="left", indicator=True)
    return int((joined["_merge"] == "left_only").sum())


if __name__ == "__main__":
    then, now, ledger = (pd.read_parquet(path) for path in sys.argv[1:4])
    drift(then, now)
    quality(now)
    fairness(now)
    tell(uncovered=without_consent(now, ledger))
