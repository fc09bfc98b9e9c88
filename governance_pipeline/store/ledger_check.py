"""Whether the ledger holds, and whether the store's tables still say what was entered into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import Entry, Payload, read_entry
from governance_pipeline.ledger.offline import (
    Fault,
    Frontier,
    StoredEntry,
    check_entries,
    leaf_hash,
    payload_fault,
)
from governance_pipeline.store.ledgered import (
    told_of_incident,
    told_of_manifest,
    told_of_night,
    told_of_opening,
    told_of_review,
)
from governance_pipeline.store.ports import Store, Unit

Told = Mapping[str, Any]
Place = tuple[str, str]
"""The sort of a record, and which one."""


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a verification found.

    Attributes:
        size: entries there are; ``root`` of the tree over them, hexadecimal.
        witnessed: entries that the newest checkpoint covers.
        checkpoints: how many there are that hold.
        erased: entries whose payload is no longer kept.
        faults: what is not as it was signed; empty where all holds.
    """

    size: int
    root: str
    witnessed: int
    checkpoints: int
    erased: int
    faults: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        return not self.faults


def verify_ledger(store: Store, log: CheckpointLog) -> LedgerReport:
    """Check every entry, payload, checkpoint and record.

    Raises:
        StoreUnavailable, CannotEvaluate: the store or the keys cannot be read.
    """
    keys = log.keys.trusted()
    points, problems = log.all(keys)
    faults = [Fault("checkpoint_broken", problem) for problem in problems]
    with store.begin() as unit:
        entries = list(unit.ledger.entries())
        payloads = _payloads(unit, entries)
        faults += check_entries(entries, points, keys)
        faults += _payload_faults(entries, payloads)
        faults += _record_faults(unit, _told(entries, payloads), erased=_erased_places(entries, payloads))
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry.leaf))
    if entries and not points:
        faults.append(Fault("no_checkpoint", f"no checkpoint of the {len(entries)} entries is in {log.path}"))
    erased = sum(1 for entry in entries if _read(entry) and _digest(entry) not in payloads)
    witnessed = max((point.size for point in points), default=0)
    return LedgerReport(
        len(entries), frontier.root().hex(), witnessed, len(points), erased, tuple(_unique(faults))
    )


def _read(entry: StoredEntry) -> Entry | None:
    """None for bytes that are no entry; :func:`check_entries` tells of them."""
    try:
        return read_entry(entry)
    except (ValueError, KeyError, TypeError):
        return None


def _digest(entry: StoredEntry) -> str:
    read = _read(entry)
    return read.payload if read else ""


def _payloads(unit: Unit, entries: Iterable[StoredEntry]) -> dict[str, Payload]:
    digests = {_digest(entry) for entry in entries} - {""}
    return {payload.digest: payload for payload in unit.ledger.payloads(digests)}


def _payload_faults(entries: Iterable[StoredEntry], payloads: Mapping[str, Payload]) -> Iterator[Fault]:
    for entry in entries:
        payload = payloads.get(_digest(entry))
        fault = payload_fault(entry, payload.salt, payload.body) if payload else None
        if fault:
            yield fault


def _told(
    entries: Iterable[StoredEntry], payloads: Mapping[str, Payload]
) -> Iterator[tuple[Entry, Told | None]]:
    """Each entry with what it tells; None where that is erased, or is not what was signed."""
    for entry in entries:
        read = _read(entry)
        if read is None:
            continue
        payload = payloads.get(read.payload)
        sound = payload is not None and payload_fault(entry, payload.salt, payload.body) is None
        yield read, payload.told if payload and sound else None


def _erased_places(entries: Iterable[StoredEntry], payloads: Mapping[str, Payload]) -> set[str]:
    """What acts were done to that are no longer told of."""
    reads = (read for read in map(_read, entries) if read is not None)
    return {read.about for read in reads if read.payload not in payloads}


def _record_faults(
    unit: Unit, told: Iterable[tuple[Entry, Told | None]], *, erased: set[str]
) -> Iterator[Fault]:
    """Where a table does not say what was entered last, or says what was never entered."""
    entered: dict[Place, tuple[Entry, Told]] = {}
    for entry, what in told:
        for place, record in _records(entry, what) if what is not None else ():
            entered[place] = (entry, record)
    for place, kept in _kept(unit):
        known = entered.pop(place, None)
        if known is None and place[1].partition("#")[0] not in erased:
            yield Fault("never_entered", f"{place[0]} {place[1]} is in the store, and was never entered")
        elif known is not None and kept != known[1]:
            index = known[0].index
            yield Fault("record_changed", f"{place[0]} {place[1]} is not what entry {index} tells", index)
    for (sort, name), (entry, _) in entered.items():
        yield Fault(
            "record_gone", f"{sort} {name} of entry {entry.index} is gone from the store", entry.index
        )


def _records(entry: Entry, told: Told) -> Iterator[tuple[Place, Told]]:
    """The records that an entry is about; a later entry about the same one takes its place."""
    sort = entry.kind.partition(".")[0]
    if entry.kind == "review.milestone":
        yield ("milestone", entry.about), told
    elif sort == "review":
        yield (sort, f"{entry.about}#{told['sequence']}"), told
    elif sort == "incident":
        yield (sort, f"{entry.about}#{told['act']['sequence']}"), told["act"]
        yield ("the state of incident", entry.about), told["state"]
    elif sort in {"night", "manifest"}:
        yield (sort, entry.about), told


def _kept(unit: Unit) -> Iterator[tuple[Place, Told]]:
    """The records of the store, as they would be entered."""
    for review, milestone in unit.reviews.list():
        yield ("milestone", review), told_of_opening(review, milestone)
        for act in unit.reviews.events(review):
            yield ("review", f"{review}#{act.sequence}"), told_of_review(act)
    for incident in unit.incidents.list():
        for event in unit.incidents.events(incident.id):
            told = told_of_incident(incident, event)
            yield ("incident", f"{incident.id}#{event.sequence}"), told["act"]
            if event.sequence == incident.sequence:
                yield ("the state of incident", incident.id), told["state"]
    for record in unit.nights.between(date.min, date.max):
        measured = unit.measurements.of_night(record.night)
        yield (
            ("night", record.night.isoformat()),
            told_of_night(record, measured, unit.risks.of_night(record.night)),
        )
    for manifest in unit.subjects.all():
        yield ("manifest", f"{manifest.model}/{manifest.version}"), told_of_manifest(manifest)


def _unique(faults: Iterable[Fault]) -> Iterator[Fault]:
    """One fault per code and entry: a broken entry breaks what is built on it too."""
    seen: set[tuple[str, int | None, str]] = set()
    for fault in faults:
        key = (fault.code, fault.entry, "" if fault.entry is not None else fault.sentence)
        if key not in seen:
            seen.add(key)
            yield fault
