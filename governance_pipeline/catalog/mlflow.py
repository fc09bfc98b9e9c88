"""Reads the registry of an MLflow server: registered models, their versions and aliases, and the runs.

A registered model is ``model:connection/name``, unless a model's file names it as its registry; a run is
``run:connection/id``. A dataset that a run read is joined to a contract by its name or its place.
"""

from __future__ import annotations

import hashlib
import json
import os.path
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

from governance_pipeline.catalog.collected import Collected
from governance_pipeline.catalog.mlflow_api import Json, MlflowServer, tags
from governance_pipeline.catalog.mlflow_runs import TRAINING, Run, RunInput, read_runs
from governance_pipeline.catalog.mlflow_versions import aliases_of
from governance_pipeline.catalog.reader import DATASET, NAME, PATH, TABLE, Reader, Surroundings, plain
from governance_pipeline.charter.places import MlflowPlace
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind, Node, Reading

_SETTLED = timedelta(days=1)
_OWNER_TAGS = ("owner", "owners", "team")


def read_mlflow(place: MlflowPlace, by: str, around: Surroundings) -> Reading:
    """Read all registered models of a server, or those of ``place.models``.

    Raises:
        CannotEvaluate: the server cannot be read.
    """
    with closing(MlflowServer(place.connection, around)) as server:
        registered, versions = _listed(server, place)
        runs = read_runs(server, (str(one.get("run_id") or "") for one in versions))
    found = _Registry(place.connection, by, around.root)
    for name in sorted(set(place.models) - {str(one.get("name")) for one in registered}):
        found.note(place.connection, f"there is no registered model '{name}'")
    for one in registered:
        found.model(one)
    for one in versions:
        found.version(one)
    for run in runs.values():
        found.run(run)
    return found.read(found.nodes.values())


def _listed(server: MlflowServer, place: MlflowPlace) -> tuple[list[Json], list[Json]]:
    """The registered models, and their versions: some pages, where the runs are an answer each."""
    asked = set(place.models)
    registered = [
        one
        for one in server.pages("registered-models/search", "registered_models")
        if not asked or one.get("name") in asked
    ]
    names = {str(one.get("name")) for one in registered}
    versions = server.pages("model-versions/search", "model_versions")
    return registered, [one for one in versions if str(one.get("name")) in names]


def registry_state(place: MlflowPlace, around: Surroundings) -> str:
    """The digest of the models and versions that are listed, and the week.

    What becomes of a run is not listed. It is followed for a day after its version came or was changed, and
    looked at once a week from then on.

    Raises:
        CannotEvaluate: the server cannot be read.
    """
    with closing(MlflowServer(place.connection, around)) as server:
        registered, versions = _listed(server, place)
    settled = (around.until - _SETTLED).timestamp() * 1000
    times = (one.get(key) for one in versions for key in ("creation_timestamp", "last_updated_timestamp"))
    if any(isinstance(at, int | float) and at > settled for at in times):
        return ""
    listed = [sorted(json.dumps(one, sort_keys=True) for one in part) for part in (registered, versions)]
    digest = hashlib.sha256(json.dumps(listed).encode()).hexdigest()
    year, week, _ = around.until.isocalendar()
    return f"{year}-W{week} {digest}"


MLFLOW = Reader("mlflow", MlflowPlace, read_mlflow, registry_state)


