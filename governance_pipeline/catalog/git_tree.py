"""A folder as a git repository had it at some revision."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from governance_pipeline.catalog.git_authors import run_git
from governance_pipeline.errors import CannotEvaluate, UsageError

LARGEST = 1_000_000  # bytes; project files are smaller, data is not wanted
_BLOB, _LINK = "100", "120000"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of a revision.

    Attributes:
        commit: the revision's full name.
        links: files that were symbolic links, which nobody follows into a revision.
    """

    commit: str
    links: tuple[str, ...] = ()


def repository_of(folder: Path) -> Path:
    """The root of the git repository around a folder.

    Raises:
        UsageError: there is none, or no git.
    """
    return Path(_asked(folder, "rev-parse", "--show-toplevel").strip())


def write_revision(folder: Path, revision: str, into: Path) -> Written:
    """Write the files of ``folder`` as they were at ``revision``; large ones and links are left out.

    The objects are read one by one, not exported: attributes of the repository (``export-ignore``) could hide
    files from an export.

    Raises:
        UsageError: git knows no such revision, or the folder was not there.
    """
    if revision.startswith("-"):
        raise UsageError(f"'{revision}' is no revision", hint="name a branch, a tag or a commit")
    commit = _asked(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
    listed = _asked(folder, "ls-tree", "-r", "-z", "--long", commit, "--", ".")
    links: list[str] = []
    for entry in filter(None, listed.split("\0")):
        told, _, name = entry.partition("\t")
        mode, _, digest, size = told.split()
        if mode == _LINK:
            links.append(name)
        elif mode.startswith(_BLOB) and size.isdigit() and int(size) <= LARGEST:
            _write(into, name, run_git(folder, "cat-file", "blob", digest))
    if not listed:
        raise UsageError(
            f"there is nothing in '{folder.name}' at {revision}", hint="name a revision that has the project"
        )
    return Written(commit, tuple(links))


def _write(into: Path, name: str, content: bytes) -> None:
    """Names come from a repository: none may lead out of the folder."""
    file = (into / name).resolve()
    if not file.is_relative_to(into.resolve()):
        raise CannotEvaluate(f"the revision has a file '{name}' outside of the project's folder")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _asked(folder: Path, verb: str, *words: str) -> str:
    try:
        return run_git(folder, verb, *words).decode("utf-8", "replace")
    except FileNotFoundError as error:
        raise UsageError("git is not installed here", hint="compare two folders instead") from error
    except subprocess.TimeoutExpired as error:
        raise CannotEvaluate(f"git did not answer for {folder}") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(
            f"git cannot tell what '{words[-1].removesuffix('^{commit}')}' is in {folder}"
            f"{f': {said[0]}' if said else ''}",
            hint="fetch it first (a shallow clone has only its newest commits), or name two folders",
        ) from error
