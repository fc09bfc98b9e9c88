"""compare: what does a change of the project's files weaken?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import (
    ProjectOption,
    ReportFormat,
    ReportFormatOption,
    console,
    print_json,
)
from governance_pipeline.cli.reported import print_report, telling_failure

if TYPE_CHECKING:
    from datetime import datetime

    from rich.text import Text

    from governance_pipeline.charter.project import Project
    from governance_pipeline.reports.findings.compared import Measured
    from governance_pipeline.reports.findings.finding import Finding, Report

VERB = "compare"


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(
        epilog="Examples: governance compare --base origin/main"
        "  |  governance compare --base origin/main --head HEAD --format markdown"
        "  |  governance compare --base ../project-before"
    )(compare)


@dataclass(frozen=True, slots=True)
class _Side:
    """One state of the project's files.

    Attributes:
        name: as the reader knows it.
        prefix: from the repository's root to the project's folder, None where no revision was asked for.
    """

    name: str
    root: Path
    prefix: str | None = None
    links: tuple[str, ...] = ()


def compare(
    base: Annotated[str, typer.Option(metavar="REF", help="Revision, or folder, to compare with.")],
    head: Annotated[
        str | None,
        typer.Option(
            metavar="REF", help="Revision, or folder, that changes it (default: the project as it is)."
        ),
    ] = None,
    project: ProjectOption = None,
    output: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Say what a change weakens in playbook, contracts, models and charter, with file and line.

    Compared is what the files mean, not how they look. Measurements are looked at where the store answers.
    Exit 1: a person should decide. Exit 2: the changed files have mistakes.
    """
    from governance_pipeline.charter.loader import find_project
    from governance_pipeline.stages.services import utc_now

    subject = f"{head or 'the project'} with {base}"
    with telling_failure(output, VERB, subject):
        root = find_project(project or Path.cwd())
        with _sides(root, base, head) as (before, after):
            report, invalid = _compared(root, before, after, utc_now())
    if output is ReportFormat.JSON:
        print_json({"passed": report.passed, "report": report})
    elif output is ReportFormat.TABLE:
        _show(report)
    else:
        print_report(output, report)
    raise typer.Exit(2 if invalid else 0 if report.passed else 1)


def _compared(root: Path, before: _Side, after: _Side, now: datetime) -> tuple[Report, bool]:
    """The report, and whether the changed files have mistakes."""
    from governance_pipeline.charter.diagnostics import ProjectFilesInvalid
    from governance_pipeline.charter.loader import load_project
    from governance_pipeline.errors import CannotEvaluate
    from governance_pipeline.reports.findings.compared import Sides, of_comparison, of_mistakes
    from governance_pipeline.reviews.compare.mistakes import features_without_contract

    names = (before.name, after.name)
    try:
        changed = load_project(after.root)
    except ProjectFilesInvalid as error:
        features = features_without_contract(after.root, error.problems)
        return of_mistakes(names, error.problems, features, after.prefix or "", now), True
    try:
        held = load_project(before.root)
    except ProjectFilesInvalid as error:
        raise CannotEvaluate(
            f"nothing can be compared with the files of {before.name}: {error.message}",
            hint="compare with a revision that `governance validate` accepts",
        ) from error
    sides = Sides(held, changed, names, after.prefix, (*before.links, *after.links))
    return of_comparison(sides, _measured(root, held, changed), now), False


def _measured(root: Path, held: Project, changed: Project) -> Measured:
    """What the store of the project at ``root`` says; a store that does not answer is said, and no error."""
    from governance_pipeline.bootstrap import open_project_store
    from governance_pipeline.charter.loader import load_measurable
    from governance_pipeline.errors import GovernanceError
    from governance_pipeline.reports.findings.compared import Measured
    from governance_pipeline.stages.compared import what_was_measured

    try:
        opened = load_measurable(root)
        file = opened.settings.store.removeprefix("sqlite:///")
        if file != opened.settings.store and not (root / file).exists():
            return Measured(unread="there is no store here")  # to look for one must not make one
        store = open_project_store(opened)
    except GovernanceError as error:
        return Measured(unread=f"the store cannot be opened: {error.message}")
    try:
        return what_was_measured(held, changed, store)
    except GovernanceError as error:
        return Measured(unread=f"the store does not answer: {error.message}")
    finally:
        store.close()


@contextmanager
def _sides(root: Path, base: str, head: str | None) -> Iterator[tuple[_Side, _Side]]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="governance-") as folder:
        before = _side(root, base, Path(folder) / "base")
        after = _side(root, head, Path(folder) / "head") if head else _Side("the project", root)
        yield before, after


def _side(root: Path, named: str, into: Path) -> _Side:
    """A folder by its path, else a revision of the repository around the project."""
    from governance_pipeline.catalog.git_tree import repository_of, write_revision
    from governance_pipeline.charter.loader import find_project

    if Path(named).is_dir():
        return _Side(named, find_project(Path(named)))
    inside = root.relative_to(repository_of(root).resolve()).as_posix()
    into.mkdir(parents=True)
    written = write_revision(root, named, into)
    return _Side(named, into, "" if inside == "." else f"{inside}/", written.links)


def _show(report: Report) -> None:
    from rich.padding import Padding
    from rich.text import Text

    out = console()
    word = "[bold green]FINE[/]" if report.passed else "[bold red]DECIDE[/]"
    out.print(f"{word} ", end="")
    out.print(f"{report.subject}: {report.verdict}", markup=False)
    for fact in report.facts:
        out.print(Text(f"  {fact}", style="dim"))
    for _, finding in report.findings:
        out.print(Padding(_told(finding), (0, 0, 0, 2)))
        if finding.next_step:
            out.print(Padding(Text(f"-> {finding.next_step}", style="yellow"), (0, 0, 0, 4)))


def _told(finding: Finding) -> Text:
    from rich.text import Text

    styles = {"error": "red", "warning": "yellow", "note": "dim"}
    place = f" ({finding.place})" if finding.place else ""
    said = f"{finding.sentence}{f' {finding.why}' if finding.why else ''}"
    return Text.assemble(
        (f"{finding.level} ", styles[finding.level]),
        (f"{finding.about}: " if finding.about else "", "bold"),
        f"{said} [{finding.rule}]",
        (place, "dim"),
    )
