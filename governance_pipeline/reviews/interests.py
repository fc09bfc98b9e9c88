"""Whose own work a review judges: owners, authors, the trainer, the registrar.

Separation of duties is computed from what is known, not declared: NIST SP 800-53 Rev. 5, AC-5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from governance_pipeline.catalog.git_authors import authors
from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.paths import project_path
from governance_pipeline.charter.people import Charter, Person
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.reviews.evidence import concerned_entities
from governance_pipeline.reviews.rights import Role
from governance_pipeline.vocabulary.entity import EntityKind
from governance_pipeline.vocabulary.review import ModelVersion


@dataclass(slots=True)
class Ties:
    """What ties people to a version under review.

    Attributes:
        people: person id to roles, each with its words (``they own the model``).
        unknown: authors, trainers and registrars whom the charter does not know, in words.
        unread: why authorship could not be read, "" where it could, or is not asked for.
    """

    people: dict[str, dict[Role, str]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    unread: str = ""

    def add(self, person: str, role: Role, words: str) -> None:
        self.people.setdefault(person, {}).setdefault(role, words)


def find_ties(
    project: Project,
    graph: LineageGraph,
    model_name: str,
    version: ModelVersion | None,
    day: date,
) -> Ties:
    """Everybody whose own work a decision on this version would judge. Runs git where the model names a
    repository.
    """
    model, charter = project.model(model_name), project.charter
    ties = Ties()
    contracts = _contracts(project, model, graph)
    for contract in contracts:
        for member in _answering(charter, contract, day):
            ties.add(member.id, Role.INPUT_OWNER, f"they answer for its input {contract.dataset}")
    for member in charter.members(model.owner, day):
        ties.add(member.id, Role.MODEL_OWNER, "they own the model")
    if version:
        named = f"version {version.version}"
        _tie(ties, charter, Role.TRAINER, version.trained_by, f"trained {named}")
        _tie(ties, charter, Role.REGISTRAR, version.registered_by, f"registered {named}")
    if model.code is not None:
        _add_authors(ties, project, model, contracts)
    return ties


def interests(
    project: Project,
    graph: LineageGraph,
    model_name: str,
    version: ModelVersion | None,
    day: date,
) -> dict[str, dict[Role, str]]:
    """The people of :func:`find_ties`."""
    return find_ties(project, graph, model_name, version, day).people


def told(found: Mapping[str, Mapping[Role, str]]) -> dict[str, str]:
    """Person id to all that ties them, as one sentence part."""
    return {person: "; ".join(ties.values()) for person, ties in found.items()}


def _contracts(project: Project, model: ModelSpec, graph: LineageGraph) -> list[Contract]:
    """Of the datasets that the model learns from, reads or writes, and of all that feeds those."""
    names = (e.name for e in sorted(concerned_entities(model, graph)) if e.kind is EntityKind.DATASET)
    return [project.contracts[name] for name in names if name in project.contracts]


def _tie(ties: Ties, charter: Charter, role: Role, identity: str, did: str) -> None:
    person = charter.find(identity)
    if person:
        ties.add(person.id, role, f"they {did}")
    elif identity:
        ties.unknown.append(f"'{identity}' {did}, and charter.yaml does not know them")


def _add_authors(ties: Ties, project: Project, model: ModelSpec, contracts: list[Contract]) -> None:
    """Authors of the model's code, and of the contracts that are kept in the same repository."""
    assert model.code is not None
    repository = project_path(model.code.repository, project.root)
    written = authors(repository, model.code.paths)
    ties.unread = written.problem
    unknown: set[str] = set()
    for name, mail in sorted(written.identities):
        person = project.charter.find(mail) or project.charter.find(name)
        if person:
            ties.add(person.id, Role.AUTHOR, "they wrote code of the model")
        else:
            unknown.add(f"'{name} <{mail}>' wrote code of the model, and charter.yaml does not know them")
    ties.unknown += sorted(unknown)
    inside = [contract for contract in contracts if _inside(contract.file, repository)]
    for contract in inside if not written.problem else ():
        path = contract.file.resolve().relative_to(repository.resolve()).as_posix()
        for name, mail in authors(repository, [path]).identities:
            person = project.charter.find(mail) or project.charter.find(name)
            if person:
                ties.add(person.id, Role.AUTHOR, f"they wrote the contract of its input {contract.dataset}")


def _inside(file: Path, repository: Path) -> bool:
    return file.resolve().is_relative_to(repository.resolve())


def _answering(charter: Charter, contract: Contract, day: date) -> tuple[Person, ...]:
    """The people behind a dataset's owner; the steward where nobody is left."""
    owners = charter.members(contract.owner, day) if contract.owner else ()
    return owners or charter.members(charter.steward, day)
