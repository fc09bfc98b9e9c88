"""Whom each model version has learned from: taken once, and compared every night with who has withdrawn.

The set of a version is taken on the first night that sees it, from the snapshot as it is then. What cannot
be taken is tried again the next night, and its measurement is not run until it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate, GovernanceError
from governance_pipeline.indicators.base import Withdrawals
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.scanning import plan_baseline
from governance_pipeline.profiles.subject_keys import SubjectKey, SubjectKeys
from governance_pipeline.profiles.subject_sets import SubjectSet
from governance_pipeline.stages.baselines import Baselines, VersionKey
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.scan import consent_plan, night_end
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.review import ModelVersion
from governance_pipeline.vocabulary.subjects import SubjectManifest

INDICATOR = "withdrawals"


@dataclass(frozen=True, slots=True)
class Manifests:
    """Tonight's.

    Attributes:
        withdrawals: of each model's versions that serve or may be promoted.
        taken: manifests to be stored, with their sets.
    """

    withdrawals: Mapping[VersionKey, Withdrawals] = field(default_factory=dict)
    taken: Mapping[VersionKey, tuple[SubjectManifest, SubjectSet | None]] = field(default_factory=dict)

    def of_model(self, model: str) -> tuple[Withdrawals, ...]:
        """Of the version that serves first."""
        mine = [one for (name, _), one in self.withdrawals.items() if name == model]
        return tuple(sorted(mine, key=lambda one: not one.serving))


def take_manifests(services: Services, night: date, discovery: Discovery, baselines: Baselines) -> Manifests:
    """Take what is not there yet, and count who has withdrawn."""
    if not services.project.playbook.asks_for(INDICATOR):
        return Manifests()
    desk = Desk(services, night)
    taken = {
        key: desk.take(version, baselines)
        for version in discovery.all_versions
        if (key := (version.model, version.version)) not in desk.known or desk.known[key].problem
    }
    found: dict[VersionKey, Withdrawals] = {}
    for version, serving in _looked_at(services.project, discovery):
        key = (version.model, version.version)
        manifest, people = taken[key] if key in taken else desk.recalled(key)
        found[key] = replace(desk.count(version, manifest, people), serving=serving)
    return Manifests(found, taken)


def record_manifests(unit: Unit, manifests: Manifests) -> None:
    """Store what was taken tonight."""
    for manifest, people in manifests.taken.values():
        unit.subjects.put(manifest, None if people is None else people.encode())


def keys_of(project: Project) -> SubjectKeys:
    """The keys that the project's people are hashed with."""
    return SubjectKeys(project.root / project.settings.subject_keys)


def people_of(store: Store, manifest: SubjectManifest) -> SubjectSet:
    """The set of a manifest.

    Raises:
        CannotEvaluate: there is none, it was erased, or it is damaged.
    """
    if manifest.problem:
        raise CannotEvaluate(manifest.problem)
    with store.reading() as unit:
        body = unit.subjects.body(manifest.model, manifest.version)
    if body is None or manifest.erased_at is not None:
        when = f" on {manifest.erased_at:%d %B %Y}" if manifest.erased_at else ""
        raise CannotEvaluate(f"its set of subjects was erased{when}")
    try:
        return SubjectSet.decode(body)
    except ValueError as error:
        raise CannotEvaluate(str(error), hint="restore the store from its backup") from error


