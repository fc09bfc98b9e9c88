"""Where in its files a project says something: ``playbook/clauses.yaml:12``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.files import CHARTER_FILE, MODELS, PLAYBOOK, SETTINGS_FILE, read_files
from governance_pipeline.charter.model_errors import Located
from governance_pipeline.charter.yaml_source import PathStep, read_yaml


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

    def charter(self, *path: PathStep) -> str:
        """File and line of a key of charter.yaml."""
        found = self._files.charter
        return CHARTER_FILE if found is None else _place(found.source, path)

    def settings(self, *path: PathStep) -> str:
        """File and line of a key of governance.yaml."""
        found = self._files.settings
        return SETTINGS_FILE if found is None else _place(found.source, path)

    def assessment(self, name: str, *path: PathStep) -> str:
        """File and line of a key of a questionnaire."""
        for loaded in self._files.assessments.values():
            if loaded.value.id == name:
                return _place(loaded.source, path)
        return PLAYBOOK

    def promise(self, contract: Contract, key: str) -> int:
        """The line of a contract's promise about the whole table, or of one of its custom properties, by the
        attribute it becomes in :class:`Contract`; 0 where it stands on none.
        """
        named = {_PROMISES.get(key, ""), re.sub("_(.)", lambda found: found[1].upper(), key)} - {""}
        for reading, shown in zip(self._files.readings, self._files.contract_files, strict=True):
            if not any(draft.contract.dataset == contract.dataset for draft in reading.drafts):
                continue
            document = read_yaml(self._root / shown, shown)
            for path in _listed(document.data):
                entry = _at(document.data, path)
                if isinstance(entry, dict) and entry.get("property") in named:
                    return document.position(path)[0]
        return 0

    def contract(self, contract: Contract, line: int = 0) -> str:
        """File and line of a contract; its schema object's where ``line`` is not known."""
        file = contract.file
        shown = file.relative_to(self._root) if file.is_relative_to(self._root) else file
        return f"{shown.as_posix()}:{line or contract.line}"


_PROMISES = {"max_age": "latency", "kind": "datasetKind"}


def _listed(data: dict[str, Any]) -> Iterator[tuple[PathStep, ...]]:
    """Where the promises and the custom properties of a contract file stand."""
    schema = data.get("schema")
    objects = range(len(schema)) if isinstance(schema, list) else ()
    lists: list[tuple[PathStep, ...]] = [("slaProperties",), ("customProperties",)]
    lists += [("schema", number, "customProperties") for number in objects]
    for path in lists:
        entries = _at(data, path)
        yield from ((*path, number) for number in range(len(entries) if isinstance(entries, list) else 0))


def _at(data: Any, path: tuple[PathStep, ...]) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _place(source: Located, path: tuple[PathStep, ...]) -> str:
    """Of the key at a path; where it stands no more, of the key around it."""
    data = getattr(source, "data", None)
    there = next(length for length in range(len(path), -1, -1) if _stands(data, path[:length]))
    found = source.problem(path[:there], "", key=True)
    return f"{found.file}:{found.line}" if found.line else found.file


def _stands(data: Any, path: tuple[PathStep, ...]) -> bool:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