class _Registry(Collected):
    def __init__(self, connection: str, by: str, root: Path) -> None:
        super().__init__(by)
        self.connection = connection
        self.root = root
        self.nodes: dict[Entity, Node] = {}
        self.aliases: dict[str, Mapping[str, tuple[str, ...]]] = {}
        self.made: dict[str, list[Entity]] = {}  # the versions that a run made

    def model(self, one: Json) -> None:
        name, said = str(one.get("name")), tags(one)
        here, evidence = Entity.model(self._name(name)), f"{self.connection}, model {name}"
        self.aliases[name] = aliases_of(one)
        owners = tuple(
            owner.strip() for tag in _OWNER_TAGS for owner in said.get(tag, "").split(",") if owner.strip()
        )
        self.nodes[here] = Node(
            here,
            self.by,
            evidence,
            "registered model",
            str(one.get("description") or ""),
            owners,
            _tags(said),
            facts={NAME: name},
        )
        self.owns(owners, here, evidence)

    def version(self, one: Json) -> None:
        name, label = str(one.get("name")), str(one.get("version"))
        here = Entity.version(self._name(name), plain(label))
        evidence = f"{self.connection}, version {label} of {name}"
        aliases = self.aliases.get(name, {}).get(label, ())
        stage = str(one.get("current_stage") or "None")
        facts = {
            NAME: f"{name}/{label}",
            "aliases": ", ".join(aliases),
            "stage": "" if stage == "None" else stage,
            "status": str(one.get("status") or ""),
            "source": str(one.get("source") or ""),
            "run": str(one.get("run_id") or ""),
        }
        self.nodes[here] = Node(
            here,
            self.by,
            evidence,
            "model version",
            str(one.get("description") or ""),
            tags=_tags(tags(one)),
            facts={fact: value for fact, value in facts.items() if value},
        )
        self.edge(here, Entity.model(self._name(name)), evidence, kind=EdgeKind.VERSION_OF)
        for alias in aliases:
            served = Entity.deployment(f"{self._name(name)}@{plain(alias)}")
            self.edge(here, served, evidence, kind=EdgeKind.DEPLOYED_TO)
        self.made.setdefault(str(one.get("run_id") or ""), []).append(here)

    def run(self, run: Run) -> None:
        here, evidence = Entity(EntityKind.RUN, self._name(run.id)), f"{self.connection}, run {run.id}"
        facts = {
            NAME: run.name,
            "status": run.status.lower(),
            "user": run.user,
            "git commit": run.commit,
            "source": run.source,
            "params": ", ".join(f"{name}={value}" for name, value in run.params.items()),
            "metrics": ", ".join(f"{name}={value:.6g}" for name, value in run.metrics.items()),
            "inputs": ", ".join(" ".join(filter(None, (i.name, i.digest, i.context))) for i in run.inputs),
        }
        shown = {fact: value for fact, value in facts.items() if value}
        self.nodes[here] = Node(here, self.by, evidence, "training run", facts=shown)
        versions = self.made.get(run.id, ())
        for version in versions:
            self.edge(here, version, evidence, kind=EdgeKind.WRITES)
        for one in run.inputs:
            source = self._input(one, evidence)
            known = f"{evidence}, digest {one.digest}" if one.digest else evidence
            self.edge(source, here, known, kind=EdgeKind.READ_BY)
            if one is run.training or one.context.lower() == TRAINING:
                for version in versions:
                    self.edge(source, version, known, kind=EdgeKind.TRAINS)

    def _input(self, one: RunInput, evidence: str) -> Entity:
        name, place = self._place(one)
        here = Entity.source(name)
        self.nodes.setdefault(
            here,
            Node(here, self.by, evidence, "run input", facts={NAME: one.name, DATASET: one.name, **place}),
        )
        return here

    def _place(self, one: RunInput) -> tuple[str, Mapping[str, str]]:
        """How the input is called here, and where its rows are, as far as MLflow says it."""
        if one.table:
            return plain(one.table), {TABLE: one.table}
        parts = urlsplit(one.uri) if "://" in one.uri else None
        if parts is not None and parts.scheme != "file":
            shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
            return plain(shown), {PATH: shown}
        if one.uri:
            file = Path(os.path.normpath(self.root / (unquote(parts.path) if parts else one.uri)))
            inside = file.relative_to(self.root) if file.is_relative_to(self.root) else file
            return plain(inside.as_posix()), {PATH: file.as_posix()}
        return self._name(one.name or "dataset"), {}

    def _name(self, name: str) -> str:
        return f"{self.connection}/{plain(name, '/')}"


def _tags(said: Mapping[str, str]) -> tuple[str, ...]:
    """Those that people set; MLflow's own say what its page shows."""
    return tuple(
        sorted(
            f"{name}={value}" if value else name
            for name, value in said.items()
            if not name.startswith("mlflow.")
        )
    )
