"""From measurements to the result of a check."""

from __future__ import annotations

import dagster as dg
import pytest

from assets.checks import CheckBook
from assets.markdown import MOST_ROWS, cell, measurement_table
from governance_pipeline.testing import DATASET, NIGHT, a_small_project
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

INCOMES = Entity.dataset(DATASET)
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def found(outcome: str = "fail", **changes) -> Measurement:
    return Measurement(
        **{
            "night": NIGHT,
            "entity": INCOMES,
            "indicator": "drift",
            "outcome": Outcome(outcome),
            "sentence": f"This is a {outcome}.",
            "clause": "P-7",
            **changes,
        }
    )


@pytest.fixture
def book(tmp_path):
    return CheckBook(a_small_project(tmp_path))


def check(book, *measurements, name="drift") -> dg.AssetCheckResult:
    wanted = (dg.AssetKey(["lending", "incomes"]), name)
    return next(r for r in book.results(measurements) if (r.asset_key, r.check_name) == wanted)


@pytest.mark.parametrize(
    ("outcome", "passed", "severity"),
    [
        ("pass", True, WARN),
        ("warn", False, WARN),
        ("insufficient", False, WARN),
        ("fail", False, ERROR),
        ("not_run", False, ERROR),
    ],
)
def test_only_a_pass_passes(book, outcome, passed, severity):
    result = check(book, found(outcome))
    assert (result.passed, result.severity) == (passed, severity)
    assert result.description == f"This is a {outcome}."


def test_a_check_that_nothing_was_measured_for_has_not_passed(book):
    result = check(book)
    assert (result.passed, result.severity) == (False, ERROR)
    assert result.description == "Nothing was measured, so nothing is known."
    assert result.metadata["outcome"].value == "not run"


def test_one_failure_among_passes_fails_and_is_what_is_told(book):
    result = check(book, found("pass", facet="a"), found("fail", facet="b"), found("pass", facet="c"))
    assert not result.passed
    assert result.description == "This is a fail."
    assert result.metadata["measured"].value == "1 fail, 2 pass"
    assert result.metadata["not passed"].value == 1


def test_several_alike_are_told_as_one_and_counted(book):
    result = check(book, *(found("fail", facet=name) for name in "abc"))
    assert result.description == "This is a fail. (2 more like it: see the findings.)"


def test_a_breach_says_what_to_do_and_a_pass_does_not(book):
    assert check(book, found("fail")).metadata["what to do"].value.startswith("1. ")
    assert "what to do" not in check(book, found("pass")).metadata
    assert "what to do" not in check(book, found("warn")).metadata


def test_a_check_is_described_by_the_clause_people_agreed_on(book):
    spec = next(s for s in book.specs() if s.key.name == "recency")
    assert spec.description == "Recency. Recency: Every dataset keeps its recency promise. (P-1)"


@pytest.mark.parametrize("report", ["reports/drift.html", "/var/reports/drift.html"])
def test_a_drift_breach_links_its_report(book, report):
    link = check(book, found(details={"report": report})).metadata["drift report"]
    assert isinstance(link, dg.PathMetadataValue)
    assert link.value == str(book.project.root / report)


def test_a_report_on_the_web_is_a_link(book):
    link = check(book, found(details={"report": "https://reports.example.org/1"})).metadata["drift report"]
    assert isinstance(link, dg.UrlMetadataValue)


def test_the_number_of_a_check_that_has_one_can_be_drawn(book):
    whole = found(value=0.123456, unit="share", facet="")
    result = check(book, whole, found(value=7.0, facet="part"))
    assert result.metadata["value in share"].value == pytest.approx(0.1235)


@pytest.mark.parametrize("poison", ["<img src=x onerror=alert(1)>", "[a](javascript:b)", "a|b", "`x`", "*b*"])
def test_no_name_adds_markup(poison):
    shown = cell(f"before {poison} after")
    assert "<" not in shown
    for char in "[]()|`*":
        assert shown.count(char) == shown.count(f"\\{char}")


def test_a_table_shows_the_first_and_counts_the_rest():
    lines = measurement_table([found(facet=str(n)) for n in range(MOST_ROWS + 5)]).value.splitlines()
    assert sum(line.startswith("| fail") for line in lines) == MOST_ROWS
    assert lines[-1] == "and 5 more"
