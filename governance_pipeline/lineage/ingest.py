"""Takes OpenLineage events out of files into the store.

``.json`` holds one event or an array of them, ``.ndjson`` and ``.jsonl`` an event on each line; each may be
packed (``.gz``). An event is kept once, so that a file that is read again, or has grown, adds what is new.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from governance_pipeline.errors import EventRefused, NotFound
from governance_pipeline.lineage.openlineage_in import checked, read_event
from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES, parsed
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.openlineage import LineageEvent

_LINES = (".ndjson", ".jsonl")
SUFFIXES = (".json", *_LINES)
_BATCH = 1000

Opened = BufferedReader | gzip.GzipFile


@dataclass(frozen=True, slots=True)
class FileTaken:
    """What became of one file's events.

    Attributes:
        new: events kept.
        known: events that were kept already.
        refused: ``line 3: $.job is missing``; in a ``.json`` file without the line.
    """

    file: Path
    new: int
    known: int
    refused: tuple[str, ...]


def event_files(places: Iterable[Path]) -> list[Path]:
    """The files, and those with events by their name in the folders, each once and in order.

    Raises NotFound where a place does not exist.
    """
    found: dict[Path, None] = {}
    for place in places:
        if not place.exists():
            raise NotFound(f"there is no file or folder {place}", hint="name files or folders with events")
        inside = sorted(one for one in place.rglob("*") if one.is_file() and _kind(one) in SUFFIXES)
        found.update(dict.fromkeys(inside if place.is_dir() else [place]))
    return list(found)


def ingest(store: Store, files: Iterable[Path]) -> Iterator[FileTaken]:
    """Take the events of each file; what is refused, or a file that cannot be read, stops nothing else.

    Events are committed by the thousand.
    """
    for file in files:
        new = known = 0
        refused: list[str] = []
        for events in _batches(_events(file, refused)):
            with store.begin() as unit:
                kept = unit.lineage_events.take(events)
            new, known = new + kept, known + len(events) - kept
        yield FileTaken(file, new, known, tuple(refused))


def _kind(file: Path) -> str:
    return Path(file.stem if file.suffix.lower() == ".gz" else file.name).suffix.lower()


def _batches(events: Iterator[LineageEvent]) -> Iterator[Sequence[LineageEvent]]:
    batch: list[LineageEvent] = []
    for event in events:
        batch.append(event)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _events(file: Path, refused: list[str]) -> Iterator[LineageEvent]:
    try:
        with gzip.open(file, "rb") if file.suffix.lower() == ".gz" else file.open("rb") as opened:
            yield from (_of_lines if _kind(file) in _LINES else _of_whole)(opened, refused)
    except (OSError, EOFError, zlib.error) as error:
        refused.append(f"cannot be read: {getattr(error, 'strerror', None) or error}")


def _of_lines(opened: Opened, refused: list[str]) -> Iterator[LineageEvent]:
    number = 0
    while line := opened.readline(MAX_BODY_BYTES + 1):
        number += 1
        rest = line
        while len(rest) > MAX_BODY_BYTES and not rest.endswith(b"\n"):
            rest = opened.readline(MAX_BODY_BYTES + 1)  # the end of a line that is too long
        if not line.strip():
            continue
        try:
            yield read_event(line)
        except EventRefused as error:
            refused.append(f"line {number}: {error.message}")


def _of_whole(opened: Opened, refused: list[str]) -> Iterator[LineageEvent]:
    try:
        document = parsed(opened.read(MAX_BODY_BYTES + 1))
    except EventRefused as error:
        refused.append(error.message)
        return
    single = not isinstance(document, list)
    for place, one in enumerate([document] if single else document):
        try:
            yield checked(one, "$" if single else f"$[{place}]")
        except EventRefused as error:
            refused.append(error.message)
