"""JUnit XML: a test case for each question. The form is that of Jenkins' junit-10.xsd; GitHub, GitLab and
others read it too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from governance_pipeline.reports.findings.finding import Finding, Question, Report

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) has no way to write."""


def junit(report: Report) -> str:
    """The report as a JUnit document."""
    failed = sum(question.failed for question in report.questions)
    errors = int(bool(report.error))
    cases = len(report.questions) + errors
    counts = {"tests": str(cases), "failures": str(failed), "errors": str(errors)}
    top = ET.Element("testsuites", {"name": f"governance {report.verb}", **counts})
    suite = ET.SubElement(
        top,
        "testsuite",
        {
            "name": _clean(f"governance {report.verb} {report.subject}"),
            **counts,
            "skipped": str(sum(bool(question.unasked) for question in report.questions)),
            "timestamp": report.at.isoformat(timespec="seconds"),
        },
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("verdict", report.verdict), *(("fact", fact) for fact in report.facts)):
        ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
    for question in report.questions:
        _case(suite, report, question)
    if report.error:
        case = _named(suite, report, "verdict")
        error = ET.SubElement(case, "error", {"message": _clean(report.error), "type": "no_verdict"})
        error.text = _clean(report.error)
    ET.indent(top)
    return ET.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, report: Report, question: Question) -> None:
    case = _named(suite, report, f"{question.id}: {question.title}")
    if question.unasked:
        ET.SubElement(case, "skipped", {"message": _clean(question.unasked)})
    elif question.failed:
        first = report_order(question.findings)[0]
        more = f" (and {len(question.findings) - 1} more)" if len(question.findings) > 1 else ""
        message = _clean(f"{first.sentence}{more}")
        failure = ET.SubElement(case, "failure", {"message": message, "type": _clean(first.rule)})
        failure.text = _clean("\n\n".join(map(_told, report_order(question.findings))))
    elif question.findings:
        out = ET.SubElement(case, "system-out")
        out.text = _clean("\n\n".join(map(_told, question.findings)))


def report_order(findings: Sequence[Finding]) -> list[Finding]:
    """Errors first: many readers show the first one only."""
    return sorted(findings, key=lambda finding: finding.level.value)


def _named(suite: ET.Element, report: Report, name: str) -> ET.Element:
    classname = f"governance.{report.verb}.{report.subject.replace(' version ', '.').replace(' ', '_')}"
    return ET.SubElement(
        suite, "testcase", {"name": _clean(name), "classname": _clean(classname), "time": "0"}
    )


def _told(finding: Finding) -> str:
    about = f"{finding.about}: " if finding.about else ""
    lines = [f"{finding.level} {finding.rule}: {about}{finding.sentence}"]
    lines += [finding.why] if finding.why else []
    lines += [f"-> {finding.next_step}"] if finding.next_step else []
    lines += [f"at {finding.place}"] if finding.place else []
    return "\n".join(lines)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
