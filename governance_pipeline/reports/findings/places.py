"""Where in the repository a finding points: the line of the contract, model or playbook that it is about."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.whereabouts import Whereabouts
from governance_pipeline.reports.findings.finding import Place
from governance_pipeline.reports.findings.steps import steps_in_file
from governance_pipeline.reviews.compare.differences import Path as TreePath


class Places:
    """The places of a project's files, relative to the git repository around them, if there is one.

    The files are read once, at the first question: most runs ask none.
    """

    def __init__(self, project: Project, prefix: str | None = None) -> None:
        """``prefix``: from the repository's root to the project's folder; looked for by default."""
        self._project = project
        self._given = prefix

    @cached_property
    def _files(self) -> Whereabouts:
        return Whereabouts(self._project.root)

    @cached_property
    def _prefix(self) -> str:
        """From the repository's root to the project's folder: other tools show paths of the repository."""
        if self._given is not None:
            return self._given
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

    def of_path(self, path: TreePath) -> Place | None:
        """The line of a place in the plain tree of a project (:mod:`reviews.compare.plain`); None where the
        project has no such contract or model.
        """
        area, rest = path[0], list(path[1:])
        known = {"contracts": self._project.contracts, "models": self._project.models}
        if area in known and rest[0] not in known[area]:
            return None
        if area == "contracts":
            return self._of_contract(rest)
        asked: dict[str, Callable[..., str]] = {
            "models": self._files.model,
            "assessments": self._files.assessment,
            "charter": self._files.charter,
            "settings": self._files.settings,
        }
        found = asked.get(area, self._files.playbook)
        return self._placed(found(*steps_in_file(self._project, path)))

    def of_file(self, file: str, line: int) -> Place:
        """A file below the project's folder."""
        return self.at(self._prefix, file, line)

    @staticmethod
    def at(prefix: str, file: str, line: int) -> Place:
        """A file below a folder that is ``prefix`` away from the repository's root."""
        return Place(f"{prefix}{file}", line)

    def _of_contract(self, rest: list[str]) -> Place:
        contract = self._project.contracts[rest[0]]
        part = rest[2] if len(rest) > 2 else ""  # noqa: PLR2004 - contract, what of it, which one
        line = _line(contract, part) or self._files.promise(contract, rest[1] if len(rest) > 1 else "")
        return self._placed(self._files.contract(contract, line))

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
