"""governance compare: two revisions or folders, in every format, and nothing that hides a change from it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.cli.conftest import Command
from tests.cli.test_outputs import complaints
from tests.reports.findings.formats import read_junit, read_sarif
from tests.tiny import change

PLAYBOOK = "playbook/playbook.yaml"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(shop: Path) -> Path:
    """The shop in the folder ``shop`` of a repository, committed once."""
    root = shop.parent
    git(root, "init", "-q", "-b", "main")
    (root / ".gitignore").write_text("data/\n.governance/\n")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first")
    return root


def weaken(shop: Path) -> None:
    change(shop, PLAYBOOK, "persist: 2", "persist: 9")


def test_what_did_not_change_needs_nobody(governance: Command, repository: Path):
    done = governance("compare", "--base", "HEAD", "-p", repository / "shop")
    assert (done.code, done.err) == (0, "")
    assert "nothing that needs a person" in done.out


def test_a_weakening_of_the_working_tree_is_found_with_its_line(governance: Command, repository: Path):
    shop = repository / "shop"
    weaken(shop)
    done = governance("compare", "--base", "main", "-p", shop, "-f", "sarif")
    assert done.code == 1
    (result,) = [one for one in read_sarif(done.out)["results"] if one["level"] == "error"]
    place = result["locations"][0]["physicalLocation"]
    file = repository / unquote(place["artifactLocation"]["uri"])
    assert file == shop / PLAYBOOK
    assert "persist: 9" in file.read_text().splitlines()[place["region"]["startLine"] - 1]


def test_two_revisions_are_compared_whatever_the_working_tree_says(governance: Command, repository: Path):
    shop = repository / "shop"
    weaken(shop)
    git(repository, "commit", "-qam", "second")
    change(shop, PLAYBOOK, "persist: 9", "persist: 2")
    words = ("compare", "--base", "HEAD~1", "--head", "HEAD", "-p", shop)
    done = {name: governance(*words, "-f", name) for name in ("table", "json", "junit", "sarif", "markdown")}
    assert {one.code for one in done.values()} == {1}
    assert complaints("compare", done["json"].json) == []
    assert read_junit(done["junit"].out).attrib["failures"] == "1"
    (result,) = [one for one in read_sarif(done["sarif"].out)["results"] if one["level"] == "error"]
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == f"shop/{PLAYBOOK}"
    assert "'persist' was 2 and would be 9." in done["markdown"].out
    assert governance("compare", "--base", "HEAD", "--head", "HEAD~1", "-p", shop).code == 0


def test_folders_are_compared_without_git(governance: Command, shop: Path, tmp_path: Path):
    before = Path(shutil.copytree(shop, tmp_path / "before"))
    weaken(shop)
    assert governance("compare", "--base", before, "-p", shop).code == 1
    assert governance("compare", "--base", shop, "--head", before, "-p", shop).code == 0


def test_an_attribute_of_the_repository_hides_nothing(governance: Command, repository: Path):
    """``git archive`` would leave out what is marked so."""
    shop = repository / "shop"
    (repository / ".gitattributes").write_text("*.yaml export-ignore\n")
    weaken(shop)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    assert governance("compare", "--base", "HEAD~1", "--head", "HEAD", "-p", shop).code == 1


def test_a_symbolic_link_is_said_and_not_followed(governance: Command, repository: Path):
    shop = repository / "shop"
    (repository / "elsewhere.yaml").write_text("mode: other\n")
    (shop / "playbook" / "more.yaml").symlink_to("../../elsewhere.yaml")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    done = governance("compare", "--base", "HEAD~1", "--head", "HEAD", "-p", shop)
    assert done.code == 1
    assert "is a symbolic link" in " ".join(done.out.split())


@pytest.mark.parametrize("named", ["nowhere", "--output=x", "HEAD~99"])
def test_an_unknown_revision_is_bad_usage(governance: Command, repository: Path, named: str):
    done = governance("compare", f"--base={named}", "-p", repository / "shop")
    assert done.code == 2
    assert "-> " in done.err


def test_a_feature_without_a_contract_is_named_so_at_its_line(governance: Command, repository: Path):
    shop = repository / "shop"
    change(shop, "models/approval.yaml", "shop.features#ratio", "shop.unknown#ratio")
    done = governance("compare", "--base", "HEAD", "-p", shop, "-f", "sarif")
    assert done.code == 2
    found = {one["ruleId"]: one for one in read_sarif(done.out)["results"]}
    place = found["feature_without_contract"]["locations"][0]["physicalLocation"]
    lines = (shop / "models" / "approval.yaml").read_text().splitlines()
    assert "shop.unknown#ratio" in lines[place["region"]["startLine"] - 1]


def test_without_a_store_it_says_what_it_could_not_look_at_and_makes_none(
    governance: Command, repository: Path
):

    clone = repository.parent / "clone"
    git(repository.parent, "clone", "-q", str(repository), str(clone))
    done = governance("compare", "--base", "HEAD", "-p", clone / "shop", "-f", "markdown")
    assert "measurements were not looked at: there is no store here" in done.out
    assert not (clone / "shop" / ".governance").exists()


def test_the_measurements_of_the_store_are_looked_at(governance: Command, repository: Path):
    done = governance("compare", "--base", "HEAD", "-p", repository / "shop", "-f", "json")
    assert done.code == 0
    rules = {f["rule"] for q in done.json["report"]["questions"] for f in q["findings"]}
    assert rules == {"biased_candidate"}
    assert "Of version 2 no night has measured what it decides" in done.out
