"""Findings under the questions they answer, whichever verb found them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Level(StrEnum):
    """An error fails the whole; the rest is only told."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, relative to the repository; line 0 is the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know.

    Attributes:
        rule: stable word for machines, e.g. ``drift_fail``.
        about: the dataset, model or part that it is about, "" where the sentence says it.
        why: why it matters, where that does not go without saying.
        next_step: what to do.
        accepted: by which review it was accepted, "" where by none.
    """

    rule: str
    level: Level
    sentence: str
    about: str = ""
    why: str = ""
    next_step: str = ""
    place: Place | None = None
    accepted: str = ""

    @property
    def fingerprint(self) -> str:
        """The same finding tomorrow has the same, whatever its numbers and line are by then."""
        named = json.dumps([self.rule, self.about or self.sentence, self.place.file if self.place else ""])
        return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Question:
    """A clause of the playbook, or one check of files, and what was found under it.

    Attributes:
        unasked: why nobody looked, "" where somebody did.
    """

    id: str
    title: str
    text: str = ""
    findings: tuple[Finding, ...] = ()
    unasked: str = ""

    @property
    def failed(self) -> bool:
        return any(finding.level is Level.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """The answers of one run of a verb.

    Attributes:
        verb: ``gate``, ``check``, ``pr``.
        subject: what was asked about.
        verdict: in a word, e.g. ``closed``.
        facts: what a reader wants to know beside it.
        error: why no verdict could be reached, "" where one was; then ``questions`` are empty.
    """

    verb: str
    subject: str
    verdict: str
    at: datetime
    facts: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    error: str = ""

    @property
    def passed(self) -> bool:
        return not self.error and not any(question.failed for question in self.questions)

    @property
    def findings(self) -> tuple[tuple[Question, Finding], ...]:
        """All of them, the worst first."""
        order = list(Level)
        found = [(question, finding) for question in self.questions for finding in question.findings]
        return tuple(sorted(found, key=lambda pair: order.index(pair[1].level)))

    def counted(self) -> Counter[Level]:
        return Counter(finding.level for _, finding in self.findings)


def could_not(verb: str, subject: str, error: str, at: datetime) -> Report:
    """No verdict was reached: never to be taken for a pass."""
    return Report(verb, subject, "unknown", at, (), (), error)
