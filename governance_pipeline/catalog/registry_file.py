"""Reads a model's registry file: a list of versions that a training pipeline appends to.

The file says ``model`` and ``versions``; each version has ``version``, ``stage``, ``artefact`` (path
relative to the file), ``digest`` (``sha256:...``), ``registered_at`` (ISO 8601 with offset), and may
have ``registered_by``, ``trained_by``, ``snapshot``, ``snapshot_digest``, ``metrics`` and ``environment``.
YAML, or JSON, which strict YAML reads too.

An artefact is hashed where it stands and never loaded: unpickling a model runs whatever its author put in.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator, Field

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.model_errors import validate
from governance_pipeline.charter.yaml_source import Document, PathStep, read_yaml
from governance_pipeline.errors import CannotEvaluate, ProjectInvalid
from governance_pipeline.vocabulary.review import ModelVersion

_WITHOUT_ARTEFACT = ("archived", "retired")  # stages whose artefact may have been deleted
_HINT = "let the training pipeline write the registry file again, or restore it from version control"

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


def _text_of_whole_number(value: object) -> object:
    """``version: 2`` means "2"; ``1.10`` would be read as 1.1 and has to be quoted."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Label = Annotated[
    str,
    BeforeValidator(_text_of_whole_number),
    Field(pattern=r"^[^\s/#]{1,100}$"),
]


class RegisteredVersion(FileModel):
    """One entry of the registry file."""

    version: Label
    stage: str = Field(min_length=1, description="such as candidate, staging, production or archived")
    artefact: str = Field(min_length=1, description="Path of the model file, relative to this file.")
    digest: Digest
    registered_at: AwareDatetime
    registered_by: str = ""
    trained_by: str = ""
    snapshot: str = ""
    snapshot_digest: str = ""
    metrics: dict[str, float] = Field(default_factory=dict)
    environment: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegistryReading:
    """What a registry holds.

    Attributes:
        versions: oldest registration first. A version with a problem is not among them, so that it
            can neither serve nor be promoted on numbers that belong to something else.
        problems: ``file:line:column: what is wrong`` for each version left out.
        left_out: the labels of the versions left out.
    """

    versions: tuple[ModelVersion, ...] = ()
    problems: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def read_versions(model: ModelSpec, root: Path) -> RegistryReading:
    """Read and check every version of ``model``.

    Raises:
        CannotEvaluate: the registry file is not there or is not readable as a registry.
    """
    file = root / str(model.registry.path)
    shown = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
    if not file.is_file():
        raise CannotEvaluate(
            f"model {model.name}: the registry file {shown} is not there",
            hint="register a version, or correct registry.path in the model's file",
        )
    try:
        document = read_yaml(file, shown)
    except ProjectInvalid as error:
        raise CannotEvaluate(f"model {model.name}: {error.message}", hint=_HINT) from error
    return _Reader(model, file, document).reading()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One version's place in the file."""

    document: Document
    index: int

    def problem(
        self,
        path: Sequence[PathStep],
        message: str,
        *,
        expected: str = "",
        suggestion: str = "",
        key: bool = False,
    ) -> Problem:
        at = ("versions", self.index, *path)
        return self.document.problem(at, message, expected=expected, suggestion=suggestion, key=key)


class _Reader:
    """Goes through one parsed registry, collecting what is right and what is wrong."""

    def __init__(self, model: ModelSpec, file: Path, document: Document) -> None:
        self.model = model
        self.file = file
        self.document = document
        self.problems: list[str] = []

    def reading(self) -> RegistryReading:
        entries = self._entries()
        names = Counter(_label(entry) for entry in entries)
        versions: list[ModelVersion] = []
        for index, entry in enumerate(entries):
            if names[_label(entry)] > 1 and _label(entry):
                self._note(index, f"version {_label(entry)} is registered {names[_label(entry)]} times")
                continue
            registered = self._registered(index, entry)
            if registered is not None and self._artefact_is_right(index, registered):
                versions.append(self._version(registered))
        versions.sort(key=lambda version: (version.registered_at, version.version))
        left_out = sorted(set(filter(None, names)) - {version.version for version in versions})
        return RegistryReading(tuple(versions), tuple(self.problems), tuple(left_out))

    def _entries(self) -> Sequence[Any]:
        data = self.document.data
        expected = f"'model: {self.model.name}' and a list of 'versions'"
        if not isinstance(data, dict) or not isinstance(data.get("versions"), list):
            raise self._unusable((), "this is not a model registry", expected)
        if unknown := sorted(data.keys() - {"model", "versions"}):
            raise self._unusable((unknown[0],), f"the key '{unknown[0]}' is not known here", expected)
        if data.get("model") != self.model.name:
            message = f"this registry is of model '{data.get('model')}'"
            raise self._unusable(("model",), message, f"model {self.model.name}")
        versions: list[Any] = data["versions"]
        return versions

    def _unusable(self, path: Sequence[PathStep], message: str, expected: str) -> CannotEvaluate:
        return CannotEvaluate(str(self.document.problem(path, message, expected=expected)), hint=_HINT)

    def _note(self, index: int, message: str, field: Sequence[PathStep] = ()) -> None:
        self.problems.append(str(self.document.problem(("versions", index, *field), message)))

    def _registered(self, index: int, entry: Any) -> RegisteredVersion | None:
        found, problems = validate(RegisteredVersion, entry, _Entry(self.document, index))
        self.problems.extend(map(str, problems))
        return found

    def _artefact_is_right(self, index: int, registered: RegisteredVersion) -> bool:
        """Whether the file that stands there is the one that was registered."""
        place = Path(registered.artefact)
        if place.is_absolute():
            self._note(
                index, f"the artefact's path {place} must be relative to the registry file", ("artefact",)
            )
            return False
        file = self.file.parent / place
        if not file.exists() and registered.stage in _WITHOUT_ARTEFACT:
            return True
        try:
            found = _digest(file)
        except OSError as error:
            reason = error.strerror or str(error)
            message = f"the artefact {place} of version {registered.version} cannot be read: {reason}"
            self._note(index, message, ("artefact",))
            return False
        if found != registered.digest:
            message = (
                f"the artefact {place} is not the one that was registered as version {registered.version}: "
                f"its digest is {found}, the registry says {registered.digest}"
            )
            self._note(index, message, ("digest",))
        return found == registered.digest

    def _version(self, registered: RegisteredVersion) -> ModelVersion:
        return ModelVersion(model=self.model.name, **registered.model_dump())


def _digest(file: Path) -> str:
    """The digest of a regular file: a pipe or a device would never end."""
    if file.exists() and not file.is_file():
        raise OSError("it is not a file")
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def _label(entry: Any) -> str:
    return str(entry.get("version", "")) if isinstance(entry, dict) else ""
