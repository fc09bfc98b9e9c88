"""Strict YAML with positions: what a project file says, and where each part of it stands.

A small, safe part of YAML 1.2: plain data only. Aliases, anchors, tags, merge keys, duplicate keys and
second documents are refused, so that no file can grow beyond what it is on disk ("billion laughs") and
no value is taken for another. Only ``true``/``false``, ``null``, decimal integers and decimal floats
have a type; ``NO``, ``12:30:45``, ``0o17``, ``007`` and dates stay text (the "Norway problem").
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from governance_pipeline.charter.diagnostics import Problem, ProjectFilesInvalid, shorten

MAX_BYTES = 1_000_000
MAX_DEPTH = 64
MAX_NODES = 50_000  # a contract of 1,000 columns has about 15,000
MAX_PROBLEMS = 20

PathStep = str | int

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_FRACTION = re.compile(r"[.eE]")
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip


class Spot:
    """Where a mapping or list begins, and where its keys and what is inside it begin."""

    __slots__ = ("begin", "inside", "keys")

    def __init__(self, begin: tuple[int, int]) -> None:
        self.begin = begin
        self.keys: dict[PathStep, tuple[int, int]] = {}
        self.inside: dict[PathStep, Spot | tuple[int, int]] = {}


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file.

    Attributes:
        file: path as shown to people.
        data: plain data: dict, list, str, int, float, bool, None.
    """

    file: str
    data: Any
    spot: Spot | tuple[int, int]

    def position(self, path: Sequence[PathStep] = (), *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the node at ``path``; of the nearest node around it where the
        path leads nowhere. With ``key``, of the key that leads to the node instead of its value.
        """
        spot = self.spot
        found = spot if isinstance(spot, tuple) else spot.begin
        for index, step in enumerate(path):
            below = None if isinstance(spot, tuple) else spot.inside.get(step)
            if isinstance(spot, tuple) or below is None:
                break
            if key and index == len(path) - 1 and step in spot.keys:
                return spot.keys[step]
            found = below if isinstance(below, tuple) else below.begin
            spot = below
        return found

    def problem(
        self,
        path: Sequence[PathStep],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
        key: bool = False,
    ) -> Problem:
        """A problem that stands at ``path``."""
        line, column = self.position(path, key=key)
        return Problem(self.file, line, column, message, expected, suggestion)


def read_yaml(path: Path, file: str = "") -> Document:
    """Read one file.

    Args:
        path: the file.
        file: how to name it in problems; the path itself by default.

    Raises:
        ProjectFilesInvalid: the file is missing, too large, not UTF-8, or not strict YAML.
    """
    return parse_yaml(read_text(path, file or str(path)), file or str(path))


def read_text(path: Path, file: str) -> str:
    """The text of a project file of at most ``MAX_BYTES``. Raises ProjectFilesInvalid."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _refused(file, 0, 0, f"the file cannot be read: {reason}") from error
    return decode(content, file)


def decode(content: bytes, file: str) -> str:
    """UTF-8 text of a file's bytes. Raises ProjectFilesInvalid."""
    if len(content) > MAX_BYTES:
        raise _refused(file, 0, 0, "the file is larger than 1 MB", "a smaller file; split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise _refused(file, line, column, "the file is not UTF-8 text", "UTF-8") from error


def parse_yaml(text: str, file: str) -> Document:
    """Parse one document. Raises ProjectFilesInvalid; ``problems`` name line and column."""
    builder = _Builder(file)
    try:
        loader = _LOADER(text)
        try:
            document = builder.document(_events(loader))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        message = f"this is not YAML: {shorten(error.problem or error.context or 'it cannot be read', 120)}"
        raise ProjectFilesInvalid([*builder.problems, Problem(file, line, column, message)]) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = "this is not YAML: a control character stands here"
        raise _refused(file, line, column, message, "printable text") from error
    if builder.problems:
        raise ProjectFilesInvalid(builder.problems)
    return document


def _events(loader: Any) -> Iterator[Any]:
    while (event := loader.get_event()) is not None:
        yield event


def _refused(file: str, line: int, column: int, message: str, expected: str = "") -> ProjectFilesInvalid:
    return ProjectFilesInvalid([Problem(file, line, column, message, expected)])


def resolve(text: str) -> Any:
    """The value of an unquoted scalar, by the rules at the top of this module."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if text[0] in "+-.0123456789" and _NUMBER.fullmatch(text) and _FRACTION.search(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return text


class _Builder:
    """Builds data from parser events, refusing what is not allowed as soon as it is seen."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.nodes = 0

    def document(self, events: Iterator[Any]) -> Document:
        document = Document(self.file, None, (1, 1))
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.stop(event, "a second document begins here", "one document in a file")
                if event.tags:
                    self.note(event, "%TAG directives are not allowed here", "plain data")
                data, spot = self.node(next(events), events, 0)
                document = Document(self.file, data, spot)
        return document

    def node(self, event: Any, events: Iterator[Any], depth: int) -> tuple[Any, Spot | tuple[int, int]]:
        mark = event.start_mark
        begin = (mark.line + 1, mark.column + 1)
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self.stop(event, f"the file has more than {MAX_NODES:,} values", "a smaller file")
        if depth >= MAX_DEPTH:
            self.stop(event, f"values are nested deeper than {MAX_DEPTH} levels", "a flatter file")
        if event.anchor is not None or event.tag is not None:  # an alias has its anchor
            self.adorned(event)
        if isinstance(event, ScalarEvent):
            return (resolve(event.value) if event.implicit[0] else event.value), begin
        spot = Spot(begin)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(spot, events, depth), spot
        return self.mapping(spot, events, depth), spot

    def sequence(self, spot: Spot, events: Iterator[Any], depth: int) -> list[Any]:
        items: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            value, inside = self.node(event, events, depth + 1)
            spot.inside[len(items)] = inside
            items.append(value)
        return items

    def mapping(self, spot: Spot, events: Iterator[Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            if event.anchor is not None or event.tag is not None:
                self.adorned(event)
            if not isinstance(event, ScalarEvent):
                self.stop(event, "a key must be a single word or text", "key: value")
            name = event.value
            value, inside = self.node(next(events), events, depth + 1)
            if name in found:
                first = spot.keys[name][0]
                self.note(event, f"the key '{shorten(name)}' stands here twice; first on line {first}")
                continue
            if name == "<<" and event.implicit[0]:
                self.note(event, "merge keys (<<) are not allowed here", "the keys written out")
            found[name] = value
            spot.keys[name] = (event.start_mark.line + 1, event.start_mark.column + 1)
            spot.inside[name] = inside
        return found

    def adorned(self, event: NodeEvent) -> None:
        """Refuse what makes data more than what is written."""
        if isinstance(event, AliasEvent):
            self.stop(
                event, f"the alias *{shorten(event.anchor)} is not allowed here", "the value written out"
            )
        if event.anchor is not None:
            self.note(
                event, f"the anchor &{shorten(event.anchor)} is not allowed here", "the value without it"
            )
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.note(event, f"the tag {shorten(tag)} is not allowed here", "the value without it")

    def note(self, event: Any, message: str, expected: str = "") -> None:
        mark = event.start_mark
        self.problems.append(Problem(self.file, mark.line + 1, mark.column + 1, message, expected))
        if len(self.problems) >= MAX_PROBLEMS:
            raise ProjectFilesInvalid(self.problems)

    def stop(self, event: Any, message: str, expected: str = "") -> None:
        """Note it and read no further."""
        self.note(event, message, expected)
        raise ProjectFilesInvalid(self.problems)
