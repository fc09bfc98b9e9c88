"""The contracts of a project by name, and the questions other files ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.diagnostics import Problem, nearest, one_of, shorten
from governance_pipeline.charter.model_errors import Located
from governance_pipeline.charter.project import Ungoverned
from governance_pipeline.charter.yaml_source import PathStep

Path = Sequence[PathStep]


@dataclass(frozen=True, slots=True)
class Datasets:
    """All contracts, and what is known of datasets whose contract is broken.

    Attributes:
        broken: names in contract files with mistakes: they exist, but their columns are not known.
        complete: False where a contract file could not be parsed, so that any name may exist.
    """

    contracts: Mapping[str, Contract]
    ungoverned: Mapping[str, Ungoverned]
    broken: frozenset[str] = frozenset()
    complete: bool = True

    def named(
        self, name: str, source: Located, path: Path, what: str
    ) -> tuple[Contract | None, list[Problem]]:
        """The contract called ``name``; a problem at ``path`` where there is none."""
        if name in self.contracts:
            return self.contracts[name], []
        if name in self.broken or not self.complete:
            return None, []
        if name in self.ungoverned:
            reason = self.ungoverned[name].reason
            return None, [source.problem(path, f"{what} '{name}' is not governed: {reason}")]
        known = sorted(self.contracts)
        message = f"{what} '{shorten(name)}' has no contract in datasets/"
        return None, [source.problem(path, message, expected=one_of(known), suggestion=nearest(name, known))]

    def of_kind(
        self, contract: Contract | None, kind: DatasetKind, source: Located, path: Path
    ) -> list[Problem]:
        """A problem where the dataset plays another role than the one it is named for."""
        if contract is None or contract.kind is kind:
            return []
        message = f"the dataset '{contract.dataset}' has the datasetKind {contract.kind}"
        return [source.problem(path, message, expected=f"a dataset of datasetKind {kind}")]


def column_check(contract: Contract | None, source: Located) -> Callable[[str | None, Path], list[Problem]]:
    """A check that a column is one of the contract's; says nothing where the contract is not known."""

    def check(name: str | None, path: Path) -> list[Problem]:
        if contract is None or name is None or contract.column(name) is not None:
            return []
        known = [column.name for column in contract.columns]
        message = f"'{shorten(name)}' is no column of {contract.dataset}"
        return [source.problem(path, message, expected=one_of(known), suggestion=nearest(name, known))]

    return check


def known_name(
    name: str, known: Sequence[Any], source: Located, path: Path, what: str, *, key: bool = False
) -> list[Problem]:
    """A problem where ``name`` is not among ``known``; ``what`` ends the sentence, e.g. 'no person'."""
    names = [str(one) for one in known]
    if name in names:
        return []
    message = f"'{shorten(name)}' is {what}"
    return [source.problem(path, message, expected=one_of(names), suggestion=nearest(name, names), key=key)]
