"""A new project: small, commented, and valid as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from governance_pipeline.charter.schema_export import as_text, editor_schemas
from governance_pipeline.errors import Refused, UsageError

SCHEMA_FOLDER = ".schema"
NIGHT_RUNS_AFTER = timedelta(hours=2)  # as the cron line of templates/governance.yaml says
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_WRITTEN_AS = {"gitignore.txt": ".gitignore"}  # a .gitignore in the package would be obeyed there


def create_project(directory: Path, name: str, start: date | None = None) -> list[Path]:
    """Write a commented project that ``load_project`` accepts, with a little data of its first two days.

    Args:
        directory: made if it is not there; must be empty otherwise.
        name: the project's name, of small letters, digits, ``_`` and ``-``.
        start: the first night to cover; by default the last that is due by the template's schedule, which
            is the one that the first `governance nightly` runs, so that there is nothing else to catch up.

    Returns:
        The files written, in the order of their names.

    Raises:
        UsageError: the name does not fit.
        Refused: the folder holds something, or a file stands in its place; nothing is written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be the name of a project",
            hint="use small letters, digits, _ and -, beginning with a letter",
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Refused(f"'{directory}' is not an empty folder", hint="name a new folder; nothing was written")
    first = start or last_due(datetime.now(UTC))
    values = {
        "@NAME@": name,
        "@START@": first.isoformat(),
        "@BEFORE@": (first - timedelta(days=1)).isoformat(),
    }
    content = {path: _filled(text, values) for path, text in _templates()}
    content |= {f"{SCHEMA_FOLDER}/{file}": as_text(schema) for file, schema in editor_schemas().items()}
    written = []
    for relative, text in sorted(content.items()):
        path = directory / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return written


def last_due(now: datetime) -> date:
    """The newest day whose night has come by the template's schedule: at 02:00 UTC after its end."""
    return (now - NIGHT_RUNS_AFTER).date() - timedelta(days=1)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


def _templates() -> Iterator[tuple[str, str]]:
    yield from _below(files("governance_pipeline.charter") / "templates", "")


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _below(entry, f"{prefix}{entry.name}/")
        else:
            name = _WRITTEN_AS.get(entry.name, entry.name)
            yield f"{prefix}{name}", entry.read_text(encoding="utf-8")
