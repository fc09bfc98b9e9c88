"""What a change of the project's files means, as findings: a question for each kind of change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.project import Project
from governance_pipeline.indicators.wording import counted
from governance_pipeline.reports.findings.finding import Finding, Level, Question, Report
from governance_pipeline.reports.findings.places import Places
from governance_pipeline.reviews.compare.candidates import Comparison
from governance_pipeline.reviews.compare.changes import RULES, Change, compare
from governance_pipeline.reviews.compare.features import FeatureFinding, labelled
from governance_pipeline.reviews.compare.words import about, sentence

VERB = "compare"
_WITHOUT = "feature_without_contract"
_LABELLED, _LEAKING, _BIASED = "sensitive_feature_added", "leakage", "biased_candidate"
_BEYOND_FILES = {
    _WITHOUT: "A model reads only what a contract describes.",
    _LABELLED: "A model learns from protected and personal data only where somebody has decided so.",
    _LEAKING: "A model does not learn from what it cannot know when it decides.",
    _BIASED: "A version treats no group worse than the version that it replaces.",
}


@dataclass(frozen=True, slots=True)
class Sides:
    """What is compared.

    Attributes:
        names: of both, as the reader knows them.
        prefix: from the repository's root to the project's folder; None: as the head's folder has it.
        links: files of either side that are symbolic links, and so were not read.
    """

    base: Project
    head: Project
    names: tuple[str, str]
    prefix: str | None = None
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """What the store says of it; ``unread`` why it says nothing, "" where it does."""

    leaking: Sequence[FeatureFinding] = ()
    candidates: Sequence[Comparison] = ()
    unread: str = ""


def of_comparison(sides: Sides, measured: Measured, at: datetime) -> Report:
    """Everything that the head changes; what needs a person is an error, the rest is a note."""
    after, before = Places(sides.head, sides.prefix), Places(sides.base, sides.prefix)
    found: dict[str, list[Finding]] = {}
    changes = compare(sides.base, sides.head)
    for change in changes:
        found.setdefault(change.rule.id, []).append(_of_change(change, after, before))
    for one in (*labelled(sides.base, sides.head), *measured.leaking):
        found.setdefault(one.rule, []).append(_of_feature(one, after))
    found.setdefault(_BIASED, []).extend(_of_candidates(measured.candidates, after))
    for link in sides.links:
        told = f"{link} is a symbolic link, and what it leads to is not part of the change."
        place = after.of_file(link, 0)
        step = "commit the file itself"
        found.setdefault("changed", []).append(Finding("changed", Level.ERROR, told, link, "", step, place))
    return _report(sides.names, found, measured, at)


def of_mistakes(
    names: tuple[str, str], problems: Iterable[Problem], features: set[Problem], prefix: str, at: datetime
) -> Report:
    """Of files that hold together in no project: nothing is compared, and every mistake is a finding.

    Args:
        features: those of the problems that are features whose dataset has no contract.
    """
    found: dict[str, list[Finding]] = {}
    for problem in problems:
        rule = _WITHOUT if problem in features else "project_invalid"
        said = str(problem).removeprefix(f"{problem.file}:{problem.line}:{problem.column}: ")
        finding = Finding(
            rule,
            Level.ERROR,
            f"{said[0].upper()}{said[1:]}.",
            why=_BEYOND_FILES.get(rule, "No night and no gate can work with these files."),
            next_step="write the contract first, or take the feature out"
            if rule == _WITHOUT
            else "correct the line",
            place=Places.at(prefix, problem.file, problem.line),
        )
        found.setdefault(rule, []).append(finding)
    unread = "the changed files hold together in no project"
    return _report(names, found, Measured(unread=unread), at, unread)


def _report(
    names: tuple[str, str],
    found: dict[str, list[Finding]],
    measured: Measured,
    at: datetime,
    unread: str = "",
) -> Report:
    needed = sum(one.level is Level.ERROR for many in found.values() for one in many)
    verdict = f"{counted(needed, 'change')} for a person" if needed else "nothing that needs a person"
    asked = {one.id: one.why for one in RULES if one.why}
    ids = [*asked, *_BEYOND_FILES, *sorted(set(found) - set(asked) - set(_BEYOND_FILES))]
    questions = [
        Question(
            name,
            name.replace("_", " ").capitalize(),
            asked.get(name) or _BEYOND_FILES.get(name, ""),
            tuple(found.get(name, ())),
            "" if found.get(name) else _unasked(name, measured, unread),
        )
        for name in ids
    ]
    return Report(VERB, f"{names[1]} with {names[0]}", verdict, at, _facts(measured), tuple(questions))


def _unasked(name: str, measured: Measured, unread: str) -> str:
    return measured.unread if name in (_LEAKING, _BIASED) else unread


def _facts(measured: Measured) -> tuple[str, ...]:
    return (f"measurements were not looked at: {measured.unread}",) if measured.unread else ()


def _of_change(change: Change, after: Places, before: Places) -> Finding:
    """Where it stands now; what is gone, where it stood."""
    needs = change.needs_a_person
    return Finding(
        change.rule.id,
        Level.ERROR if needs else Level.NOTE,
        sentence(change),
        about=about(change.path),
        why=change.rule.why if needs else "",
        next_step=change.rule.step if needs else "",
        place=after.of_path(change.path) or before.of_path(change.path),
    )


def _of_feature(found: FeatureFinding, places: Places) -> Finding:
    """A feature that leaked before is an incident already; only a new one is the change's doing."""
    return Finding(
        found.rule,
        Level.ERROR if found.added else Level.WARNING,
        found.sentence,
        about=f"model {found.model}",
        why=_BEYOND_FILES[found.rule],
        next_step=f"take '{found.column}' out, or have the review decide on it",
        place=places.of_path(("models", found.model, "features", found.column)),
    )


def _of_candidates(found: Sequence[Comparison], places: Places) -> Iterator[Finding]:
    for one in found:
        place = places.of_path(("models", one.model))
        name = f"model {one.model}"
        step = "have ethics and legal look at the figures before the version is promoted"
        for told in one.worse:
            yield Finding(_BIASED, Level.ERROR, told, name, _BEYOND_FILES[_BIASED], step, place)
        if one.unknown:
            step = (
                "keep what it decided on held-out rows in its training snapshot (training.prediction of the"
                " model's file), with the sensitive columns, or log it beside the version that serves"
            )
            yield Finding(_BIASED, Level.WARNING, one.unknown, name, "", step, place)
