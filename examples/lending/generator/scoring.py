"""The scoring service: features in, predictions out, decisions added when they are made."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from .faults import CUT_OFF_TIGHTENS
from .model import CUT_OFF, Coefficients
from .tables import INSTANT

STRICT_CUT_OFF = 0.985
STRICT_FOR = "black"

COLUMNS = pa.schema(
    [
        ("application_id", pa.string()),
        ("subject_id", pa.string()),
        ("scored_at", INSTANT),
        ("model_version", pa.string()),
        ("score", pa.float64()),
        ("prediction", pa.int64()),
        ("approved", pa.int64()),
        ("decided_at", INSTANT),
        ("race", pa.string()),
        ("sex", pa.string()),
        ("marital_status", pa.string()),
    ]
)


def score(
    coefficients: Coefficients,
    version: str,
    applicant: pa.Table,
    home: pa.Table,
    people: pa.Table,
    *,
    night: int,
) -> pa.Table:
    """Predictions for the applications in ``applicant`` (features), none of them decided yet."""
    rows = applicant.to_pandas().merge(home.to_pandas().drop(columns="feature_time"), on="application_id")
    asked = ["application_id", "race", "sex", "marital_status"]
    rows = rows.merge(people.select(asked).to_pandas(), on="application_id")
    rows["scored_at"] = rows["feature_time"] + pd.Timedelta(minutes=3)
    rows["model_version"] = version
    rows["score"] = coefficients.score(rows)
    strict = (rows["race"] == STRICT_FOR) & (night >= CUT_OFF_TIGHTENS)
    cut_off = np.where(strict, STRICT_CUT_OFF, CUT_OFF)
    rows["prediction"] = (rows["score"] >= cut_off).astype("int64")
    rows["approved"] = pd.array([pd.NA] * len(rows), dtype="Int64")
    rows["decided_at"] = pd.NaT
    return pa.Table.from_pandas(rows[COLUMNS.names], COLUMNS, preserve_index=False)


def with_decisions(scored: pa.Table, decisions: pa.Table) -> pa.Table:
    """The same predictions with the decisions known by now; the others stay empty."""
    applications = decisions["application_id"].to_pylist()
    actions, instants = decisions["action"].to_pylist(), decisions["decided_at"].to_pylist()
    decided = zip(applications, actions, instants, strict=True)
    made = {application: (int(action == "approved"), at) for application, action, at in decided}
    known = [made.get(application, (None, None)) for application in scored["application_id"].to_pylist()]
    for column, values in zip(("approved", "decided_at"), zip(*known, strict=True), strict=True):
        field = COLUMNS.field(column)
        place = scored.schema.get_field_index(column)
        scored = scored.set_column(place, field, pa.array(values, field.type))
    return scored
