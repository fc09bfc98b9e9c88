"""Records of consent as rows, for every store alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from governance_pipeline.store.values import instant, key, optional_instant, text
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus


def consent_row(record: ConsentRecord, received_at: datetime) -> dict[str, Any]:
    """A row of ``consent_records``. Raises UsageError for what no store can keep."""
    said = {
        "subject": key(record.subject, "a person's id"),
        "purpose": text(record.purpose, "a purpose"),
        "basis": text(record.basis, "a lawful basis"),
        "status": text(record.status, "a status"),
        "recorded_at": instant(record.recorded_at, "when a consent was recorded"),
        "valid_from": optional_instant(record.valid_from, "when a consent begins"),
        "valid_to": optional_instant(record.valid_to, "when a consent ends"),
        "notice": text(record.notice, "the version of a notice"),
        "jurisdiction": text(record.jurisdiction, "a jurisdiction"),
    }
    written = json.dumps(said, default=datetime.isoformat, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(written.encode()).hexdigest()
    return {"digest": digest, **said, "received_at": instant(received_at, "the time of receipt")}


def consent_of(row: Mapping[str, Any]) -> ConsentRecord:
    """The record of a row."""
    kept = {name: value for name, value in row.items() if name not in ("digest", "received_at")}
    return ConsentRecord(**kept | {"status": ConsentStatus(kept["status"])})
