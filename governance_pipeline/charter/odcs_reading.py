"""What reading a contract file yields before the other files are looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.project import Ungoverned
from governance_pipeline.charter.yaml_source import Document, PathStep


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a contract is read against.

    Attributes:
        root: the project folder.
        connections: names of the connections of governance.yaml; None where that file cannot be read, and
            any name may be one.
    """

    root: Path
    connections: Collection[str] | None = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A name in a contract that must exist in another file."""

    text: str
    path: tuple[PathStep, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract whose references to other files are not resolved yet.

    Attributes:
        path: where its schema object stands in the file.
        ours: whether the file says that it is meant to be governed here: it uses a custom property of
            ours. What cannot be acted on is then a mistake; in a file from elsewhere it is set aside.
        owners: members of the team with the role owner, the one to prefer first.
        team: the team's name.
        sources: ``transformSourceObjects`` by column.
        upstream: the ``upstream`` custom property.
        files: files the contract refers to and that were read with it.
        purposes: where the list of the ``purposes`` custom property stands.
    """

    contract: Contract
    document: Document
    path: tuple[PathStep, ...]
    ours: bool
    owners: tuple[Reference, ...] = ()
    team: Reference | None = None
    sources: Mapping[str, tuple[Reference, ...]] = field(default_factory=dict)
    upstream: tuple[Reference, ...] = ()
    files: tuple[Path, ...] = ()
    purposes: tuple[PathStep, ...] = ()


@dataclass(frozen=True, slots=True)
class FileReading:
    """Everything one contract file holds.

    Attributes:
        names: datasets the file speaks of, also where its reading failed.
    """

    drafts: tuple[Draft, ...] = ()
    ungoverned: tuple[Ungoverned, ...] = ()
    problems: tuple[Problem, ...] = ()
    names: frozenset[str] = frozenset()


@dataclass(slots=True)
class Reading:
    """Collects what is found while one schema object is read."""

    document: Document
    ours: bool
    problems: list[Problem] = field(default_factory=list)
    ignored: list[tuple[int, str]] = field(default_factory=list)

    def refuse(
        self,
        path: Sequence[PathStep],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
        key: bool = False,
    ) -> None:
        """Note a mistake."""
        problem = self.document.problem(path, message, expected=expected, suggestion=suggestion, key=key)
        self.problems.append(problem)

    def set_aside(self, path: Sequence[PathStep], why: str = "") -> None:
        """List a part that is kept but not acted on."""
        line, _ = self.document.position(path, key=True)
        reason = f": {why}" if why else ""
        self.ignored.append((line, f"{dotted(self.document.data, path)} (line {line}){reason}"))

    def unfit(
        self, path: Sequence[PathStep], message: str, *, expected: str = "", suggestion: str = ""
    ) -> None:
        """A part that the standard allows and we cannot act on: a mistake in a file of ours, because
        somebody counts on it; set aside in a file from elsewhere.
        """
        if self.ours:
            self.refuse(path, message, expected=expected, suggestion=suggestion)
        else:
            self.set_aside(path, message)

    def set_aside_rest(
        self, path: Sequence[PathStep], part: Mapping[str, Any], acted_on: Collection[str]
    ) -> None:
        """List every key of ``part`` that is not acted on."""
        for key, value in part.items():
            if key not in acted_on and value not in (None, [], {}, ""):
                self.set_aside([*path, key])

    def ignored_parts(self) -> tuple[str, ...]:
        """The parts set aside, in the order of the file."""
        return tuple(text for _, text in sorted(set(self.ignored)))


def dotted(data: Any, path: Sequence[PathStep]) -> str:
    """``schema.tbl.properties.id.encryptedName``: a path with the names of list entries for indexes."""
    text = ""
    for step in path:
        data = _inside(data, step)
        if isinstance(step, str):
            text += f".{step}" if text else step
        else:
            name = _entry_name(data)
            text += f".{name}" if name else f"[{step}]"
    return text


def _inside(data: Any, step: PathStep) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _entry_name(entry: Any) -> str:
    if not isinstance(entry, dict):
        return ""
    keys = ("name", "property", "server", "username", "role", "channel")
    return next((str(entry[key]) for key in keys if isinstance(entry.get(key), str)), "")
