"""A tiny real project on disk: three Parquet tables, people, a playbook; and a model where one is asked for.

``shop.people`` is a source, ``shop.consents`` the ledger, ``shop.features`` a feature view made from the
people. With a model there are ``shop.snapshot`` and ``shop.predictions`` too. Every night that
:func:`land` writes is clean: every measurement of a night of this project passes.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.stages.services import Services
from governance_pipeline.testing import FixedClock

START = date(2026, 3, 2)
PEOPLE = 400
STAMP = pa.timestamp("us", tz="UTC")
MODEL = "approval"

_HEAD = """\
apiVersion: v3.1.0
kind: DataContract
id: shop-{table}
version: 1.0.0
status: active
servers:
  - {{server: local, type: local, path: "data/{table}/*.parquet", format: parquet}}
team: {{name: {owner}}}
schema:
  - name: {table}
    customProperties:
      - {{property: namespace, value: shop}}
      - {{property: datasetKind, value: {kind}}}
"""

_PEOPLE = (
    _HEAD.format(table="people", owner="data-team", kind="source")
    + """\
      - {property: eventTime, value: recorded_at}
      - {property: subjectKey, value: subject_id}
      - property: purposes
        value:
          - {purpose: credit, basis: contract}
    properties:
      - {name: subject_id, logicalType: string, required: true, primaryKey: true}
      - {name: recorded_at, logicalType: timestamp, required: true}
      - {name: income, logicalType: number, required: true, logicalTypeOptions: {minimum: 0}}
      - {name: race, logicalType: string, required: true}
slaProperties:
  - {property: latency, value: 1, unit: d}
  - {property: retention, value: 1, unit: y}
"""
)
_CONSENTS = (
    _HEAD.format(table="consents", owner="privacy-office", kind="consent_ledger")
    + """\
    properties:
      - {name: subject_id, logicalType: string, required: true}
      - {name: purpose, logicalType: string, required: true}
      - {name: basis, logicalType: string, required: true}
      - {name: status, logicalType: string, required: true}
      - {name: valid_from, logicalType: timestamp, required: true}
      - {name: valid_to, logicalType: timestamp}
      - {name: recorded_at, logicalType: timestamp, required: true}
"""
)
_FEATURES = (
    _HEAD.format(table="features", owner="feature-team", kind="feature_view")
    + """\
      - {property: eventTime, value: recorded_at}
      - {property: subjectKey, value: subject_id}
      - property: purposes
        value:
          - {purpose: model_training, basis: consent}
      - {property: upstream, value: [shop.people]}
    properties:
      - {name: subject_id, logicalType: string, required: true, primaryKey: true, transformSourceObjects: [shop.people.subject_id]}
      - {name: recorded_at, logicalType: timestamp, required: true, transformSourceObjects: [shop.people.recorded_at]}
      - {name: ratio, logicalType: number, required: true, transformSourceObjects: [shop.people.income]}
slaProperties:
  - {property: latency, value: 1, unit: d}
"""
)
_SNAPSHOT = (
    _HEAD.format(table="snapshot", owner="feature-team", kind="training_snapshot")
    + """\
      - {property: subjectKey, value: subject_id}
      - property: purposes
        value:
          - {purpose: model_training, basis: consent}
      - {property: upstream, value: [shop.features]}
    properties:
      - {name: subject_id, logicalType: string, required: true, transformSourceObjects: [shop.features.subject_id]}
      - {name: ratio, logicalType: number, required: true, transformSourceObjects: [shop.features.ratio]}
      - {name: approved, logicalType: integer, required: true, transformSourceObjects: [shop.people.income]}
