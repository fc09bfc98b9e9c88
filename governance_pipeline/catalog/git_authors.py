"""Who wrote files, by the history of the git repository they are in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 20.0
"""How long git may take; the history of a few paths takes a fraction of one."""

_FORMAT = "%an%x00%ae%x00%aN%x00%aE%x00%(trailers:key=Co-authored-by,valueonly,separator=%x00)%x00%x00"
_NAMES = 4  # fields before the trailers
_MAILBOX = re.compile(r"(?P<name>[^<]*)<(?P<mail>[^>]+)>")
_KEPT = ("PATH", "HOME", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Authors:
    """Who wrote some paths.

    Attributes:
        identities: (name, mail address) of authors and co-authors, as committed and as ``.mailmap`` has them.
        problem: why nobody can say, "" where it could be read in full.
    """

    identities: frozenset[tuple[str, str]] = frozenset()
    problem: str = ""


def authors(repository: Path, paths: Sequence[str]) -> Authors:
    """The authors of everything committed to ``paths``, which are relative to ``repository``.

    Nothing raises: what cannot be read (no git, no repository, a shallow clone, a path without a commit) is
    the ``problem``, because a missing answer must not look like an answer.
    """
    try:
        shallow = _git(repository, "rev-parse", "--is-shallow-repository").strip()
        if shallow != "false":
            return Authors(problem=f"{repository} is a shallow clone: its first commits are missing")
        missing = [path for path in paths if not _git(repository, "log", "-1", "--format=%H", "--", path)]
        told = _git(repository, "log", "--no-show-signature", f"--format={_FORMAT}", "--", *paths)
    except FileNotFoundError:
        return Authors(problem="git is not installed here")
    except subprocess.TimeoutExpired:
        return Authors(problem=f"git did not answer for {repository} within {SECONDS:g} seconds")
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode("utf-8", "replace").strip().splitlines()
        return Authors(problem=f"git cannot read {repository}: {lines[0] if lines else 'no reason given'}")
    if missing:
        return Authors(_identities(told), f"git knows no commit of {', '.join(missing)} in {repository}")
    return Authors(_identities(told))


def _git(repository: Path, verb: str, *words: str) -> str:
    return run_git(repository, verb, *words).decode("utf-8", "replace")


def run_git(repository: Path, verb: str, *words: str) -> bytes:
    """Run git without anything that a repository's own configuration could make it start.

    Raises:
        FileNotFoundError: there is no git.
        subprocess.CalledProcessError: git refused.
        subprocess.TimeoutExpired: it did not answer.
    """
    program = shutil.which("git")
    if program is None:
        raise FileNotFoundError("git")
    safe = ("--literal-pathspecs", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    done = subprocess.run(
        [program, "-C", str(repository), *safe, "--no-pager", verb, *words],
        capture_output=True,
        timeout=SECONDS,
        check=True,
        env={
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "LC_ALL": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        },
    )
    return done.stdout


def _identities(told: str) -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for commit in told.split("\0\0\n"):
        parts = commit.strip("\n\0").split("\0")
        if len(parts) >= _NAMES:
            found |= {(parts[0], parts[1]), (parts[2], parts[3])}
            boxes = (_MAILBOX.search(trailer) for trailer in parts[_NAMES:])
            found |= {(box["name"].strip(), box["mail"].strip()) for box in boxes if box}
    return frozenset(found)
