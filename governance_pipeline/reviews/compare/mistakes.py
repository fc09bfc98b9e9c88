"""Which mistakes of a project's files are features that no contract describes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.files import read_files


def features_without_contract(root: Path, problems: Iterable[Problem]) -> set[Problem]:
    """Those of ``problems`` that stand at a feature: its dataset has no contract, or that no such column."""
    files = read_files(root)
    spots: set[tuple[str, int, int]] = set()
    for loaded in files.models:
        for number in range(len(loaded.value.features)):
            found = loaded.source.problem(("features", number, "column"), "")
            spots.add((found.file, found.line, found.column))
    return {one for one in problems if (one.file, one.line, one.column) in spots}
