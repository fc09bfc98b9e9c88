"""From withdrawals to the deployed model: every version that has learned from those who withdrew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from governance_pipeline.charter.model_policies import WithdrawalsPolicy
from governance_pipeline.errors import GovernanceError
from governance_pipeline.indicators.withdrawals import rounded
from governance_pipeline.profiles.subject_sets import SubjectSet
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.knowledge import known_versions
from governance_pipeline.stages.manifests import Desk, keys_of, people_of
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.review import ModelVersion
from governance_pipeline.vocabulary.subjects import SubjectManifest


@dataclass(frozen=True, slots=True)
class Affected:
    """What is known of one version.

    Attributes:
        people: whom it has learned from.
        withdrawn: how many of them have withdrawn, as it may be told: in steps of the smallest group.
        before: how many of them had withdrawn before the version was registered; "" where nobody knows.
        owed: what the playbook's clock asks for; "" where nobody has withdrawn.
        deployments: where it serves; none where it does not.
        problem: why it is not known; "" where it is.
    """

    model: str
    version: str
    stage: str
    snapshot: str
    people: int
    withdrawn: str
    before: str
    owed: str
    deployments: tuple[str, ...]
    owner: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """Whether one version has learned from one person; None where nobody can tell any more."""

    model: str
    version: str
    snapshot: str
    learned: bool | None
    problem: str = ""


def withdrawal_impact(services: Services, night: date, since: datetime | None = None) -> list[Affected]:
    """Every version whose manifest was taken, those that serve first.

    Args:
        night: as of its end.
        since: count only those who had not withdrawn at this time yet.
    """
    desk = Desk(services, night)
    versions = known_versions(services.project, services.store)
    by_model = {model: [one for one in versions if one.model == model] for model in services.project.models}
    discovery = Discovery(by_model, {})
    found = [_affected(services, desk, discovery, manifest, since) for manifest in desk.known.values()]
    return sorted(found, key=lambda one: (not one.deployments, one.model, one.version))


def _affected(
    services: Services,
    desk: Desk,
    discovery: Discovery,
    manifest: SubjectManifest,
    since: datetime | None,
) -> Affected:
    project, k = services.project, services.project.settings.minimum_group_size
    version = _version(discovery, manifest)
    manifest, people = desk.recalled(manifest.id)
    counted = desk.count(version, manifest, people, since)
    model = project.models.get(manifest.model)
    serving = discovery.serving(manifest.model)
    serves = serving is not None and serving.version == manifest.version
    policy = project.playbook.indicators.withdrawals
    return Affected(
        model=manifest.model,
        version=manifest.version,
        stage=version.stage,
        snapshot=manifest.snapshot,
        people=manifest.subjects,
        withdrawn="" if counted.withdrawn is None else rounded(counted.withdrawn, k)[0],
        before="" if manifest.withdrawn is None else rounded(manifest.withdrawn, k)[0],
        owed=_owed(policy) if counted.withdrawn else "",
        deployments=model.deployments if model and serves else (),
        owner=model.owner if model else "",
        problem=counted.problem,
    )


def _version(discovery: Discovery, manifest: SubjectManifest) -> ModelVersion:
    known = discovery.versions.get(manifest.model, ())
    gone = ModelVersion(manifest.model, manifest.version, "not registered", "", manifest.taken_at)
    return next((one for one in known if one.version == manifest.version), gone)


def _owed(policy: WithdrawalsPolicy | None) -> str:
    match policy.clock if policy else "none":
        case "exclude_at_next_training":
            return "left out at the next training"
        case "retrain" | "retire" as clock:
            days = policy.days if policy else 0
            return f"{'replaced' if clock == 'retrain' else 'retired'} within {days} days"
        case _:
            return "nothing"


def learned_from(services: Services, subject: str) -> Sequence[Learned]:
    """Which versions have learned from one person, by the subject's text as the tables hold it.

    This answers the person, or whoever may ask for them (GDPR art. 15): it is neither kept nor logged.
    """
    with services.store.reading() as unit:
        manifests = unit.subjects.all()
    keys = {key.id: key for key in keys_of(services.project).all()}
    digest = hashlib.md5(subject.encode(), usedforsecurity=False).hexdigest()

    def each() -> Iterator[Learned]:
        for manifest in manifests:
            place = (manifest.model, manifest.version, manifest.snapshot)
            key = keys.get(manifest.key)
            try:
                people = people_of(services.store, manifest)
            except GovernanceError as error:
                yield Learned(*place, None, error.message)
                continue
            if key is None:
                yield Learned(*place, None, f"its key {manifest.key} is not there any more")
            else:
                yield Learned(*place, people.count_of(SubjectSet.of(key.hashed([digest]))) == 1)

    return list(each())
