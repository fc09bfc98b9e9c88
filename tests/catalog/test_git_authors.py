"""Who wrote what, from real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from governance_pipeline.catalog import git_authors
from governance_pipeline.catalog.git_authors import authors


def git(repository: Path, *words: str, author: str = "Ada Okafor <ada@example.org>") -> None:
    name, _, mail = author.partition(" <")
    subprocess.run(
        ["git", "-C", str(repository), "-c", f"user.name={name}", "-c", f"user.email={mail[:-1]}", *words],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    return tmp_path


def commit(
    repository: Path, path: str, author: str = "Ada Okafor <ada@example.org>", message: str = "Change it"
) -> None:
    file = repository / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text((file.read_text() if file.exists() else "") + author)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", message, author=author)


def test_everybody_who_ever_committed_to_a_path_wrote_it(repository: Path):
    commit(repository, "model/train.py")
    commit(repository, "model/deep/net.py", "Ben <BEN@example.org>")
    commit(repository, "other.py", "Eve <eve@example.org>")
    found = authors(repository, ["model"])
    assert found.identities == {("Ada Okafor", "ada@example.org"), ("Ben", "BEN@example.org")}
    assert found.problem == ""


def test_co_authors_wrote_it_too(repository: Path):
    trailers = (
        "Change it\n\nCo-authored-by: Pia Lind <pia@example.org>\nCo-authored-by: Pax <pax@example.org>"
    )
    commit(repository, "train.py", message=trailers)
    assert {mail for _, mail in authors(repository, ["train.py"]).identities} == {
        "ada@example.org", "pia@example.org", "pax@example.org",
    }  # fmt: skip


def test_the_mailmap_adds_the_name_somebody_has_now(repository: Path):
    commit(repository, "train.py", "ada <old@example.org>")
    commit(repository, ".mailmap")
    (repository / ".mailmap").write_text("Ada Okafor <ada@example.org> <old@example.org>\n")
    found = {mail for _, mail in authors(repository, ["train.py"]).identities}
    assert found == {"old@example.org", "ada@example.org"}


def test_a_path_is_only_a_name(repository: Path):
    commit(repository, "train.py")
    commit(repository, "-x;touch oh")
    assert authors(repository, ["-x;touch oh"]).identities
    assert "no commit of *.py" in authors(repository, ["*.py"]).problem
    assert not (repository / "oh").exists()


@pytest.mark.parametrize("path", ["nothing.py", "../outside.py"])
def test_a_path_without_a_commit_is_a_problem_and_not_nobody(repository: Path, path: str):
    commit(repository, "train.py")
    assert authors(repository, [path]).problem


def test_a_folder_that_is_no_repository_a_shallow_clone_and_no_git_are_problems(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
):
    commit(repository, "train.py")
    commit(repository, "train.py", "Ben <ben@example.org>")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert "git cannot read" in authors(elsewhere, ["train.py"]).problem
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", f"file://{repository}", str(elsewhere / "clone")],
        check=True,
        capture_output=True,
    )
    assert "shallow" in authors(elsewhere / "clone", ["train.py"]).problem
    monkeypatch.setenv("PATH", str(elsewhere))
    assert authors(repository, ["train.py"]).problem == "git is not installed here"


def test_git_that_does_not_answer_is_a_problem(repository: Path, monkeypatch: pytest.MonkeyPatch):
    commit(repository, "train.py")
    monkeypatch.setattr(git_authors, "SECONDS", 1e-9)
    assert "did not answer" in authors(repository, ["train.py"]).problem
