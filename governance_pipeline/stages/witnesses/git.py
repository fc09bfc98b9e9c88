"""Checkpoints in a git repository: one file that grows, a commit each, pushed where that is asked."""

from __future__ import annotations

import subprocess
from pathlib import Path

from governance_pipeline.catalog.git_authors import SECONDS, run_git
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.offline import NOTE_END, Checkpoint, split_notes

_AS = ("-c", "user.name=governance", "-c", "user.email=governance@localhost", "-c", "commit.gpgsign=false")


class GitWitness:
    """A repository with a work tree.

    Args:
        origin: whose ledger it is; one repository can take those of several projects.
        remote: where it is pushed to.
    """

    def __init__(self, repository: Path, origin: str, remote: str | None) -> None:
        self._repository, self._remote = repository, remote
        self._file = f"{origin}.checkpoints"

    def take(self, note: str, checkpoint: Checkpoint) -> None:
        kept = self._committed()
        if note not in split_notes(kept):
            path = self._repository / self._file
            try:
                path.write_text(f"{kept}{note}{NOTE_END}", encoding="utf-8", newline="\n")
            except OSError as error:
                raise self._refused(error.strerror or str(error)) from error
            self._git("add", "--", self._file)
            words = ("--quiet", "--no-verify", "-m", f"Checkpoint of {checkpoint.size} entries")
            self._git(*_AS, "commit", *words, "--", self._file)
        if self._remote is not None:
            self._git("push", "--quiet", self._remote, "HEAD")

    def notes(self) -> list[str]:
        return split_notes(self._committed())

    def _committed(self) -> str:
        """The file as the last commit has it: what stands in the work tree proves nothing."""
        self._git("rev-parse", "--git-dir")
        if not self._git("rev-list", "-n", "1", "--all") or not self._git(
            "ls-tree", "HEAD", "--", self._file
        ):
            return ""
        return self._git("show", f"HEAD:{self._file}")

    def _git(self, verb: str, *words: str) -> str:
        try:
            return run_git(self._repository, verb, *words).decode("utf-8", "replace")
        except FileNotFoundError as error:
            raise self._refused("git is not installed here") from error
        except subprocess.TimeoutExpired as error:
            raise self._refused(f"git did not answer within {SECONDS:g} seconds") from error
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
            raise self._refused(lines[0] if lines else "git gave no reason") from error

    def _refused(self, why: str) -> CannotEvaluate:
        return CannotEvaluate(
            f"the repository {self._repository} of the ledger's copies cannot be used: {why}",
            hint="make it a repository that the night may commit to, and push from",
        )
