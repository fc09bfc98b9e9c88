"""Files that are replaced whole or not at all, as files of keys must be."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex


def write_whole(path: Path, text: str, mode: int) -> None:
    """Make ``text`` the file's content, on the disk, or leave the file as it was.

    Args:
        mode: of the file, as 0o600.

    Raises:
        OSError: it cannot be written.
    """
    new = path.with_name(f"{path.name}.{token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise
