"""Markdown for the comment of a pull request, in the GitHub flavour that GitLab shows too.

The first line is a marker that is the same on every run, so that a workflow can find its own comment again
and write over it.
"""

from __future__ import annotations

import re

from governance_pipeline.indicators.wording import counted
from governance_pipeline.reports.findings.finding import Finding, Level, Question, Report

MOST_LISTED = 60
LONGEST = 600
"""A comment may have 65,536 characters."""

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_SIGNS = {Level.ERROR: "**error**", Level.WARNING: "warning", Level.NOTE: "note"}


def markdown(report: Report) -> str:
    """The report as a comment."""
    name = f"governance {report.verb} {report.subject}"
    lines = [f"<!-- {_comment(name)} -->", f"### {escaped(name)}: {escaped(report.verdict)}", ""]
    if report.facts:
        lines += ["; ".join(map(escaped, report.facts)), ""]
    if report.error:
        lines += [f"**No verdict could be reached**, which is not a pass: {escaped(report.error)}", ""]
    lines += _table(report)
    lines += _rest(report)
    return "\n".join(lines).rstrip() + "\n"


def _table(report: Report) -> list[str]:
    pairs = report.findings
    if not pairs:
        return []
    counts = report.counted()
    told = ", ".join(counted(counts[level], level) for level in Level if counts[level])
    lines = [told, "", "| | of | what | where | next step |", "|---|---|---|---|---|"]
    lines += [_row(question, finding) for question, finding in pairs[:MOST_LISTED]]
    if len(pairs) > MOST_LISTED:
        lines.append(f"| | | and {len(pairs) - MOST_LISTED} more, in the job's log | | |")
    return [*lines, ""]


def _row(question: Question, finding: Finding) -> str:
    about = f"**{escaped(finding.about)}**: " if finding.about else ""
    why = f"<br>{escaped(finding.why)}" if finding.why else ""
    where = escaped(str(finding.place)) if finding.place else ""
    cells = (
        _SIGNS[finding.level],
        f"{escaped(question.id)} {escaped(question.title)}",
        f"{about}{escaped(finding.sentence)}{why}",
        where,
        escaped(finding.next_step),
    )
    return f"| {' | '.join(cells)} |"


def _rest(report: Report) -> list[str]:
    """What holds, and what nobody looked at: never the one for the other."""
    held = [one for one in report.questions if not one.findings and not one.unasked]
    unasked = [one for one in report.questions if one.unasked]
    lines: list[str] = []
    if held:
        lines += ["<details><summary>Nothing was found under</summary>", ""]
        lines += [f"- {escaped(one.id)} {escaped(one.title)}" for one in held]
        lines += ["", "</details>", ""]
    if unasked:
        lines += ["<details><summary>Not looked at</summary>", ""]
        lines += [f"- {escaped(one.id)} {escaped(one.title)}: {escaped(one.unasked)}" for one in unasked]
        lines += ["", "</details>", ""]
    return lines


def escaped(text: str) -> str:
    """Text that shows as it is: on one line, without markup, links, HTML or people who would be mentioned."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    line = line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _PUNCTUATION.sub(r"\\\1", line).replace("@", "@\u200b").replace("://", ":\u200b//")


def _comment(text: str) -> str:
    """What may stand in a comment of HTML: nothing that ends it."""
    return re.sub(r"[^A-Za-z0-9._ /]", "_", text)
