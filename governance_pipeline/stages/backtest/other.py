"""The playbook in another folder, checked against the project's charter and contracts as its own would be."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from governance_pipeline.charter.files import PLAYBOOK
from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.yaml_source import MAX_BYTES
from governance_pipeline.errors import UsageError


def read_playbook(project: Project, folder: Path) -> Playbook:
    """The playbook in ``folder``: a playbook's own files, or a project with one.

    Raises:
        UsageError: there is no such folder.
        ProjectFilesInvalid: the playbook has mistakes, or does not fit the project.
    """
    inside = folder / PLAYBOOK
    given = inside if inside.is_dir() else folder
    if not given.is_dir() or not any(given.rglob("*.y*ml")):
        raise UsageError(f"there is no playbook in '{folder}'", hint="name a folder with playbook files")
    with TemporaryDirectory(prefix="governance-") as temporary:
        root = Path(temporary) / project.root.name
        shutil.copytree(project.root, root, ignore=_declared_only, symlinks=True)
        shutil.rmtree(root / PLAYBOOK)
        shutil.copytree(given, root / PLAYBOOK)
        return load_project(root).playbook


def _declared_only(folder: str, names: list[str]) -> set[str]:
    """Leaves out what no file of a project is: hidden folders, data, anything large."""
    left_out: set[str] = set()
    for name in names:
        path = Path(folder) / name
        if name.startswith(".") or (path.is_file() and path.stat().st_size > MAX_BYTES):
            left_out.add(name)
    return left_out
