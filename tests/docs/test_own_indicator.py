"""The page about own indicators: its code is saved as a package, installed by its metadata, and used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from governance_pipeline.charter.scaffold import create_project
from tests.docs.pages import DOCS, blocks
from tests.docs.walkthrough import environment

PAGE = DOCS / "how-to" / "own-indicator.md"
FOUND = list(blocks(PAGE.read_text(encoding="utf-8")))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder as pip would leave it: the module, and the entry point that the page names."""
    site = tmp_path / "site"
    (site / "documentation_indicator-0.1.dist-info").mkdir(parents=True)
    code = next(block for block in FOUND if block.option("file"))
    (site / str(code.option("file"))).write_text(code.text, encoding="utf-8")
    toml = next(block for block in FOUND if block.info == ("toml",))
    entry = next(line for line in toml.text.splitlines() if line.startswith("documentation"))
    metadata = site / "documentation_indicator-0.1.dist-info"
    metadata.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: documentation-indicator\nVersion: 0.1\n"
    )
    metadata.joinpath("entry_points.txt").write_text(
        f"[governance_pipeline.indicators]\n{entry.replace(chr(34), '')}\n", encoding="utf-8"
    )
    return site


def test_the_indicator_of_the_page_is_found_and_measures(site: Path, tmp_path: Path) -> None:
    create_project(tmp_path / "project", "own")
    checked = subprocess.run(
        [
            "governance",
            "check",
            "example.readings",
            "--project",
            str(tmp_path / "project"),
            "--format",
            "json",
        ],
        env=environment(PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1, checked.stderr
    (found,) = (one for one in json.loads(checked.stdout) if one["indicator"] == "documentation")
    assert found["sentence"] == "0 of the 4 columns of example.readings are described in its contract."
    claimed = next(block for block in FOUND if block.info == ("text",))
    assert found["sentence"] in claimed.text
    assert found["outcome"] == "fail"


def test_the_test_on_the_page_passes(site: Path) -> None:
    example = FOUND[-1].text
    script = f"from documentation_indicator import measure\n{example}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(PYTHONPATH=str(site)),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_code_of_the_page_keeps_to_about_twenty_lines() -> None:
    code = next(block for block in FOUND if block.option("file")).text.splitlines()
    assert sum(bool(line.strip()) and not line.startswith(("from", "import")) for line in code) <= 20
