"""Several playbook files seen as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.yaml_source import Document, PathStep


class MergedDocuments:
    """The mappings of several files put together. A value stands in one file only: two files that both
    set it would make the verdict depend on their names.
    """

    def __init__(self, documents: Sequence[Document], missing: str) -> None:
        """``missing``: the file or folder to name where no file is to blame."""
        self.documents = documents
        self.missing = missing
        self.problems: list[Problem] = []
        self.data: dict[str, Any] = {}
        for document in documents:
            if isinstance(document.data, dict):
                self._merge(self.data, document.data, document, ())
            else:
                expected = "a mapping (lines of key: value)"
                self.problems.append(document.problem((), "the file holds no settings", expected=expected))

    def _merge(
        self, into: dict[str, Any], part: dict[str, Any], document: Document, path: tuple[PathStep, ...]
    ) -> None:
        for key, value in part.items():
            here = (*path, key)
            if key not in into:
                into[key] = _copied(value)
            elif isinstance(into[key], dict) and isinstance(value, dict):
                self._merge(into[key], value, document, here)
            else:
                first = self._document(here)
                line, _ = first.position(here, key=True) if first else (0, 0)
                where = f"{first.file}:{line}" if first else "another file"
                message = f"'{key}' is already set in {where}"
                self.problems.append(
                    document.problem(here, message, expected="it in one file only", key=True)
                )

    def _document(self, path: Sequence[PathStep]) -> Document | None:
        """The first file in which the whole path, or else the most of it, stands."""
        best, depth = None, -1
        for document in self.documents:
            reached = _depth(document.data, path)
            if reached > depth:
                best, depth = document, reached
        return best

    def problem(
        self,
        path: Sequence[PathStep],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
        key: bool = False,
    ) -> Problem:
        """See :class:`model_errors.Located`."""
        document = self._document(path)
        if document is None:
            return Problem(self.missing, 0, 0, message, expected, suggestion)
        return document.problem(path, message, expected=expected, suggestion=suggestion, key=key)


def _copied(value: Any) -> Any:
    return {key: _copied(inside) for key, inside in value.items()} if isinstance(value, dict) else value


def _depth(data: Any, path: Sequence[PathStep]) -> int:
    for index, step in enumerate(path):
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return index
    return len(path)
