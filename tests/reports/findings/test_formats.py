"""Findings in JUnit, SARIF and Markdown: whatever they say, the document is valid and says all of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.reports.findings.finding import Finding, Level, Place, Question, Report, could_not
from governance_pipeline.reports.findings.junit import junit
from governance_pipeline.reports.findings.markdown import MOST_LISTED, markdown
from governance_pipeline.reports.findings.sarif import sarif
from tests.reports.findings.formats import read_junit, read_sarif, shown

AT = datetime(2026, 3, 4, 7, tzinfo=UTC)
TEXT = st.text(max_size=40) | st.sampled_from(
    [
        "a|b",
        "<script>alert(1)</script>",
        "[x](http://evil)",
        "{0}",
        "\x00\x1b\ud800",
        "@all",
        "]]>",
        "--><b>",
        "`x`",
    ]
)
PLACES = st.builds(Place, st.text("abc/. ä%\udc80", min_size=1, max_size=12), st.integers(0, 999))
FINDINGS = st.builds(
    Finding,
    rule=st.sampled_from(["drift_fail", "review_missing", "contract.retention"]),
    level=st.sampled_from(Level),
    sentence=TEXT,
    about=TEXT,
    why=TEXT,
    next_step=TEXT,
    place=st.none() | PLACES,
    accepted=st.sampled_from(["", "REV-1"]),
)
QUESTIONS = st.builds(
    Question,
    id=TEXT,
    title=TEXT,
    text=TEXT,
    findings=st.lists(FINDINGS, max_size=4).map(tuple),
    unasked=st.just(""),
) | st.builds(Question, id=TEXT, title=TEXT, unasked=TEXT.filter(bool))
REPORTS = st.builds(
    Report,
    verb=st.just("gate"),
    subject=TEXT,
    verdict=TEXT,
    at=st.just(AT),
    facts=st.lists(TEXT, max_size=2).map(tuple),
    questions=st.lists(QUESTIONS, max_size=4).map(tuple),
)
ONE = Finding(
    "drift_fail", Level.ERROR, "It moved.", "shop.people [age]", "It matters.", "Mend it.", Place("a.yaml", 3)
)


def report(*questions: Question) -> Report:
    return Report("gate", "approval version 2", "closed", AT, ("last night",), questions)


@given(REPORTS)
def test_any_report_is_a_junit_document_with_a_case_for_each_question(found: Report):
    top = read_junit(junit(found))
    cases = list(top.iter("testcase"))
    assert len(cases) == len(found.questions)
    for case, question in zip(cases, found.questions, strict=True):
        assert (case.find("failure") is not None) == question.failed
        assert (case.find("skipped") is not None) == bool(question.unasked)
        assert (case.find("system-out") is not None) == (bool(question.findings) and not question.failed)


@given(REPORTS)
def test_any_report_is_a_sarif_log_with_a_result_for_each_finding(found: Report):
    run = read_sarif(sarif(found))
    assert len(run["results"]) == len(found.findings)
    for result, (_, finding) in zip(run["results"], found.findings, strict=True):
        assert result["level"] == finding.level
        assert finding.sentence in shown(result["message"]["text"])
        assert ("suppressions" in result) == bool(finding.accepted)
        assert ("locations" in result) == (finding.place is not None)


@given(REPORTS)
def test_any_report_is_a_comment_that_nothing_in_it_can_break_out_of(found: Report):
    text = markdown(found)
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| | ")]
    assert len(rows) == len(found.findings)
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 6
    body = re.sub(r"</?(details|summary)>|<br>|^<!-- [A-Za-z0-9._ /]* -->", "", text)
    assert not re.search(r"[<>]", body)
    assert text.encode()
    assert "@" not in body.replace("@\u200b", "")


def test_a_failed_clause_tells_its_errors_first_and_all_of_them():
    note = Finding("bias_warn", Level.WARNING, "It leans.")
    (case,) = read_junit(junit(report(Question("P-1", "Fresh", findings=(note, ONE))))).iter("testcase")
    failure = case.find("failure")
    assert failure is not None
    assert case.attrib["name"] == "P-1: Fresh"
    assert failure.attrib == {"message": "It moved. (and 1 more)", "type": "drift_fail"}
    assert str(failure.text).index("It moved.") < str(failure.text).index("It leans.")
    assert "at a.yaml:3" in str(failure.text)


def test_a_result_points_to_its_line_under_the_root_and_keeps_its_fingerprint():
    (result,) = read_sarif(sarif(report(Question("P-1", "Fresh", findings=(ONE,)))))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "a.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 3}
    moved = Finding(ONE.rule, ONE.level, "It moved by 0.9.", ONE.about, place=Place("a.yaml", 7))
    assert moved.fingerprint == ONE.fingerprint
    assert result["partialFingerprints"] == {"governanceFinding/v1": ONE.fingerprint}


def test_no_verdict_is_an_error_and_never_an_empty_pass():
    failed = could_not("gate", "approval version 2", "the store does not answer", AT)
    assert not failed.passed
    top = read_junit(junit(failed))
    assert top.attrib["errors"] == "1"
    run = read_sarif(sarif(failed))
    assert run["invocations"][0]["executionSuccessful"] is False
    assert "the store does not answer" in str(run["invocations"])
    assert "**No verdict could be reached**" in markdown(failed)


def test_a_comment_has_bounds_and_says_what_it_leaves_out():
    many = tuple(Finding("drift_fail", Level.ERROR, "x" * 5000, f"column {n}") for n in range(500))
    text = markdown(report(Question("P-1", "Fresh", findings=many)))
    assert len(text) < 65_536
    assert f"and {500 - MOST_LISTED} more" in text
    assert "500 errors" in text


@pytest.mark.parametrize("unasked", ["", "nothing answers to it"])
def test_what_holds_and_what_nobody_looked_at_stand_apart(unasked: str):
    text = markdown(report(Question("P-1", "Fresh", unasked=unasked)))
    assert ("Not looked at" in text) == bool(unasked)
    assert ("Nothing was found under" in text) == (not unasked)
