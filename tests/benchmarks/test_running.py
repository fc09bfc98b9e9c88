from __future__ import annotations

import json
import math
import sys

import pytest

from benchmarks.__main__ import main
from benchmarks.figure import Figure
from benchmarks.printing import BEGIN, END
from benchmarks.registry import TOPICS, topic
from tests.benchmarks import topics


@pytest.fixture
def run(monkeypatch, capsys):
    def called(*names, words=("--json",)):
        table = {name: f"tests.benchmarks.topics.{name}" for name in names}
        for name, module in table.items():
            monkeypatch.setitem(sys.modules, module, getattr(topics, name, None))
        code = main(list(words), table)
        return code, capsys.readouterr().out

    return called


def test_every_registered_topic_can_be_run():
    for module in TOPICS.values():
        assert callable(topic(module))


def test_all_bars_reached_exit_zero_and_the_json_says_so(run):
    code, out = run("good")
    assert code == 0
    shape = ("name", "value", "unit", "bar", "direction", "note", "holds")
    assert json.loads(out) == [
        dict(zip(shape, figure, strict=True))
        for figure in (
            ("ratio", 4.5, "x", 5, "<=", "", True),
            ("power", 0.9, "", 0.85, ">=", "", True),
            ("seconds", 3, "s", None, "<=", "", True),
        )
    ]


@pytest.mark.parametrize("name", ["slow", "weak", "empty", "broken"])
def test_a_bar_that_is_not_reached_is_exit_one(run, name):
    code, out = run("good", name)
    assert code == 1
    assert [figure["holds"] for figure in json.loads(out)][-1] is False


def test_a_topic_that_breaks_keeps_its_figures_says_why_and_costs_no_other_topic(run):
    _, out = run("broken", "good")
    ratio, lost, *others = json.loads(out)
    assert ratio["holds"]
    assert (lost["name"], lost["value"]) == ("broken", None)
    assert lost["note"] == "ValueError: the peer is not there"
    assert len(others) == 3


def test_a_module_that_is_not_there_costs_its_own_topic_only(monkeypatch, capsys):
    assert main(["--json"], {"gone": "benchmarks.no_such_module"}) == 1
    assert "no_such_module" in json.loads(capsys.readouterr().out)[0]["note"]


def test_only_the_chosen_topic_runs(run):
    assert run("good", "slow", words=("--json", "--only", "good"))[0] == 0


def test_people_get_a_table_with_the_verdicts(run):
    _, out = run("good", "broken", words=())
    for word in ("ratio", "4.5 x", "<= 5", ">= 0.85", "yes", "NO", "not measured", "the peer is not there"):
        assert word in out


def test_the_page_gets_its_figures_and_keeps_its_words(run, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"Before.\n\n{BEGIN}\nyesterday\n{END}\n\nAfter.\n")
    for _ in range(2):
        run("good", words=("--quick", "--markdown", str(page)))
    text = page.read_text()
    assert text.startswith("Before.\n\n<!--")
    assert text.endswith("-->\n\nAfter.\n")
    assert "yesterday" not in text
    assert text.count("| ratio | 4.5 x | <= 5 | yes |") == 1
    assert "Quick size," in text


def test_figures_of_the_page_that_were_not_measured_again_stay(run, tmp_path):
    page = tmp_path / "page.md"
    rows = "| ratio (of yesterday) | 9 x | <= 5 | NO |\n| ratios | 1 x |  |  |"
    page.write_text(
        f"{BEGIN}\n\n| figure | value | bar | holds |\n| --- | --- | --- | --- |\n{rows}\n\n{END}\n"
    )
    run("good", words=("--markdown", str(page)))
    table = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    assert table[2:4] == ["| ratio | 4.5 x | <= 5 | yes |", "| ratios | 1 x |  |  |"]
    assert [line.split(" | ")[0] for line in table] == [
        "| figure", "| ---", "| ratio", "| ratios", "| power", "| seconds"
    ]  # fmt: skip


def test_a_figure_without_a_number_never_holds():
    assert not Figure("x", math.nan, "s").holds
    assert not Figure("x", math.nan, "s", 5, ">=").holds
