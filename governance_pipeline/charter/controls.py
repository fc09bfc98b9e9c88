"""Controls of published frameworks: the identifiers that a playbook's clauses may name.

The wording is ours. Each entry says of which edition it is, from when that applies, where it is published,
and on which day its identifier was compared with a source (null: it was not).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

_PARAGRAPH = re.compile(r"\s*\(.*")


@dataclass(frozen=True, slots=True)
class Control:
    """One control.

    Attributes:
        framework: its key; ``id`` the control's within it.
        supported_by: kinds of evidence that speak for it, see :mod:`governance_pipeline.reports.controls`.
        verified_on: when the identifier was compared with a source; None: never.
    """

    framework: str
    id: str
    title: str
    supported_by: tuple[str, ...]
    edition: str
    applies_from: date
    source: str
    verified_on: date | None
    note: str = ""

    @property
    def name(self) -> str:
        """As a playbook names it: ``GDPR Art. 7``."""
        return f"{self.framework} {self.id}"


@lru_cache(maxsize=1)
def frameworks() -> Mapping[str, str]:
    """The title of each framework, by its key."""
    return {key: str(told["title"]) for key, told in _data()["frameworks"].items()}


@lru_cache(maxsize=1)
def controls() -> Mapping[str, Control]:
    """Every control by its name, in the order of the frameworks."""
    found = (_control(told, _data()["frameworks"][told["framework"]]) for told in _data()["controls"])
    return {one.name: one for one in found}


def find_control(written: str) -> Control | None:
    """The control that a playbook means: case does not count, and a paragraph (``Art. 7(3)``) is its
    article's.
    """
    return _by_spelling().get(_spelling(_PARAGRAPH.sub("", written)))


@lru_cache(maxsize=1)
def _by_spelling() -> Mapping[str, Control]:
    return {_spelling(name): one for name, one in controls().items()}


def _spelling(name: str) -> str:
    return " ".join(name.casefold().split())


@lru_cache(maxsize=1)
def _data() -> Mapping[str, Any]:
    text = (files("governance_pipeline.charter.vocabularies") / "controls.json").read_text("utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def _control(told: Mapping[str, Any], framework: Mapping[str, Any]) -> Control:
    """What an entry does not say is its framework's."""
    all_told = {**framework, **told}
    verified = all_told["verified_on"]
    return Control(
        framework=told["framework"],
        id=told["id"],
        title=told["title"],
        supported_by=tuple(told["supported_by"]),
        edition=all_told["edition"],
        applies_from=date.fromisoformat(all_told["applies_from"]),
        source=all_told["source"],
        verified_on=date.fromisoformat(verified) if verified else None,
        note=all_told["note"],
    )
