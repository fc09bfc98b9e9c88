"""A folder for what an engine writes to disk where its memory does not suffice, gone when the work ends.

A process that is killed cannot remove its folder, which may hold many gigabytes; whoever makes the next
one does. A folder is in use while its process holds the lock on a file in it (``flock(2)``), which the
system lets go of when the process ends, however it ends, and which holds across containers.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO

PREFIX = "governance-spill-"
_LOCK = "in-use.lock"


class SpillFolder:
    """An empty folder of its own, beside which those of ended processes are removed.

    Attributes:
        path: where it is.
    """

    def __init__(self) -> None:
        root = Path(tempfile.gettempdir())
        for left in root.glob(f"{PREFIX}*/{_LOCK}"):
            _remove_where_left(left)
        self.path, lock = _locked(root)
        self._remove = weakref.finalize(self, _remove, self.path, lock)  # at the latest when Python ends

    def close(self) -> None:
        """Remove it, and all in it."""
        self._remove()


def _locked(root: Path) -> tuple[Path, IO[bytes]]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
        lock = (folder / _LOCK).open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / _LOCK).exists():
            return folder, lock
        lock.close()  # taken for one that was left, in the moment before it was locked


def _remove(folder: Path, lock: IO[bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.close()


def _remove_where_left(lock: Path) -> None:
    with suppress(OSError), lock.open("rb") as held:  # in use, of another user, or just gone
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.parent, ignore_errors=True)