@dataclass(slots=True)
class Desk:
    """What sets are taken and compared with, each read once a night."""

    services: Services
    night: date
    known: Mapping[VersionKey, SubjectManifest] = field(init=False)
    _snapshots: dict[str, SubjectSet] = field(default_factory=dict)
    _withdrawn: dict[tuple[str, datetime, datetime | None], Mapping[str, SubjectSet]] = field(
        default_factory=dict
    )
    _keys: tuple[SubjectKey, ...] = ()

    def __post_init__(self) -> None:
        with self.services.store.reading() as unit:
            self.known = {manifest.id: manifest for manifest in unit.subjects.all()}

    @property
    def keys(self) -> SubjectKeys:
        return keys_of(self.services.project)

    def take(self, version: ModelVersion, baselines: Baselines) -> tuple[SubjectManifest, SubjectSet | None]:
        """A version's manifest and set; the manifest says why where there is no set."""
        model = self.services.project.model(version.model)
        snapshot = version.snapshot or model.training.snapshot
        blank = SubjectManifest(
            version.model,
            version.version,
            snapshot,
            taken_at=self.services.clock(),
            purpose=model.training.purpose,
        )
        declared = self.services.project.playbook.purposes.get(blank.purpose)
        try:
            contract = self._contract(snapshot)
            uses = {use.purpose: use.basis.value for use in contract.purposes}
            key = self.keys.newest()
            people = self._people(contract, key)
            asked = self.withdrawn(blank.purpose, [key], version.registered_at)[key.id]
        except GovernanceError as error:
            return replace(blank, problem=error.message), None
        profile = baselines.profiles.get(blank.id)
        made = replace(
            blank,
            source_state=profile.source_state if profile else "",
            key=key.id,
            subjects=len(people),
            digest=people.digest,
            basis=uses.get(blank.purpose, ""),
            notices=declared.notices if declared else (),
            asked=len(asked),
            withdrawn=people.count_of(asked),
        )
        return made, people

    def recalled(self, key: VersionKey) -> tuple[SubjectManifest, SubjectSet | None]:
        """What was taken on an earlier night."""
        manifest = self.known[key]
        try:
            return manifest, people_of(self.services.store, manifest)
        except CannotEvaluate as error:
            return replace(manifest, problem=error.message), None

    def count(
        self,
        version: ModelVersion,
        manifest: SubjectManifest,
        people: SubjectSet | None,
        since: datetime | None = None,
    ) -> Withdrawals:
        """How many of the people have withdrawn by the end of the night (and had not at ``since``)."""
        if people is None:
            return Withdrawals(version, manifest, None, manifest.problem)
        try:
            key = next((key for key in self.keys.all() if key.id == manifest.key), None)
            if key is None:
                file = self.services.project.settings.subject_keys
                raise CannotEvaluate(f"its key {manifest.key} is not in {file}")
            found = self.withdrawn(manifest.purpose, [key], self._end, since)[key.id]
        except GovernanceError as error:
            return Withdrawals(version, manifest, None, error.message)
        return Withdrawals(version, manifest, people.count_of(found))

    def withdrawn(
        self, purpose: str, keys: Sequence[SubjectKey], as_of: datetime, since: datetime | None = None
    ) -> Mapping[str, SubjectSet]:
        """Who has withdrawn from a purpose, by key.

        Raises:
            CannotEvaluate: the project has no consent ledger, or it cannot be read.
        """
        project = self.services.project
        if project.settings.consent is None:
            raise CannotEvaluate(
                "the project has no consent ledger, so nothing says who has withdrawn",
                hint="declare it under consent in governance.yaml",
            )
        place = (purpose, as_of, since)
        held = self._withdrawn.get(place, {})
        missing = [key for key in keys if key.id not in held]
        if missing:
            plan = replace(self._ledger_plan(project), as_of=as_of)
            found = self.services.engine.withdrawn(plan, purpose, missing, since)
            self._withdrawn[place] = held = {**held, **found}
        return held

    @property
    def _end(self) -> datetime:
        return night_end(self.services.project, self.night)

    def _ledger_plan(self, project: Project) -> ScanPlan:
        assert project.settings.consent is not None
        contract = self._contract(project.settings.consent.dataset)
        return replace(plan_baseline(contract, self.night), consent=consent_plan(project))

    def _contract(self, dataset: str) -> Contract:
        project = self.services.project
        if dataset in project.refused:
            raise CannotEvaluate(f"the contract of {dataset} is not valid: {project.refused[dataset]}")
        return project.contract(dataset)

    def _people(self, contract: Contract, key: SubjectKey) -> SubjectSet:
        if contract.subject_key is None:
            raise CannotEvaluate(
                f"the contract of {contract.dataset} names no subject column: nobody knows whom it is about",
                hint="name it with the custom property subjectKey",
            )
        if contract.dataset not in self._snapshots:
            plan = plan_baseline(contract, self.night)
            self._snapshots[contract.dataset] = self.services.engine.subjects(plan, [key])[key.id]
        return self._snapshots[contract.dataset]


def _looked_at(project: Project, discovery: Discovery) -> Iterable[tuple[ModelVersion, bool]]:
    """Of each model the version that serves, and the newest where that is another."""
    for model in project.models:
        serving = discovery.serving(model)
        newest = next(iter(reversed(discovery.versions.get(model, ()))), None)
        if serving is not None:
            yield serving, True
        if newest is not None and newest != serving:
            yield newest, False
