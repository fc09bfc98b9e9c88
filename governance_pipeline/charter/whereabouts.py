"""Where in its files a project says something: ``playbook/clauses.yaml:12``."""

from __future__ import annotations

from pathlib import Path

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.files import MODELS, PLAYBOOK, read_files
from governance_pipeline.charter.model_errors import Located
from governance_pipeline.charter.yaml_source import PathStep


class Whereabouts:
    """The places of a project's files, read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = read_files(root)

    def playbook(self, *path: PathStep) -> str:
        """File and line of a key of the playbook; the folder where it stands in no file."""
        found = self._files.playbook
        return PLAYBOOK if found is None else _place(found.source, path)

    def model(self, name: str, *path: PathStep) -> str:
        """File and line of a key of a model's file."""
        for loaded in self._files.models:
            if loaded.value.name == name:
                return _place(loaded.source, path)
        return MODELS

    def contract(self, contract: Contract, line: int = 0) -> str:
        """File and line of a contract; its schema object's where ``line`` is not known."""
        file = contract.file
        shown = file.relative_to(self._root) if file.is_relative_to(self._root) else file
        return f"{shown.as_posix()}:{line or contract.line}"


def _place(source: Located, path: tuple[PathStep, ...]) -> str:
    found = source.problem(path, "", key=True)
    return f"{found.file}:{found.line}" if found.line else found.file
