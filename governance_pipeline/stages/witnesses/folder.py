"""Checkpoints in a folder, each a file of its own that is written once: as object stores keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.offline import Checkpoint

ENDING = ".checkpoint"


class FolderWitness:
    """A folder; it must be there, because a mount that is gone must not look like an empty one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, note: str, checkpoint: Checkpoint) -> None:
        path = self._folder / file_name(note, checkpoint)
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(note)
        except FileExistsError:
            return
        except OSError as error:
            raise self._unusable(error) from error

    def notes(self) -> Iterator[str]:
        try:
            for path in sorted(self._folder.iterdir()):
                if path.name.endswith(ENDING):
                    yield path.read_bytes().decode("utf-8", "replace")
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> CannotEvaluate:
        return CannotEvaluate(
            f"the folder {self._folder} of the ledger's copies cannot be used: {error.strerror or error}",
            hint="mount it, or let the night write into it",
        )


def file_name(note: str, checkpoint: Checkpoint) -> str:
    """Sorted by size; two notes of one size have two names, so that neither can hide the other."""
    digest = hashlib.sha256(note.encode()).hexdigest()[:16]
    return f"{checkpoint.size:010}-{digest}{ENDING}"
