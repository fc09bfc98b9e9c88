"""Signed checkpoints in a file outside the database: what an attacker of the database cannot reach."""

from __future__ import annotations

import base64
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.offline import (
    NOTE_END,
    BrokenProof,
    Checkpoint,
    Frontier,
    Keys,
    leaf_hash,
    note_key_id,
    read_checkpoint,
    split_notes,
)
from governance_pipeline.ledger.signing import SigningKey, SigningKeys

_LONGEST = (
    64 * 1024
)  # bytes from the end in which the newest checkpoint stands whole; it has about 3,000 at most

LeavesFrom = Callable[[int], Iterable[bytes]]
"""The leaves of the ledger from an index on, in order."""


def sign_checkpoint(origin: str, frontier: Frontier, key: SigningKey) -> str:
    """The checkpoint as a signed note (C2SP tlog-checkpoint), with the tree's right edge as an extension."""
    peaks = ",".join(base64.b64encode(peak).decode() for peak in frontier.peaks)
    root = base64.b64encode(frontier.root()).decode()
    text = f"{origin}\n{frontier.size}\n{root}\npeaks {peaks}\n"
    signature = note_key_id(origin, key.public) + key.sign(text.encode())
    return f"{text}\n\u2014 {origin} {base64.b64encode(signature).decode()}"


class CheckpointLog:
    """The file of checkpoints; only ever appended to.

    Args:
        origin: whose ledger it is: the project's name.
    """

    def __init__(self, path: Path, origin: str, keys: SigningKeys) -> None:
        self.path = path
        self.origin = origin
        self.keys = keys
        self._mine: tuple[str, Frontier] | None = None

    def all(self, keys: Keys) -> tuple[list[Checkpoint], list[str]]:
        """The checkpoints that hold, and what is wrong with the others."""
        held: list[Checkpoint] = []
        problems: list[str] = []
        for number, note in enumerate(split_notes(self._text()), 1):
            try:
                checkpoint = read_checkpoint(note, keys)
            except BrokenProof as error:
                problems.append(f"checkpoint {number} of {self.path}: {error}")
                continue
            held.append(checkpoint)
            if checkpoint.origin != self.origin:
                problems.append(
                    f"checkpoint {number} of {self.path} is of another ledger: {checkpoint.origin}"
                )
        return held, problems

    def newest(self) -> str | None:
        """The newest checkpoint, as a signed note; None before the first.

        Raises:
            CannotEvaluate: the file cannot be read.
        """
        return self._newest()[0]

    def advance(self, size: int, leaves: LeavesFrom) -> None:
        """Write a checkpoint of ``size`` entries, unless one of as many is there.

        Raises:
            CannotEvaluate: the file cannot be written, its last checkpoint is damaged, or it has more
                entries than the ledger, which somebody has cut.
        """
        with self._locked():
            note, whole = self._newest()
            last = self._frontier(note)
            if last.size >= size:
                return
            for leaf in leaves(last.size):
                if last.size == size:
                    break
                last.append(leaf_hash(leaf))
            if last.size < size:
                raise self._refused(f"it has {size} entries by now, and only {last.size} could be read")
            note = sign_checkpoint(self.origin, last, self.keys.newest())
            self._append(note, whole)
            self._mine = note, last

    def _frontier(self, note: str | None) -> Frontier:
        """Where a checkpoint of the file stands; one made here that is as it was is not verified."""
        if note is None:
            return Frontier()
        if self._mine is not None and self._mine[0] == note:
            return Frontier(self._mine[1].size, list(self._mine[1].peaks))
        try:
            return read_checkpoint(note, self.keys.trusted()).frontier
        except BrokenProof as error:
            raise self._refused(str(error)) from error

    def _newest(self) -> tuple[str | None, int]:
        """The newest checkpoint that was written to its end, and where in the file that is."""
        end = NOTE_END.encode()
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                start = max(size - _LONGEST, 0)
                file.seek(start)
                tail = file.read()
        except FileNotFoundError:
            return None, 0
        except OSError as error:
            raise self._refused(str(error)) from error
        until = tail.rfind(end)
        if until < 0:
            if start:
                raise self._refused("its end cannot be read")
            return None, 0
        before = tail.rfind(end, 0, until)
        note = tail[before + len(end) if before >= 0 else 0 : until]
        return note.decode("utf-8", errors="replace"), start + until + len(end)

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            raise self._refused(str(error)) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, of whatever process."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._refused(str(error)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _append(self, note: str, whole: int) -> None:
        """After the first ``whole`` bytes. Not forced to the disk: what a power cut takes, the next
        checkpoint brings. The other way round, a checkpoint of acts that the database has lost, would look
        like tampering.
        """
        try:
            with self.path.open("ab") as file:
                file.truncate(whole)  # what a power cut left half written
                file.write(f"{note}{NOTE_END}".encode())
        except OSError as error:
            raise self._refused(str(error)) from error

    def _refused(self, why: str) -> CannotEvaluate:
        return CannotEvaluate(
            f"the ledger's checkpoints in {self.path} cannot go on: {why}",
            hint="run `governance ledger verify`; restore the file or the store from a backup that verifies",
        )