"""
)
_PREDICTIONS = (
    _HEAD.format(table="predictions", owner="modellers", kind="predictions")
    + """\
      - {property: eventTime, value: recorded_at}
      - {property: upstream, value: [shop.features, shop.people]}
    properties:
      - {name: recorded_at, logicalType: timestamp, required: true, transformSourceObjects: [shop.features.recorded_at]}
      - {name: predicted, logicalType: number, required: true, transformSourceObjects: [shop.features.ratio]}
      - {name: approved, logicalType: integer, transformSourceObjects: [shop.people.income]}
      - name: race
        logicalType: string
        required: true
        transformSourceObjects: [shop.people.race]
        customProperties:
          - {property: sensitiveAttribute, value: true}
slaProperties:
  - {property: latency, value: 1, unit: d}
"""
)
_MODEL = f"""\
name: {MODEL}
owner: ben
tier: high
purpose: Decides about loans.
features:
  - column: shop.features#ratio
training: {{snapshot: shop.snapshot, purpose: model_training, label: approved}}
predictions: {{dataset: shop.predictions, prediction: predicted, label: approved}}
sensitive_attributes:
  - {{column: race, reference: white}}
registry: {{path: registry.json}}
rollback: {{plan: Switch back.}}
"""
_CHARTER = """\
steward: sam
alert_channels: [file]
people:
  - {id: ada, name: Ada Okafor, mail: ada@example.org, functions: [engineering]}
  - {id: ben, name: Ben Moreau, mail: ben@example.org, functions: [engineering]}
  - {id: eva, name: Eva Lund, mail: eva@example.org, functions: [engineering]}
  - {id: lea, name: Lea Stern, mail: lea@example.org, functions: [legal]}
  - {id: pia, name: Pia Lind, mail: pia@example.org, functions: [privacy]}
  - {id: pax, name: Pax Vos, mail: pax@example.org, functions: [privacy]}
  - {id: eli, name: Eli Sato, mail: eli@example.org, functions: [ethics]}
  - {id: sam, name: Sam Reyes, mail: sam@example.org, functions: [compliance]}
teams:
  - {id: data-team, name: Data team, members: [ada]}
  - {id: feature-team, name: Feature team, members: [ada]}
  - {id: modellers, name: Modellers, members: [ben]}
  - {id: privacy-office, name: Privacy office, members: [pia]}
"""
_SETTINGS = """\
name: shop
schedule: {{cron: "0 2 * * *", timezone: {zone}, start: {start}}}
channels:
  file: {{type: file, path: .governance/alerts.jsonl}}
consent: {{dataset: shop.consents}}
"""


def tiny_project(root: Path, *, model: bool = False, zone: str = "UTC", nights: int = 1) -> Path:
    """The project with the data of its first ``nights`` nights; ``START`` is the first."""
    create_project(root, "shop", START)
    (root / "datasets" / "readings.odcs.yaml").unlink()
    (root / "data" / "readings.csv").unlink()
    shutil.rmtree(root / "playbook" / "assessments")  # tests of reviews write those that they need
    files = {"people": _PEOPLE, "consents": _CONSENTS, "features": _FEATURES}
    if model:
        files |= {"snapshot": _SNAPSHOT, "predictions": _PREDICTIONS}
        (root / "models" / f"{MODEL}.yaml").write_text(_MODEL)
    for name, text in files.items():
        (root / "datasets" / f"{name}.odcs.yaml").write_text(text)
    (root / "charter.yaml").write_text(_CHARTER)
    (root / "governance.yaml").write_text(_SETTINGS.format(zone=zone, start=START))
    change(root, "playbook/playbook.yaml", "never: [consent]", "never: []")
    _land_consents(root)
    if model:
        register(root, "1", stage="production")
        _land_snapshot(root)
    for number in range(1, nights + 1):
        land(root, number, model=model)
    return root


def night(number: int) -> date:
    """The date of night 1, 2 ..."""
    return START + timedelta(days=number - 1)


def morning(number: int) -> datetime:
    """Two hours after night ``number`` has ended in UTC."""
    return datetime(START.year, START.month, START.day, 2, tzinfo=UTC) + timedelta(days=number)


@contextmanager
def opened(root: Path, number: int = 1) -> Iterator[Services]:
    """The project's services, with a clock that stands on the morning after night ``number``."""
    with services(open_project(root), clock=FixedClock(morning(number))) as found:
        yield found


