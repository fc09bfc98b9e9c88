"""Where in the repository a finding points: the line of the contract, model or playbook that it is about."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.whereabouts import Whereabouts
from governance_pipeline.reports.findings.finding import Place


class Places:
    """The places of a project's files, relative to the git repository around them, if there is one.

    The files are read once, at the first question: most runs ask none.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    @cached_property
    def _files(self) -> Whereabouts:
        return Whereabouts(self._project.root)

    @cached_property
    def _prefix(self) -> str:
        """From the repository's root to the project's folder: other tools show paths of the repository."""
        root = self._project.root
        for folder in (root, *root.parents):
            if (folder / ".git").exists():
                inside = root.relative_to(folder).as_posix()
                return "" if inside == "." else f"{inside}/"
        return ""

    def of_entity(self, name: str, facet: str = "") -> Place | None:
        """The contract of a dataset, there the part that ``facet`` names; a model's file."""
        contract = self._project.contracts.get(name)
        if contract is not None:
            return self._placed(self._files.contract(contract, _line(contract, facet)))
        if name in self._project.models:
            return self._placed(self._files.model(name, "name"))
        return None

    def of_registry(self, model: str) -> Place:
        """Where a model's file says where its versions are registered."""
        return self._placed(self._files.model(model, "registry"))

    def of_clause(self, clause: str) -> Place:
        """A clause of the playbook; the playbook where it has no such clause."""
        return self._placed(self._files.playbook("clauses", clause))

    def _placed(self, told: str) -> Place:
        file, _, line = told.rpartition(":")
        if not (file and line.isdigit()):
            file, line = told, "0"
        prefix = "" if Path(file).is_absolute() else self._prefix
        return Place(f"{prefix}{file}", int(line))


def _line(contract: Contract, facet: str) -> int:
    """Of the column, rule or purpose that a facet names; 0 where it names none."""
    column = contract.column(facet.partition("@")[0])
    if column is not None:
        return column.line
    named = {
        **{rule.id: rule.line for rule in contract.rules},
        **{p.purpose: p.line for p in contract.purposes},
    }
    return named.get(facet, 0)
