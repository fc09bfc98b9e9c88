"""Subject manifests as rows, for every store alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance_pipeline.store.values import instant, key, optional_instant, plain_json, text, whole
from governance_pipeline.vocabulary.subjects import SubjectManifest


def manifest_row(manifest: SubjectManifest) -> dict[str, Any]:
    """A row of ``subject_manifests``. Raises UsageError for what no store can keep."""
    what = f"of the subject manifest of {manifest.model}/{manifest.version}"
    return {
        "model": key(manifest.model, "a model's name"),
        "version": key(manifest.version, "a model version"),
        "snapshot": key(manifest.snapshot, f"the snapshot {what}"),
        "taken_at": instant(manifest.taken_at, f"the time {what}"),
        "source_state": text(manifest.source_state, f"the state {what}"),
        "key": text(manifest.key, f"the key's id {what}"),
        "subjects": whole(manifest.subjects, f"the subjects {what}"),
        "digest": text(manifest.digest, f"the digest {what}"),
        "purpose": text(manifest.purpose, f"the purpose {what}"),
        "basis": text(manifest.basis, f"the basis {what}"),
        "asked": _optional_whole(manifest.asked, f"who had withdrawn {what}"),
        "withdrawn": _optional_whole(manifest.withdrawn, f"the withdrawn {what}"),
        "problem": text(manifest.problem, f"the problem {what}"),
        "erased_at": optional_instant(manifest.erased_at, f"the erasure {what}"),
        "notices": plain_json(list(manifest.notices), f"the notices {what}") or None,
    }


def _optional_whole(value: int | None, what: str) -> int | None:
    return None if value is None else whole(value, what)


def manifest_of(row: Mapping[str, Any]) -> SubjectManifest:
    """The manifest of a row."""
    return SubjectManifest(**{**row, "notices": tuple(row["notices"] or ())})
