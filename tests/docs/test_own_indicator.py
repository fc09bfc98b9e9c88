"""The page about own indicators: its code is built into a real package, installed, and used."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.charter.scaffold import create_project
from tests.docs.pages import DOCS, blocks
from tests.docs.walkthrough import environment

PAGE = DOCS / "how-to" / "own-indicator.md"
FOUND = list(blocks(PAGE.read_text(encoding="utf-8")))
START = date(2026, 3, 2)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder on the path into which pip has installed the package that the page describes."""
    package, site = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("site")
    code = next(block for block in FOUND if block.option("file"))
    (package / str(code.option("file"))).write_text(code.text, encoding="utf-8")
    toml = next(block for block in FOUND if block.info == ("toml",))
    (package / "pyproject.toml").write_text(toml.text, encoding="utf-8")
    words = ["install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, str(package)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture
def project(tmp_path: Path) -> Path:
    create_project(tmp_path / "project", "own", START)
    return tmp_path / "project"


@pytest.fixture
def run(site: Path, project: Path) -> Run:
    def ran(*words: str, installed: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["governance", *words, "--project", str(project)],
            env=environment(PYTHONPATH=str(site)) if installed else environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    return ran


def with_policy(project: Path, text: str) -> None:
    playbook = project / "playbook" / "playbook.yaml"
    playbook.write_text(f"{playbook.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")


def seal(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What the night was sealed with."""
    (found,) = (one for one in json.loads(done.stdout)["events"] if one["event"] == "NightSealed")
    return dict(found)


def test_the_indicator_of_the_page_is_found_and_measures(run: Run) -> None:
    checked = run("check", "example.readings", "--date", str(START), "--format", "json")
    assert checked.returncode == 0, checked.stderr
    (found,) = (one for one in json.loads(checked.stdout) if one["indicator"] == "constants")
    claimed = next(block for block in FOUND if block.info == ("text",))
    assert found["sentence"] in claimed.text
    assert found["outcome"] == "pass"


def test_the_playbooks_policy_for_it_is_honoured(run: Run, project: Path) -> None:
    policy = next(block for block in FOUND if block.info == ("yaml",)).text
    with_policy(project, policy.replace("fail: 2", "fail: -1").replace("warn: 0", "warn: -2"))
    checked = run("check", "example.readings", "--date", str(START), "--format", "json")
    (found,) = (one for one in json.loads(checked.stdout) if one["indicator"] == "constants")
    assert checked.returncode == 1
    assert (found["outcome"], found["clause"]) == ("fail", "P-3")


def test_switched_off_it_is_not_measured(run: Run, project: Path) -> None:
    with_policy(project, "plugins:\n  constants: {clause: P-3, enabled: false}\n")
    checked = run("check", "example.readings", "--date", str(START), "--format", "json")
    assert not [one for one in json.loads(checked.stdout) if one["indicator"] == "constants"]


def test_a_policy_for_a_package_that_is_not_there_is_refused_by_name(run: Run, project: Path) -> None:
    with_policy(project, "plugins:\n  constant: {clause: P-3}\n")
    refused = run("validate")
    assert refused.returncode == 2
    assert "'constant' is no indicator of an installed package" in refused.stdout + refused.stderr
    assert "did you mean 'constants'" in refused.stdout + refused.stderr
    gone = run("validate", installed=False)
    assert gone.returncode == 2


def test_the_seal_counts_on_it_and_names_it_where_it_broke(
    run: Run, project: Path, site: Path, tmp_path: Path
) -> None:
    words = ("nightly", "--date", str(START), "--format", "json")
    without, with_it = seal(run(*words, installed=False)), seal(run(*words))
    assert with_it["expected"] == without["expected"] + 1
    assert with_it["received"] == with_it["expected"]
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in site.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            copy = broken / file.relative_to(site)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    code = broken / "constants_indicator.py"
    code.write_text(
        code.read_text().replace("    same = sum(", "    1 / 0\n    same = sum("), encoding="utf-8"
    )
    failing = subprocess.run(
        ["governance", *words, "--project", str(project)],
        env=environment(PYTHONPATH=str(broken)),
        capture_output=True,
        text=True,
        check=False,
    )
    told = seal(failing)
    assert told["received"] == told["expected"] - 1
    assert told["missing"] == ["dataset:example.readings constants"]


def test_the_test_on_the_page_passes(site: Path) -> None:
    example = FOUND[-1].text
    script = f"from constants_indicator import measure\n{example}"
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
