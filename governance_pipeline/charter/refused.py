"""Which datasets a night cannot measure because of mistakes in their contracts, and what they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from governance_pipeline.charter.contract import Contract, DatasetKind, Location
from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.files import DATASETS, ProjectFiles
from governance_pipeline.charter.odcs_reading import Draft


def refusals(files: ProjectFiles, problems: Iterable[Problem]) -> dict[str, str]:
    """Dataset to the mistakes that refuse it, one per line.

    A file that cannot be parsed names no dataset; it is known by its own name, without its ending.
    """
    said: dict[str, list[str]] = defaultdict(list)
    for problem in sorted(set(problems)):
        said[problem.file].append(str(problem))
    named = _named(files)
    found: dict[str, list[str]] = defaultdict(list)
    for file, lines in said.items():
        for name in named.get(file) or [file.removeprefix(f"{DATASETS}/").partition(".")[0]]:
            found[name].extend(lines)
    for group in _twins(files):
        lines = sorted({line for name in group for line in found.get(name, ())})
        found.update(dict.fromkeys(group, lines))
    return {name: "\n".join(lines) for name, lines in found.items()}


def stand_in(name: str, root: Path) -> Contract:
    """Stands for a contract that could not be read: the dataset is there, and nothing of it is known."""
    return Contract(name, DatasetKind.SOURCE, Location("parquet"), (), root / DATASETS, digest="")


def _named(files: ProjectFiles) -> Mapping[str, list[str]]:
    """The datasets that each contract file speaks of."""
    named: dict[str, set[str]] = defaultdict(set)
    for shown, reading in zip(files.contract_files, files.readings, strict=True):
        named[shown] |= reading.names or {draft.contract.dataset for draft in reading.drafts}
    return {file: sorted(names) for file, names in named.items()}


def _twins(files: ProjectFiles) -> list[set[str]]:
    """Names of contracts that have a name or a table in common."""
    groups: dict[object, list[Draft]] = defaultdict(list)
    for draft in (draft for reading in files.readings for draft in reading.drafts):
        groups[draft.contract.dataset].append(draft)
        groups[draft.contract.location.identity].append(draft)
    return [{draft.contract.dataset for draft in group} for group in groups.values() if len(group) > 1]
