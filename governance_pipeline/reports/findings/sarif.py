"""SARIF 2.1.0 (OASIS): one result for each finding, at a line of the repository, for code scanning."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from governance_pipeline.reports.findings.finding import Finding, Place, Question, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
_SPECIAL = re.compile(r"([\[\]\\])")
_BRACES = re.compile(r"[{}]")


def sarif(report: Report) -> str:
    """The report as a SARIF log."""
    pairs = report.findings
    rules = _rules(pairs)
    index = {rule["id"]: place for place, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "governance",
                "semanticVersion": version("governance-pipeline"),
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"governance/{report.verb}/{quote(report.subject, errors='replace')}/"},
        "invocations": [_invocation(report)],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [_result(question, finding, index[finding.rule]) for question, finding in pairs],
        "properties": {"verdict": report.verdict, "facts": list(report.facts)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _invocation(report: Report) -> dict[str, Any]:
    """Without a verdict the run did not succeed, and no results mean nothing."""
    told: dict[str, Any] = {"executionSuccessful": not report.error}
    if report.error:
        message = {"text": _text(report.error)}
        told["toolExecutionNotifications"] = [{"level": "error", "message": message}]
    return told


def _rules(pairs: Iterable[tuple[Question, Finding]]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for question, finding in pairs:
        found.setdefault(
            finding.rule,
            {
                "id": finding.rule,
                "name": "".join(word.capitalize() for word in re.split(r"\W|_", finding.rule)),
                "shortDescription": {"text": _text(f"{question.title}: {_spoken(finding.rule)}")},
                "fullDescription": {"text": _text(question.text or question.title)},
                "help": {"text": _text(finding.why or finding.next_step or question.title)},
                "properties": {"tags": ["governance", question.id]},
            },
        )
    return list(found.values())


def _result(question: Question, finding: Finding, index: int) -> dict[str, Any]:
    about = f"{finding.about}: " if finding.about else ""
    said = [f"{about}{finding.sentence}", finding.why, f"-> {finding.next_step}" if finding.next_step else ""]
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": str(finding.level),
        "message": {"text": _text("\n".join(part for part in said if part))},
        "partialFingerprints": {"governanceFinding/v1": finding.fingerprint},
        "properties": {"clause": question.id},
    }
    if finding.accepted:
        told = {"kind": "external", "status": "accepted"}
        result["suppressions"] = [told | {"justification": f"accepted by {finding.accepted}"}]
    if finding.place is not None:
        result["locations"] = [_location(finding.place)]
    return result


def _location(place: Place) -> dict[str, Any]:
    """By URI (RFC 3986): names of files may hold anything."""
    absolute = place.file.startswith("/")
    artefact: dict[str, Any] = {
        "uri": f"{'file://' if absolute else ''}{quote(place.file, errors='surrogateescape')}"
    }
    if not absolute:
        artefact["uriBaseId"] = ROOT
    physical: dict[str, Any] = {"artifactLocation": artefact}
    physical["region"] = {"startLine": max(place.line, 1)}
    return {"physicalLocation": physical}


def _text(text: str) -> str:
    """Plain text of a message: brackets would begin a link, braces a placeholder (3.11.5, 3.11.6)."""
    return _BRACES.sub(lambda found: found[0] * 2, _SPECIAL.sub(r"\\\1", text))


def _spoken(rule: str) -> str:
    return re.sub(r"[_.]", " ", rule)
