"""Findings on standard output in the formats of other tools, also where no verdict could be reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from governance_pipeline.cli.common import ReportFormat
from governance_pipeline.errors import GovernanceError

if TYPE_CHECKING:
    from governance_pipeline.reports.findings.finding import Report

FOR_TOOLS = frozenset({ReportFormat.JUNIT, ReportFormat.SARIF, ReportFormat.MARKDOWN})


def print_report(output: ReportFormat, report: Report) -> None:
    """One document on standard output."""
    from governance_pipeline.reports.findings.render import FORMATS

    typer.echo(FORMATS[output.value](report), nl=False)


@contextmanager
def telling_failure(output: ReportFormat, verb: str, subject: str) -> Iterator[Callable[[Report], None]]:
    """Print a report; where an error comes instead, a report that says so, before it goes on its way.

    An empty file would be taken for nothing found.
    """
    try:
        yield lambda report: print_report(output, report)
    except GovernanceError as error:
        if output in FOR_TOOLS:
            from governance_pipeline.reports.findings.finding import could_not
            from governance_pipeline.stages.services import utc_now

            hint = f" -> {error.hint}" if error.hint else ""
            print_report(output, could_not(verb, subject, f"{error.message}{hint}", utc_now()))
        raise
