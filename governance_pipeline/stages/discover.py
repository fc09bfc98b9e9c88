"""Which model versions exist tonight, and which of them serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from governance_pipeline.catalog.registries import read_registry
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import GovernanceError
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.vocabulary.night import PlaceRead
from governance_pipeline.vocabulary.review import ModelVersion

SERVING_STAGE = "production"


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the registries hold.

    Attributes:
        versions: per model, oldest registration first, registered before the night's end.
        problems: per model, what could not be read; its measurements become ``not_run``.
        unread: per model whose registry could not be read at all, why; its versions are then those
            that earlier nights found.
    """

    versions: Mapping[str, Sequence[ModelVersion]]
    problems: Mapping[str, Sequence[str]]
    unread: Mapping[str, str] = field(default_factory=dict)

    def told(self, night: date) -> Iterator[PlaceRead]:
        """What the night says of the registries in which something is wrong."""
        for name, problems in self.problems.items():
            error = self.unread.get(name)
            by = f"registry:{name}"
            of_parts = () if error else tuple(problems)
            yield PlaceRead(night, by, 0, len(self.versions.get(name, ())), of_parts, error)

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


def discover(
    project: Project,
    as_of: datetime,
    *,
    environ: Mapping[str, str] | None = None,
    known: Iterable[ModelVersion] = (),
) -> Discovery:
    """Read every model's registry. A registry that cannot be read is a problem, not the end.

    Args:
        as_of: what was registered later does not count.
        environ: where ``${NAME}`` of a registry's connection is looked up; the process's own by default.
        known: versions that earlier nights found. They stand in for those of a server that does not
            answer; a file that is gone is gone.
    """
    around = surroundings(project, as_of, environ)
    people = {person.mail.lower(): person.id for person in project.charter.people}
    earlier = tuple(known)
    versions: dict[str, Sequence[ModelVersion]] = {}
    problems: dict[str, Sequence[str]] = {}
    unread: dict[str, str] = {}
    for name, model in project.models.items():
        try:
            reading = read_registry(model, around)
        except GovernanceError as error:
            problems[name], unread[name] = (str(error),), str(error)
            stands_in = model.registry.mlflow is not None
            found: Iterable[ModelVersion] = (v for v in earlier if stands_in and v.model == name)
        else:
            found = (_by_people(version, people) for version in reading.versions)
            if reading.problems:
                problems[name] = reading.problems
        versions[name] = _registered_before(found, as_of)
    return Discovery(versions, problems, unread)


def _by_people(version: ModelVersion, people: Mapping[str, str]) -> ModelVersion:
    """Who registered and trained it, by the charter's ids where a registry knows mail addresses."""
    registered, trained = version.registered_by, version.trained_by
    return replace(
        version,
        registered_by=people.get(registered.lower(), registered),
        trained_by=people.get(trained.lower(), trained),
    )


def _registered_before(versions: Iterable[ModelVersion], as_of: datetime) -> tuple[ModelVersion, ...]:
    known = (version for version in versions if version.registered_at < as_of)
    return tuple(sorted(known, key=lambda version: (version.registered_at, version.version)))
