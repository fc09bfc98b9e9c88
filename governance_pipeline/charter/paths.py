"""How a path written in a project file is read."""

from __future__ import annotations

import os.path
import re
from pathlib import Path

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class UnfitPath(ValueError):
    """The text is no path this project may use; the message says why."""


def address(text: str) -> str | None:
    """The text, where it is an address of files elsewhere, such as ``s3a://bucket/orders``; else None.

    Raises:
        UnfitPath: it holds credentials, control characters or a ``${NAME}``.
    """
    if not _ADDRESS.match(text):
        return None
    if not text.isprintable() or "${" in text:
        raise UnfitPath("the address holds control characters or a ${NAME}")
    if ":" in text.partition("://")[2].partition("@")[0] and "@" in text:
        raise UnfitPath("the address holds credentials, which stand in governance.yaml only")
    return text


def project_path(text: str, root: Path) -> Path:
    """The absolute path meant by ``text``.

    A relative path is relative to the project folder and may not lead out of it, neither by ``..`` nor
    through a link: whoever means a place outside writes an absolute path, so that a reader sees it.
    Glob characters are kept as they are.

    Raises:
        UnfitPath: the text is empty, an address, holds control characters, or leads out of the project.
    """
    if not text.strip():
        raise UnfitPath("the path is empty")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):  # noqa: PLR2004  (ASCII controls)
        raise UnfitPath("the path holds control characters")
    if _ADDRESS.match(text):
        raise UnfitPath("this is an address and not a path on this machine")
    if text.startswith("~"):
        raise UnfitPath("'~' is not replaced by a home folder; write the path in full")
    if "${" in text:
        raise UnfitPath("${NAME} is replaced in addresses only, not in paths")
    path = Path(text)
    if path.is_absolute():
        return Path(os.path.normpath(path))
    inside = Path(os.path.normpath(root / path))
    if not inside.is_relative_to(root) or not inside.resolve().is_relative_to(root.resolve()):
        raise UnfitPath(
            "the path leads out of the project folder; write it as an absolute path if it is meant"
        )
    return inside
