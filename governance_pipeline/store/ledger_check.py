"""Whether the ledger holds, and whether the store's tables still say what was entered into it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import Entry, Payload, read_entry
from governance_pipeline.ledger.offline import (
    Checkpoint,
    Fault,
    StoredEntry,
    check_entries,
    leaf_hash,
    payload_fault,
    tree_root,
)
from governance_pipeline.store.ledgered import (
    told_of_consents,
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

_CONSENTS: Place = ("the number of received records of", "consent")


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


@dataclass(frozen=True, slots=True)
class _Line:
    """An entry as it is kept, what stands in it (None: it cannot be read), what it tells (None: erased)."""

    stored: StoredEntry
    entry: Entry | None
    payload: Payload | None

    @property
    def fault(self) -> Fault | None:
        """Whether it tells something else than what was signed."""
        return payload_fault(self.stored, self.payload.salt, self.payload.body) if self.payload else None


def verify_ledger(
    store: Store, log: CheckpointLog, copies: tuple[Sequence[Checkpoint], Sequence[str]] = ((), ())
) -> LedgerReport:
    """Check every entry, payload, checkpoint and record.

    Args:
        copies: checkpoints that were kept elsewhere, and what is wrong with others there.

    Raises:
        StoreUnavailable, CannotEvaluate: the store or the keys cannot be read.
    """
    keys = log.keys.trusted()
    points, problems = log.all(keys)
    points, problems = [*points, *copies[0]], [*problems, *copies[1]]
    faults = [Fault("checkpoint_broken", problem) for problem in problems]
    with store.reading() as unit:
        lines = _lines(unit)
        entries = [line.stored for line in lines]
        faults += check_entries(entries, points, keys)
        broken = {line.stored.index: fault for line in lines if (fault := line.fault)}
        faults += broken.values()
        faults += _record_faults(unit, lines, broken)
    if entries and not points:
        faults.append(Fault("no_checkpoint", f"no checkpoint of the {len(entries)} entries is in {log.path}"))
    return LedgerReport(
        size=len(entries),
        root=tree_root(leaf_hash(entry.leaf) for entry in entries).hex(),
        witnessed=max((point.size for point in points), default=0),
        checkpoints=len(points),
        erased=sum(1 for line in lines if line.entry and line.payload is None),
        faults=tuple(_unique(faults)),
    )


def _lines(unit: Unit) -> list[_Line]:
    read = [(stored, _read(stored)) for stored in unit.ledger.entries()]
    payloads = {p.digest: p for p in unit.ledger.payloads({entry.payload for _, entry in read if entry})}
    return [_Line(stored, entry, payloads.get(entry.payload) if entry else None) for stored, entry in read]


def _read(stored: StoredEntry) -> Entry | None:
    """None for bytes that are no entry; :func:`check_entries` tells of them."""
    try:
        return read_entry(stored)
    except (ValueError, KeyError, TypeError):
        return None


def _record_faults(unit: Unit, lines: Iterable[_Line], broken: Container[int]) -> Iterator[Fault]:
    """Where a table does not say what was entered last, or says what was never entered.

    Args:
        broken: entries whose payload is not what was signed: nothing is compared with that.
    """
    entered, erased = _entered(lines, broken)
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


def _entered(
    lines: Iterable[_Line], broken: Container[int]
) -> tuple[dict[Place, tuple[Entry, Told]], set[str]]:
    """The record of each place as it was entered last, and what entries are about whose words are erased."""
    entered: dict[Place, tuple[Entry, Told]] = {}
    erased: set[str] = set()
    for line in lines:
        if line.entry is None:
            continue
        if line.payload is None:
            erased.add(line.entry.about)
        elif line.stored.index not in broken:
            for place, record in _records(line.entry, line.payload.told):
                entered[place] = (line.entry, record)
    nothing = told_of_consents(0)
    return {place: known for place, known in entered.items() if known[1] != nothing}, erased


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
    elif sort == "consent":
        yield _CONSENTS, told_of_consents(told["held"])


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
    if held := unit.consents.count():
        yield _CONSENTS, told_of_consents(held)


def _unique(faults: Iterable[Fault]) -> Iterator[Fault]:
    """One fault per code and entry: a broken entry breaks what is built on it too."""
    seen: set[tuple[str, int | None, str]] = set()
    for fault in faults:
        key = (fault.code, fault.entry, "" if fault.entry is not None else fault.sentence)
        if key not in seen:
            seen.add(key)
            yield fault
