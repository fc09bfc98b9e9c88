"""The drill-down picture; Evidently is really run, on small samples."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.reports.drift_report import write_drift_report

CHROMIUM = Path("/usr/bin/chromium")
PAYLOAD = "</script><script>alert('x')</script>"
TITLE = "The values of debt_ratio since 3 March differ <b>&</b> moved"


def sample(scale, seed, rows=400):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "debt_ratio": rng.normal(0.33, 0.08, rows) * scale,
            "units": rng.integers(1, 9, rows),
            "channel": ["person-7731"] * 5 + list(rng.choice(["branch", "online", PAYLOAD], rows - 5)),
            "married": rng.random(rows) < 0.5,
            "constant": 1.0,
            "sparse": np.where(rng.random(rows) < 0.9, np.nan, 1.5),
            PAYLOAD: rng.normal(0, 1, rows),
            "subject_id": [f"subject-{seed}-{row}" for row in range(rows)],
        }
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """One page of everything that is drawn, and the folder it was written to."""
    folder = tmp_path_factory.mktemp("reports") / "2026-03-04"
    then, now = sample(1, 1), sample(100, 2)
    columns = tuple(name for name in then if name != "subject_id")
    path = write_drift_report(then, now, columns, folder / "debt_ratio.html", TITLE)
    return path, path.read_text(encoding="utf-8"), now


def test_the_page_is_there_whole_and_alone_in_its_folder(report):
    path, page, _ = report
    assert [file.name for file in path.parent.iterdir()] == ["debt_ratio.html"]
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")
    assert "Drift in column" in page


def test_the_page_needs_nothing_from_the_network(report):
    _, page, _ = report
    assert not re.findall(
        r"<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page
    )
    assert not re.findall(r"url\(\s*[\"']?(?:https?:)?//|@import\s+[\"'u]", page)


@pytest.mark.browser
def test_the_page_opens_in_a_browser_and_asks_nobody_for_anything(report):
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    playwright = pytest.importorskip("playwright.sync_api")
    path, _, _ = report
    asked, alerted = [], []
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            view = browser.new_page()
            view.on("request", lambda request: asked.append(request.url))
            view.on("dialog", lambda dialog: (alerted.append(dialog.message), dialog.dismiss()))
            view.goto(path.as_uri())
            view.get_by_text("Drift in column 'debt_ratio'").first.wait_for()
            heading = view.locator("h1").first.inner_text()
        finally:
            browser.close()
    assert heading == TITLE
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert alerted == []


def test_the_title_is_escaped_and_the_page_says_what_it_is(report):
    _, page, _ = report
    assert (
        "<title>The values of debt_ratio since 3 March differ &lt;b&gt;&amp;&lt;/b&gt; moved</title>" in page
    )
    assert "the measurement is what counts" in page


def test_names_and_values_cannot_run_as_script(report):
    _, page, _ = report
    assert PAYLOAD not in page
    assert "<script>alert" not in page


def test_no_subject_rare_value_or_exact_number_is_on_the_page(report):
    _, page, now = report
    assert "subject-" not in page
    assert "person-7731" not in page
    assert not [value for value in now["debt_ratio"] if repr(float(value)) in page]


def test_current_is_not_mistaken_for_reference(report):
    """Evidently wants the current sample first; swapped, the drawn reference would be at 33."""
    _, page, now = report
    assert now["debt_ratio"].mean() > 30
    drawn = re.search(r'"name": "reference \(mean\)".*?"y": \[(-?[\d.]+)', page)
    assert drawn is not None
    assert float(drawn.group(1)) == pytest.approx(0.33, abs=0.02)


def test_a_second_run_replaces_the_page(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("last night's")
    write_drift_report(sample(1, 3), sample(2, 4), ("debt_ratio",), path, "tonight")
    assert "<title>tonight</title>" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("then", "now", "columns"),
    [
        ({"x": [1.0, 2.0]}, {"x": ["a", "b"]}, ("x",)),
        ({"x": [1.0, 2.0]}, {"x": [None, None]}, ("x",)),
        ({"x": [1.0, 2.0]}, {"y": [1.0, 2.0]}, ("x",)),
        ({"x": []}, {"x": []}, ("x",)),
        ({"x": [1.0]}, {"x": [1.0]}, ()),
    ],
)
def test_what_cannot_be_drawn_is_said_and_leaves_no_file(tmp_path, then, now, columns):
    with pytest.raises(CannotEvaluate, match="no picture can be drawn"):
        write_drift_report(pd.DataFrame(then), pd.DataFrame(now), columns, tmp_path / "sub" / "x.html", "t")
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_cannot_be_drawn_does_not_spoil_the_others(tmp_path):
    then, now = sample(1, 5), sample(1, 6)
    now["units"] = "many"
    page = write_drift_report(then, now, ("units", "debt_ratio"), tmp_path / "x.html", "t")
    text = page.read_text(encoding="utf-8")
    assert "debt_ratio" in text
    assert "'units'" not in text


def test_warnings_about_our_own_code_stay_heard_afterwards(report):
    assert report
    with pytest.warns(DeprecationWarning, match="ours"):
        warnings.warn("ours", DeprecationWarning, stacklevel=1)
