"""The tutorial is followed word by word: its files are written, its commands run, its output compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import DOCS, blocks
from tests.docs.walkthrough import Step, walk

TUTORIAL = DOCS / "tutorial.md"


@pytest.mark.timeout(900)
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    for step in walk(TUTORIAL, tmp_path):
        where = f"docs/tutorial.md:{step.block.line}\n{step.block.text}{step.printed}"
        assert step.code == step.expected_code, where
        assert step.first_untrue_line is None, f"{step.first_untrue_line}\nis not what came from {where}"


def test_every_command_of_the_tutorial_is_followed_and_no_output_stands_alone() -> None:
    found = list(blocks(TUTORIAL.read_text(encoding="utf-8")))
    shells = [block for block in found if block.info[:1] in (("sh",), ("bash",))]
    assert len(shells) > 15
    assert all(block.info[1:2] == ("run",) for block in shells)
    for before, block in zip([None, *found], found, strict=False):
        if block.info[1:2] == ("output",):
            assert before is not None
            assert before.info[1:2] == ("run",), f"line {block.line}"


def test_a_claim_that_was_not_printed_in_this_order_is_untrue() -> None:
    page = "```sh run\nx\n```\n```text output\none\n...\nthree  3\n```\n"
    run, claimed = blocks(page)
    assert Step(run, "one\ntwo\nthree 3\n", 0, claimed).first_untrue_line is None
    assert Step(run, "three 3\none\n", 0, claimed).first_untrue_line == "three  3"
    assert Step(run, "one\ntwo\n", 0, claimed).first_untrue_line == "three  3"
