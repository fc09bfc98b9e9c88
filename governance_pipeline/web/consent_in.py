"""Records of consent as they come in: checked values, or a refusal that names the place and no value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from governance_pipeline.charter.contract import LawfulBasis
from governance_pipeline.errors import EventRefused
from governance_pipeline.lineage.openlineage_checks import Json, mapping, required_text, text
from governance_pipeline.lineage.openlineage_json import canonical, parsed, require_depth
from governance_pipeline.store.values import MAX_KEY_BYTES
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus

_LONGEST = 400  # of every text but the person's id, in characters
_TIMES = ("recorded_at", "valid_from", "valid_to")
_FIELDS = frozenset({"subject", "purpose", "basis", "status", "notice", "jurisdiction", *_TIMES})
_DATE = len("2026-01-01")

SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What one person said about one purpose. null means absent.",
    "required": ["subject", "purpose", "basis", "status", "recorded_at"],
    "additionalProperties": False,
    "properties": {
        "subject": {"type": "string", "description": "The person, as the tables name them; 800 bytes."},
        "purpose": {"type": "string", "maxLength": _LONGEST},
        "basis": {"enum": [str(one) for one in LawfulBasis]},
        "status": {"enum": [str(one) for one in ConsentStatus]},
        "recorded_at": {"type": "string", "format": "date-time"},
        "valid_from": {"type": ["string", "null"], "format": "date-time"},
        "valid_to": {"type": ["string", "null"], "format": "date-time"},
        "notice": {"type": ["string", "null"], "maxLength": _LONGEST},
        "jurisdiction": {"type": ["string", "null"], "maxLength": _LONGEST},
    },
}


def read_records(body: bytes) -> list[ConsentRecord]:
    """The records of a body that is one or an array of them; all or none. Raises EventRefused."""
    document = parsed(body)
    if not isinstance(document, list):
        return [_record(document, "$")]
    return [_record(one, f"$[{place}]") for place, one in enumerate(document)]


def _record(value: Any, path: str) -> ConsentRecord:
    require_depth(value)
    try:
        canonical(value)
    except EventRefused as refused:
        raise refused.within(path) from refused
    told = mapping(value, path)
    if set(told) - _FIELDS:
        raise EventRefused(f"has other keys than {', '.join(sorted(_FIELDS))}", path=path)
    subject = required_text(told, "subject", path)
    if len(subject.encode()) > MAX_KEY_BYTES:
        raise EventRefused(f"is longer than {MAX_KEY_BYTES} bytes", path=f"{path}.subject")
    begins, ends = _time(told, "valid_from", path), _time(told, "valid_to", path)
    if begins is not None and ends is not None and ends < begins:
        raise EventRefused("is before valid_from", path=f"{path}.valid_to")
    required_text(told, "recorded_at", path)
    recorded = _time(told, "recorded_at", path)
    assert recorded is not None
    return ConsentRecord(
        subject,
        _short(told, "purpose", path, required=True),
        _one_of(told, "basis", path, LawfulBasis),
        ConsentStatus(_one_of(told, "status", path, ConsentStatus)),
        recorded,
        begins,
        ends,
        _short(told, "notice", path),
        _short(told, "jurisdiction", path),
    )


def _one_of(told: Json, name: str, path: str, words: type[LawfulBasis | ConsentStatus]) -> str:
    found = required_text(told, name, path)
    if found not in set(words):
        raise EventRefused(f"is none of {', '.join(words)}", path=f"{path}.{name}")
    return found


def _short(told: Json, name: str, path: str, *, required: bool = False) -> str:
    found = required_text(told, name, path) if required else text(told, name, path)
    if len(found) > _LONGEST:
        raise EventRefused(f"is longer than {_LONGEST} characters", path=f"{path}.{name}")
    return found


def _time(told: Json, name: str, path: str) -> datetime | None:
    """An instant; unlike an event's time it says its zone, because a withdrawal counts by the hour."""
    written = text(told, name, path)
    if told.get(name) is None:
        return None
    try:
        found = datetime.fromisoformat(written if len(written) > _DATE else "")
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise EventRefused("is not an instant such as 2026-01-31T02:00:00Z", path=f"{path}.{name}")
