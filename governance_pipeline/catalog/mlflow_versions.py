"""Reads a model's versions from an MLflow server, in place of a registry file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime

from governance_pipeline.catalog.mlflow_api import Json, MlflowServer, entries, tags
from governance_pipeline.catalog.mlflow_runs import Run, read_runs
from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.catalog.registry_file import RegistryReading
from governance_pipeline.charter.model import MlflowRegistry, ModelSpec
from governance_pipeline.errors import CannotEvaluate, NotFound
from governance_pipeline.vocabulary.review import ModelVersion

DIGEST_TAGS = ("digest", "sha256")
"""Tags of a model version with the sha256 of its artefact: MLflow keeps no digest of its own."""
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_READY = ("", "READY")
_PENDING = "PENDING_REGISTRATION"
_NO_STAGE = "none"
_CANDIDATE = "candidate"
_PRODUCTION = "production"


def read_mlflow_versions(model: ModelSpec, registry: MlflowRegistry, around: Surroundings) -> RegistryReading:
    """Read every version of ``model`` that is ready.

    The stage is ``production`` for the version that one of the ``serving`` aliases names, else MLflow's own
    stage in lower case, else the version's first alias, else ``candidate``.

    Raises:
        CannotEvaluate: the server cannot be read, or has no such model.
    """
    name = registry.name or model.name
    with closing(MlflowServer(registry.connection, around)) as server:
        try:
            registered = server.get("registered-models/get", name=name).get("registered_model")
        except NotFound as error:
            raise CannotEvaluate(
                f"model {model.name}: the MLflow server of connection '{registry.connection}' has no"
                f" registered model '{name}'",
                hint="register a version, or correct registry.mlflow.name in the model's file",
            ) from error
        found = list(versions_of(server, name))
        runs = read_runs(server, (str(one.get("run_id") or "") for one in found))
    reader = _Versions(model, registry, aliases_of(registered if isinstance(registered, dict) else {}), runs)
    return reader.reading(found)


def versions_of(server: MlflowServer, name: str) -> Iterator[Json]:
    """Every version of one registered model."""
    quote = next((sign for sign in "'\"" if sign not in name), "")
    where = {"filter": f"name = {quote}{name}{quote}"} if quote else {}
    for version in server.pages("model-versions/search", "model_versions", **where):
        if version.get("name") == name:
            yield version


def aliases_of(registered: Json) -> dict[str, tuple[str, ...]]:
    """From a version to its aliases. Only registered models have them, not what a search finds."""
    found: dict[str, list[str]] = {}
    for one in entries(registered.get("aliases")):
        found.setdefault(str(one.get("version", "")), []).append(str(one.get("alias", "")))
    return {version: tuple(sorted(names)) for version, names in found.items()}


class _Versions:
    def __init__(
        self,
        model: ModelSpec,
        registry: MlflowRegistry,
        aliases: Mapping[str, tuple[str, ...]],
        runs: Mapping[str, Run],
    ) -> None:
        self.model = model
        self.registry = registry
        self.aliases = aliases
        self.runs = runs
        self.problems: list[str] = []
        self.left_out: list[str] = []

    def reading(self, found: Sequence[Json]) -> RegistryReading:
        versions = [version for one in found if (version := self._version(one)) is not None]
        versions.sort(key=lambda version: (version.registered_at, len(version.version), version.version))
        return RegistryReading(tuple(versions), tuple(self.problems), tuple(sorted(self.left_out)))

    def _version(self, one: Json) -> ModelVersion | None:
        label, status = str(one.get("version", "")), str(one.get("status") or "")
        at = _moment(one.get("creation_timestamp"))
        if status == _PENDING:
            return None
        if status not in _READY or at is None or not label:
            why = f"is {status.lower()}" if status not in _READY else "has no time of registration"
            self._leave_out(label, why)
            return None
        said, run = tags(one), self.runs.get(str(one.get("run_id") or ""), Run(""))
        written = next((said[tag] for tag in DIGEST_TAGS if tag in said), "")
        digest = _DIGEST.fullmatch(written.strip().lower())
        if written and digest is None:
            self._leave_out(label, f"has a digest that is no sha256: '{written[:80]}'")
            return None
        user = str(one.get("user_id") or "") or run.user
        learned = run.training
        aliases = self.aliases.get(label, ())
        return ModelVersion(
            model=self.model.name,
            version=label,
            stage=self._stage(one, aliases),
            digest=f"sha256:{digest[1]}" if digest else "",
            registered_at=at,
            registered_by=user,
            trained_by=run.user or user,
            snapshot=learned.name if learned and learned.name == self.model.training.snapshot else "",
            snapshot_digest=learned.digest if learned else "",
            artefact=str(one.get("source") or ""),
            metrics=run.metrics,
            environment={
                name: value
                for name, value in {
                    "aliases": list(aliases),
                    "run": run.id,
                    "git_commit": run.commit,
                    "params": dict(run.params),
                    "trained_on": learned.name if learned else "",
                }.items()
                if value
            },
        )

    def _stage(self, one: Json, aliases: Sequence[str]) -> str:
        if any(alias in self.registry.serving for alias in aliases):
            return _PRODUCTION
        stage = str(one.get("current_stage") or _NO_STAGE).lower()
        return stage if stage != _NO_STAGE else next(iter(aliases), _CANDIDATE)

    def _leave_out(self, label: str, why: str) -> None:
        self.left_out.append(label)
        self.problems.append(f"{self.registry.connection}: version {label} of {self.model.name} {why}")


def _moment(milliseconds: object) -> datetime | None:
    """A whole number, or a text of one, as some servers write it."""
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
