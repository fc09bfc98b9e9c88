"""Reads our Markdown: the pages there are, their fenced blocks, links and headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<info>[^`]*)$")
_LINK = re.compile(r"(?<!\\)!?\[[^\]]*\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)")
_HTML_TARGET = re.compile(r"<(?:img|source|a)\b[^>]*?\b(?:src|srcset|href)=\"(?P<target>[^\"]+)\"")


@dataclass(frozen=True)
class Block:
    """One fenced block: the words after its ticks, its text, and the line it begins on."""

    info: tuple[str, ...]
    text: str
    line: int

    def option(self, name: str) -> str | None:
        """``file=data/x.csv`` in the info line gives ``data/x.csv`` for ``file``."""
        return next((word.partition("=")[2] for word in self.info if word.startswith(f"{name}=")), None)


def pages() -> list[Path]:
    """Every Markdown page of the project that people read."""
    own = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
    return [*own, *sorted(DOCS.rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page, in order. Raises ValueError for one that is never closed."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        end = next((i for i in range(at + 1, len(lines)) if lines[i] == opened["ticks"]), None)
        if end is None:
            raise ValueError(f"the block on line {at + 1} is never closed")
        yield Block(tuple(opened["info"].split()), "\n".join(lines[at + 1 : end]) + "\n", at + 1)
        at = end + 1


def prose(text: str) -> str:
    """The page without its fenced blocks and its inline code."""
    kept: list[str] = []
    inside = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if inside:
            inside = "" if line == inside else inside
        elif fence:
            inside = fence["ticks"]
        else:
            kept.append(re.sub(r"`[^`]*`", "", line))
    return "\n".join(kept)


def links(text: str) -> list[str]:
    """Targets of all links and images of a page."""
    body = prose(text)
    return [found["target"] for pattern in (_LINK, _HTML_TARGET) for found in pattern.finditer(body)]


def anchors(text: str) -> set[str]:
    """The anchors GitHub gives a page's headings."""
    found: set[str] = set()
    for line in text.splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            slug = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
            number = next(n for n in range(100) if (slug if not n else f"{slug}-{n}") not in found)
            found.add(slug if not number else f"{slug}-{number}")
    return found
