"""The folder: every part as bytes, a manifest of them, and the signature on it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from governance_pipeline.errors import CannotEvaluate, UsageError
from governance_pipeline.ledger import offline
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.reports.controls.coverage import coverage
from governance_pipeline.reports.evidence.card import model_card
from governance_pipeline.reports.evidence.datasheets import data_sheets
from governance_pipeline.reports.evidence.decisions import (
    decisions_json,
    incidents_json,
    permits,
    rollback_json,
)
from governance_pipeline.reports.evidence.document import document
from governance_pipeline.reports.evidence.environment import environment
from governance_pipeline.reports.evidence.history import indicators_json
from governance_pipeline.reports.evidence.identity import file_name
from governance_pipeline.reports.evidence.lineage_part import lineage_json, lineage_mermaid
from governance_pipeline.reports.evidence.missing import missing
from governance_pipeline.reports.evidence.mlbom import ml_bom
from governance_pipeline.reports.evidence.oscal import assessment_results
from governance_pipeline.reports.evidence.page import page
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reports.evidence.sealed import entries_json
from governance_pipeline.reports.evidence.view import view
from governance_pipeline.reviews.permit import STATEMENT, sign
from governance_pipeline.vocabulary.json_form import jsonable

Files = dict[str, bytes]

WHAT = {
    "index.html": "this page",
    "evidence.pdf": "the same for paper",
    "missing.json": "what is not known",
    "model-card.json": "the model card",
    "environment.json": "what the version was trained with",
    "datasheets/": "a data sheet for each dataset",
    "indicators.json": "every indicator, night by night",
    "decisions.json": "reviews with all their acts, waivers, and the gate's reasons",
    "incidents.json": "incidents, and what was done about them",
    "rollback.json": "the plan to go back, and its rehearsal",
    "permits/": "permits as they were signed (in-toto statements in DSSE envelopes)",
    "controls.json": "which controls of published frameworks the record supports, and what would raise it",
    "lineage.json": "where the version comes from, step by step",
    "lineage.mmd": "the same as a Mermaid diagram",
    "ml-bom.cdx.json": "bill of materials (CycloneDX 1.6)",
    "assessment-results.oscal.json": "the measurements as assessment results (OSCAL)",
    "ledger/entries.json": "entries of the ledger, with their proofs",
    "ledger/checkpoint.txt": "the signed checkpoint that the proofs lead to",
    "ledger/keys.public.json": "the project's public keys, to compare with those you hold",
    "verify.py": "checks the pack with Python and the package cryptography alone",
    offline.MANIFEST: "the SHA-256 of every file above (sha256sum -c)",
    offline.SIGNED_MANIFEST: "the same as a signed in-toto statement",
}


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack that was written.

    Attributes:
        digest: of its manifest: name it where the pack is handed over.
        missing: how many things are listed as not known.
    """

    folder: Path
    model: str
    version: str
    as_of: str
    files: int
    digest: str
    missing: int


def write_pack(record: Record, log: CheckpointLog, folder: Path) -> Packed:
    """Write the pack into ``folder``, whole or not at all.

    Raises:
        UsageError: something is in the folder already.
        CannotEvaluate: it cannot be written, or a part cannot be made.
    """
    files = signed(record, log, parts(record, log))
    with _whole(folder) as draft:
        for name, content in files.items():
            place = draft / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return Packed(
        folder,
        record.model.name,
        record.version.version,
        record.as_of.isoformat(),
        len(files),
        f"sha256:{_digest(files[offline.MANIFEST])}",
        len(missing(record)),
    )


def parts(record: Record, log: CheckpointLog) -> Files:
    """Every file but the manifests, by its name in the folder."""
    shown = view(record)
    point = record.sealed.checkpoint
    told: dict[str, Any] = {
        "missing.json": [asdict(one) for one in missing(record)],
        "model-card.json": model_card(record),
        "environment.json": asdict(environment(record.version.environment)),
        "indicators.json": indicators_json(record),
        "decisions.json": decisions_json(record),
        "incidents.json": incidents_json(record),
        "rollback.json": rollback_json(record),
        "lineage.json": lineage_json(record),
        "controls.json": jsonable(coverage([record], record.as_of)),
        "ml-bom.cdx.json": ml_bom(record),
        "assessment-results.oscal.json": assessment_results(record),
        "ledger/entries.json": entries_json(record.sealed),
        **{f"datasheets/{file_name(name)}.json": one for name, one in data_sheets(record).items()},
    }
    return {
        "index.html": page(shown, list(WHAT.items())).encode(),
        "evidence.pdf": document(shown, record.as_of),
        **{name: _written(record, one) for name, one in told.items()},
        **{f"permits/{name}.dsse.json": envelope for name, envelope in permits(record).items()},
        "lineage.mmd": lineage_mermaid(record).encode(),
        "ledger/checkpoint.txt": (f"{point.note}{offline.NOTE_END}" if point else "").encode(),
        "ledger/keys.public.json": _public_keys(log),
        "verify.py": Path(offline.__file__).read_bytes(),
    }


def signed(record: Record, log: CheckpointLog, files: Files) -> Files:
    """The files with their manifests."""
    listed = "".join(f"{_digest(files[name])}  {name}\n" for name in sorted(files)).encode()
    whole = {**files, offline.MANIFEST: listed}
    envelope = sign(_statement(record, whole), log.keys.newest())
    return {**whole, offline.SIGNED_MANIFEST: (json.dumps(envelope, indent=1) + "\n").encode()}


def _statement(record: Record, files: Mapping[str, bytes]) -> dict[str, Any]:
    point = record.sealed.checkpoint
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": _digest(files[name])}} for name in sorted(files)],
        "predicateType": offline.PACK,
        "predicate": {
            "project": record.project.settings.name,
            "model": record.model.name,
            "version": record.version.version,
            "modelDigest": record.version.digest,
            "asOf": record.as_of.isoformat(),
            "ledger": {"size": point.size, "root": point.root.hex()} if point else None,
        },
    }


def _written(record: Record, told: Any) -> bytes:
    """As JSON; what is an object says of what and when it is."""
    if isinstance(told, dict) and not ({"bomFormat", "assessment-results"} & told.keys()):
        told = {"of": f"{record.model.name}/{record.version.version}", "as_of": record.as_of, **told}
    text = json.dumps(jsonable(told), indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _public_keys(log: CheckpointLog) -> bytes:
    log.keys.newest()  # made where there is none yet
    return log.keys.public_path.read_bytes()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside it, which takes its place once everything is in it."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"{folder} is not empty", hint="name a folder that is not there yet")
        draft = folder.with_name(f".{folder.name}.{token_hex(4)}")
        draft.mkdir(parents=True)
        try:
            yield draft
            draft.replace(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise CannotEvaluate(
            f"the pack cannot be written to {folder}: {error}", hint="name another folder"
        ) from error