def land(root: Path, number: int, *, model: bool = False) -> None:
    """Write the files of one night; again gives the same files."""
    rng = random.Random(number)
    day = night(number)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    ids = [f"P{number:02}{i:04}" for i in range(PEOPLE)]
    times = [midnight + timedelta(seconds=86400 * (i + 0.5) / PEOPLE) for i in range(PEOPLE)]
    ratios = [rng.random() for _ in ids]
    races = [("white", "black")[i % 2] for i in range(PEOPLE)]
    write(root, "people", str(day), subject_id=ids, recorded_at=times, income=[100 * r for r in ratios],
          race=races)  # fmt: skip
    write(root, "features", str(day), subject_id=ids, recorded_at=times, ratio=ratios)
    if model:
        decided = [(i // 2) % 2 for i in range(PEOPLE)]
        write(root, "predictions", str(day), recorded_at=times, predicted=[float(d) for d in decided],
              approved=decided, race=races)  # fmt: skip


def write(root: Path, table: str, name: str, **columns: Sequence[Any]) -> Path:
    """A Parquet file of a table; instants get one type, whatever the file holds."""
    fields = {
        key: pa.array(values, STAMP) if key in _INSTANTS else pa.array(values)
        for key, values in columns.items()
    }
    return write_table(root, table, name, pa.table(fields))


def write_table(root: Path, table: str, name: str, rows: pa.Table) -> Path:
    path = root / "data" / table / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    return path


def register(root: Path, version: str, *, stage: str = "candidate", at: datetime | None = None) -> None:
    """Register a model version, as a training pipeline does."""
    content = f"{MODEL} {version}".encode()
    (root / f"{MODEL}-{version}.bin").write_bytes(content)
    file = root / "registry.json"
    known: list[Mapping[str, Any]] = json.loads(file.read_text())["versions"] if file.exists() else []
    entry = {
        "version": version,
        "stage": stage,
        "artefact": f"{MODEL}-{version}.bin",
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "registered_at": (at or morning(0)).isoformat(),
        "registered_by": "ben",
        "trained_by": "ada",
        "snapshot": "shop.snapshot",
        "snapshot_digest": "sha256:" + "2" * 64,
    }
    file.write_text(json.dumps({"model": MODEL, "versions": [*known, entry]}))


def contract(root: Path, table: str, old: str, new: str) -> None:
    """Change a dataset's contract: ``old``, which must be there, becomes ``new``."""
    change(root, f"datasets/{table}.odcs.yaml", old, new)


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {file}"
    path.write_text(text.replace(old, new), encoding="utf-8")


_INSTANTS = ("recorded_at", "valid_from", "valid_to")


def _land_consents(root: Path, nights: int = 40) -> None:
    """Everybody who will come in 40 nights has agreed to model training for ten years."""
    ids = [f"P{number:02}{i:04}" for number in range(nights + 1) for i in range(PEOPLE)]
    since = datetime(2026, 1, 1, tzinfo=UTC)
    rows = len(ids)
    write(root, "consents", "all", subject_id=ids, purpose=["model_training"] * rows,
          basis=["consent"] * rows, status=["given"] * rows, valid_from=[since] * rows,
          valid_to=[since + timedelta(days=3650)] * rows, recorded_at=[since] * rows)  # fmt: skip


def _land_snapshot(root: Path) -> None:
    """Of the people who come on night 1, so that their race can be looked up."""
    rng = random.Random(0)
    ids = [f"P01{i:04}" for i in range(PEOPLE)]
    write(root, "snapshot", "taken", subject_id=ids, ratio=[rng.random() for _ in ids],
          approved=[i % 2 for i in range(PEOPLE)])  # fmt: skip
