from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from benchmarks.__main__ import main
from benchmarks.breakdown import KINDS, Breakdown, Phase, broken_down
from benchmarks.data.standard import ScanCase
from benchmarks.explain import explain
from benchmarks.picture import svg
from governance_pipeline.profiles.session import Session

SVG = "{http://www.w3.org/2000/svg}"


def test_the_parts_of_a_scan_add_up_and_the_engine_is_left_as_it_was():
    original = Session.rows
    case = ScanCase(2000)
    found = broken_down(case.scan)
    assert Session.rows is original
    assert sum(phase.seconds for phase in found.phases) + found.python == pytest.approx(found.seconds)
    assert sum(phase.work["read"] for phase in found.phases) > 0
    assert all(phase.statements and "." in phase.name for phase in found.phases)
    assert case.scan().rows == 2000


def test_the_breakdown_is_printed_and_drawn(tmp_path, capsys):
    found = explain(quick=True, picture=tmp_path / "scan.svg", rows=2000)
    out = capsys.readouterr().out
    assert "Python between" in out
    assert "waiting for DuckDB" in out
    drawn = "".join(ET.parse(tmp_path / "scan.svg").getroot().itertext())
    assert all(phase.name in drawn for phase in found.phases)


def test_a_bars_length_is_its_seconds():
    work = dict.fromkeys(KINDS, 0.0) | {"read": 3.0, "group": 1.0}
    drawing = svg(Breakdown(3.0, (Phase("a.slow & b", 1, 2.0, work),)), bare=0.5)
    rects = ET.fromstring(drawing).findall(f"{SVG}rect")
    widths = [float(rect.get("width")) for rect in rects if rect.get("height") == "18"]
    bare, read, group, python = widths
    assert (read / bare, group / bare, python / bare) == pytest.approx((3, 1, 2), abs=0.01)


def test_explain_is_an_option_of_the_command(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("benchmarks.explain.explain", lambda **options: asked.append(options))
    assert main(["--explain", "--quick", "--svg", str(tmp_path / "x.svg")], {}) == 0
    assert asked == [{"quick": True, "picture": tmp_path / "x.svg"}]
