"""The files of a project folder, each parsed and put into its model, before they are compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.diagnostics import Problem, ProjectFilesInvalid
from governance_pipeline.charter.merged import MergedDocuments
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.model_errors import Located, validate
from governance_pipeline.charter.odcs import read_contracts
from governance_pipeline.charter.odcs_reading import FileReading, Surroundings
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.settings import Settings
from governance_pipeline.charter.yaml_source import MAX_BYTES, Document, decode, parse_yaml

SETTINGS_FILE = "governance.yaml"
CHARTER_FILE = "charter.yaml"
PLAYBOOK, DATASETS, MODELS = "playbook", "datasets", "models"
ASSESSMENTS = "assessments"
YAML_ENDINGS = (".yaml", ".yml")
CONTRACT_ENDINGS = (".odcs.yaml", ".odcs.yml")

F = TypeVar("F", bound=FileModel)


@dataclass(frozen=True, slots=True)
class Loaded(Generic[F]):
    """A file's content as its model, and the source that knows where each part stands."""

    value: F
    source: Located


@dataclass(slots=True)
class ProjectFiles:
    """Everything read from the folder; parts that could not be read are None or missing.

    Attributes:
        assessments: questionnaires by their files.
        unread_contracts: whether a contract file could not be parsed at all, so that it is not known
            which datasets exist.
        names: datasets that any contract file speaks of.
        contract_files: the file of each of ``readings``.
    """

    root: Path
    settings: Loaded[Settings] | None = None
    charter: Loaded[Charter] | None = None
    playbook: Loaded[Playbook] | None = None
    assessments: dict[str, Loaded[Questionnaire]] = field(default_factory=dict)
    models: list[Loaded[ModelSpec]] = field(default_factory=list)
    readings: list[FileReading] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    unread_contracts: bool = False
    names: set[str] = field(default_factory=set)
    contract_files: list[str] = field(default_factory=list)


def read_files(root: Path) -> ProjectFiles:
    """Read every file of the project at ``root`` (absolute). Never raises for what stands in them."""
    files = ProjectFiles(root)
    files.settings = _single(files, SETTINGS_FILE, Settings)
    files.charter = _single(files, CHARTER_FILE, Charter)
    _read_playbook(files)
    _read_assessments(files)
    for path in _listed(files, MODELS, YAML_ENDINGS):
        model = _single(files, _shown(root, path), ModelSpec)
        if model is not None:
            files.models.append(model)
    _read_contracts(files)
    return files


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _listed(files: ProjectFiles, folder: str, endings: Sequence[str]) -> Iterator[Path]:
    """The files of a folder in the order of their names; a YAML file that would be passed over because
    of its name is a problem, because somebody believes it is in force.
    """
    for path in sorted((files.root / folder).rglob("*")):
        name = path.name.lower()
        if path.name.startswith(".") or not path.is_file() or not name.endswith(YAML_ENDINGS):
            continue
        if name.endswith(tuple(endings)):
            yield path
        else:
            shown = _shown(files.root, path)
            expected = f"a name that ends in {endings[0]}"
            files.problems.append(Problem(shown, 0, 0, "this file is not read because of its name", expected))


def digest(content: bytes) -> str:
    """``sha256:...`` of a file's bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _document(files: ProjectFiles, shown: str) -> Document | None:
    """Parse one file, noting its problems and its digest."""
    try:
        with (files.root / shown).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        files.problems.append(Problem(shown, 0, 0, "the file is missing", f"a file {shown}"))
        return None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        files.problems.append(Problem(shown, 0, 0, f"the file cannot be read: {reason}", "a readable file"))
        return None
    files.digests[shown] = digest(content)
    try:
        return parse_yaml(decode(content, shown), shown)
    except ProjectFilesInvalid as error:
        files.problems.extend(error.problems)
        return None


def _single(files: ProjectFiles, shown: str, model: type[F]) -> Loaded[F] | None:
    document = _document(files, shown)
    if document is None:
        return None
    value, problems = validate(model, document.data, document)
    files.problems.extend(problems)
    return None if value is None else Loaded(value, document)


def _read_playbook(files: ProjectFiles) -> None:
    folder = root_of_assessments(files.root)
    listed = _listed(files, PLAYBOOK, YAML_ENDINGS)
    paths = [path for path in listed if not path.is_relative_to(folder)]
    documents = [_document(files, _shown(files.root, path)) for path in paths]
    read = [document for document in documents if document is not None]
    if not paths:
        expected = "at least one file such as playbook/playbook.yaml"
        files.problems.append(Problem(f"{PLAYBOOK}/", 0, 0, "the project has no playbook", expected))
    if not paths or len(read) < len(documents):
        return  # what the unread file sets would all be reported as missing
    merged = MergedDocuments(read, f"{PLAYBOOK}/")
    files.problems.extend(merged.problems)
    value, problems = validate(Playbook, merged.data, merged)
    files.problems.extend(problems)
    if value is not None:
        files.playbook = Loaded(value, merged)


def root_of_assessments(root: Path) -> Path:
    """The folder with the questionnaires."""
    return root / PLAYBOOK / ASSESSMENTS


def _read_assessments(files: ProjectFiles) -> None:
    for path in _listed(files, f"{PLAYBOOK}/{ASSESSMENTS}", YAML_ENDINGS):
        shown = _shown(files.root, path)
        found = _single(files, shown, Questionnaire)
        if found is None:
            continue
        if found.value.id in {one.value.id for one in files.assessments.values()}:
            message = f"the id '{found.value.id}' is used twice"
            files.problems.append(found.source.problem(("id",), message, expected="an id of its own"))
        files.assessments[shown] = found


def _read_contracts(files: ProjectFiles) -> None:
    connections = tuple(files.settings.value.connections) if files.settings else None
    around = Surroundings(files.root, connections)
    for path in _listed(files, DATASETS, CONTRACT_ENDINGS):
        shown = _shown(files.root, path)
        document = _document(files, shown)
        if document is None:
            files.unread_contracts = True
            continue
        reading = read_contracts(document, path, files.digests[shown], around)
        files.readings.append(reading)
        files.contract_files.append(shown)
        files.problems.extend(reading.problems)
        files.names |= reading.names
        for draft in reading.drafts:
            for used in draft.files:
                inside = used.is_relative_to(files.root)
                files.digests[_shown(files.root, used) if inside else str(used)] = digest(used.read_bytes())
