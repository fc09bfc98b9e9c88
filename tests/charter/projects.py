"""A valid project to break: a lending team with two source tables, consent, a snapshot and a model."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from governance_pipeline.charter.loader import check_project
from governance_pipeline.charter.scaffold import create_project

SNAPSHOT = """\
apiVersion: v3.1.0
kind: DataContract
id: snapshot
version: 1.0.0
status: active
domain: lending
servers:
  - {server: local, type: local, path: data/snapshot.parquet, format: parquet}
schema:
  - name: snapshot
    properties:
      - {name: subject_id, logicalType: string, required: true}
      - name: income
        logicalType: number
        transformSourceObjects: [lending.incomes.amount]
      - {name: approved, logicalType: integer}
    customProperties:
      - {property: namespace, value: lending}
      - {property: datasetKind, value: training_snapshot}
      - {property: subjectKey, value: subject_id}
      - property: purposes
        value:
          - {purpose: model_training, basis: consent}
team: {name: data-team}
"""
INCOMES = """\
apiVersion: v3.1.0
kind: DataContract
id: incomes
version: 1.0.0
status: active
domain: lending
servers:
  - {server: warehouse, type: postgres, host: db, port: 5432, database: dw, schema: public}
schema:
  - name: incomes
    physicalName: income_t
    properties:
      - {name: subject_id, logicalType: string, primaryKey: true}
      - {name: amount, logicalType: number, required: true}
      - {name: updated_at, logicalType: timestamp}
    customProperties:
      - {property: namespace, value: lending}
      - {property: eventTime, value: updated_at}
slaProperties:
  - {property: latency, value: 26, unit: h}
team:
  members:
    - {username: sam@example.org, role: Owner}
"""
CONSENTS = """\
apiVersion: v3.1.0
kind: DataContract
id: consents
version: 1.0.0
status: active
domain: lending
servers:
  - {server: ledger, type: duckdb, database: data/ledger.duckdb}
schema:
  - name: consents
    properties:
      - {name: subject_id}
      - {name: purpose}
      - {name: basis}
      - {name: status}
      - {name: valid_from}
      - {name: valid_to}
      - {name: recorded_at}
    customProperties:
      - {property: namespace, value: lending}
      - {property: datasetKind, value: consent_ledger}
team: {name: data-team}
"""
PREDICTIONS = """\
apiVersion: v3.1.0
kind: DataContract
id: predictions
version: 1.0.0
status: active
domain: lending
servers:
  - {server: local, type: local, path: "data/predictions/*.parquet", format: parquet}
schema:
  - name: predictions
    properties:
      - {name: predicted, logicalType: integer}
      - {name: outcome, logicalType: integer}
      - name: sex
        logicalType: string
        customProperties:
          - {property: sensitiveAttribute, value: true}
    customProperties:
      - {property: namespace, value: lending}
      - {property: datasetKind, value: predictions}
      - {property: upstream, value: [lending.incomes]}
team: {name: data-team}
"""
MODEL = """\
name: approval
owner: data-team
tier: high
purpose: Decides about loans.
features:
  - column: lending.incomes#amount
    snapshot_column: income
training:
  snapshot: lending.snapshot
  purpose: model_training
  label: approved
predictions:
  dataset: lending.predictions
  prediction: predicted
  label: outcome
sensitive_attributes:
  - column: sex
    reference: male
registry:
  path: models/approval.versions.json
rollback:
  plan: Switch back.
"""


def new_project(root: Path) -> Path:
    """The starting project plus the lending files above; valid as it stands."""
    create_project(root, "lending", date(2026, 1, 2))
    change(
        root,
        "governance.yaml",
        "# connections:\n#   warehouse:\n#     url:",
        "connections:\n  warehouse:\n    url:",
    )
    change(
        root,
        "governance.yaml",
        "# consent:\n#   dataset: example.consents",
        "consent:\n  dataset: lending.consents",
    )
    for name, text in (
        ("snapshot", SNAPSHOT), ("incomes", INCOMES), ("consents", CONSENTS), ("predictions", PREDICTIONS),
    ):  # fmt: skip
        write(root, f"datasets/{name}.odcs.yaml", text)
    write(root, "models/approval.yaml", MODEL)
    return root


def write(root: Path, file: str, text: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def change(root: Path, file: str, old: str, new: str) -> None:
    """Replace ``old``, which must be there, by ``new``."""
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def line_of(root: Path, file: str, text: str) -> int:
    """The line, from 1, on which ``text`` first stands."""
    lines = (root / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def complaints(root: Path) -> list[str]:
    """What check_project has to say, as it is printed."""
    return [str(problem) for problem in check_project(root)]
