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

    def advance(self, size: int, leaves: LeavesFrom) -> None:
        """Write a checkpoint of ``size`` entries, unless one of as many is there.

        Raises:
            CannotEvaluate: the file cannot be written, its last checkpoint is damaged, or it has more
                entries than the ledger, which somebody has cut.
        """
        with self._locked():
            last = self._last()
            if last.size >= size:
                return
            for leaf in leaves(last.size):
                if last.size == size:
                    break
                last.append(leaf_hash(leaf))
            if last.size < size:
                raise self._refused(f"it has {size} entries by now, and only {last.size} could be read")
            self._append(sign_checkpoint(self.origin, last, self.keys.newest()))

    def last_size(self) -> int:
        """How many entries the newest checkpoint has; 0 where there is none.

        Raises:
            CannotEvaluate: it is damaged.
        """
        return self._last().size

    def _last(self) -> Frontier:
        notes = split_notes(self._text())
        if not notes:
            return Frontier()
        try:
            return read_checkpoint(notes[-1], self.keys.trusted()).frontier
        except BrokenProof as error:
            raise self._refused(str(error)) from error

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

    def _append(self, note: str) -> None:
        try:
            whole = sum(len(one.encode()) + len(NOTE_END) for one in split_notes(self._text()))
            with self.path.open("ab") as file:
                file.truncate(whole)  # what a power cut left half written
                file.write(f"{note}{NOTE_END}".encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._refused(str(error)) from error

    def _refused(self, why: str) -> CannotEvaluate:
        return CannotEvaluate(
            f"the ledger's checkpoints in {self.path} cannot go on: {why}",
            hint="run `governance ledger verify`; restore the file or the store from a backup that verifies",
        )
