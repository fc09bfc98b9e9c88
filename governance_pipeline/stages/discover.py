"""Which model versions exist tonight, and which of them serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from governance_pipeline.catalog.registry_file import read_versions
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.vocabulary.review import ModelVersion

SERVING_STAGE = "production"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the registries hold.

    Attributes:
        versions: per model, oldest registration first, registered before the night's end.
        problems: per model, what could not be read; its measurements become ``not_run``.
    """

    versions: Mapping[str, Sequence[ModelVersion]]
    problems: Mapping[str, Sequence[str]]

    @property
    def all_versions(self) -> tuple[ModelVersion, ...]:
        return tuple(version for found in self.versions.values() for version in found)

    def serving(self, model: str) -> ModelVersion | None:
        """The version in production, else the newest registered, else None."""
        return serving_version(self.versions.get(model, ()))


def serving_version(versions: Sequence[ModelVersion]) -> ModelVersion | None:
    """The newest version in production; before a first promotion the newest of all."""
    in_production = [version for version in versions if version.stage == SERVING_STAGE]
    candidates = in_production or list(versions)
    return candidates[-1] if candidates else None


def discover(project: Project, as_of: datetime) -> Discovery:
    """Read every model's registry. A registry that cannot be read is a problem, not the end."""
    versions: dict[str, Sequence[ModelVersion]] = {}
    problems: dict[str, Sequence[str]] = {}
    for name, model in project.models.items():
        found, wrong = _read(model, project)
        versions[name] = _registered_before(found, as_of)
        if wrong:
            problems[name] = wrong
    return Discovery(versions, problems)


def _read(model: ModelSpec, project: Project) -> tuple[Sequence[ModelVersion], Sequence[str]]:
    try:
        reading = read_versions(model, project.root)
    except GovernanceError as error:
        return (), (str(error),)
    return reading.versions, reading.problems


def _registered_before(versions: Iterable[ModelVersion], as_of: datetime) -> tuple[ModelVersion, ...]:
    known = (version for version in versions if version.registered_at < as_of)
    return tuple(sorted(known, key=lambda version: (version.registered_at, version.version)))
