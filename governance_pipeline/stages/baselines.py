"""The profile each model version was trained on, taken once when the version is first seen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from governance_pipeline.charter.contract import Column
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate, GovernanceError
from governance_pipeline.indicators.base import Baseline
from governance_pipeline.indicators.logical_types import conforms
from governance_pipeline.indicators.wording import counted
from governance_pipeline.profiles.day_codec import days_from_json
from governance_pipeline.profiles.grid import Grid, of_histogram, zoomed
from governance_pipeline.profiles.plan import FollowPlan, GroupPlan, Scan, ScanPlan
from governance_pipeline.profiles.profile import Days, Profile
from governance_pipeline.profiles.scanning import plan_baseline
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.partitions import known_partitions
from governance_pipeline.stages.services import Services
from governance_pipeline.vocabulary.review import ModelVersion

VersionKey = tuple[str, str]

ROUNDS = 4
"""Each round may zoom in sixty times: four tell apart a ten-millionth of the range."""


@dataclass(frozen=True, slots=True)
class Baselines:
    """Every version's baseline.

    Attributes:
        profiles: by (model, version), earlier ones and tonight's.
        taken: the keys taken tonight, to be stored.
        problems: by model, why a serving version has none.
        days: the snapshots' rows by event day: of those taken tonight, and of the versions that serve
            where tonight compares with them.
        read: by dataset, the scan of each snapshot that was read tonight.
    """

    profiles: Mapping[VersionKey, Profile]
    taken: tuple[VersionKey, ...]
    problems: Mapping[str, str]
    days: Mapping[VersionKey, Days] = field(default_factory=dict)
    read: Mapping[str, Scan] = field(default_factory=dict)


def take_baselines(
    services: Services,
    night: date,
    discovery: Discovery,
    known: Mapping[VersionKey, Profile],
    unreadable: Mapping[VersionKey, Mapping[str, Any]] | None = None,
    *,
    compared: Collection[str] | None = None,
) -> Baselines:
    """Profile the training snapshot of every version that has no baseline yet.

    Args:
        unreadable: baselines that were stored in another format. They are taken anew, as long as the
            snapshot is as large as it was: another one is not what the version was trained on.
        compared: the datasets that are compared with baselines tonight; None for all.
    """
    stored = unreadable or {}
    profiles = dict(known)
    taken: list[VersionKey] = []
    problems: dict[str, str] = {}
    days = _recalled_days(services, discovery, known, compared)
    read: dict[str, Scan] = {}
    for version in discovery.all_versions:
        key = (version.model, version.version)
        if key in profiles:
            continue
        try:
            profile, of_days = _read_snapshot(services, night, version, read)
            profiles[key], days[key] = _as_large_as(stored.get(key), profile), of_days
        except GovernanceError as error:
            problems[version.model] = f"version {version.version} has no baseline: {error}"
        else:
            taken.append(key)
    return Baselines(profiles, tuple(taken), problems, days, read)


def _recalled_days(
    services: Services,
    discovery: Discovery,
    known: Mapping[VersionKey, Profile],
    compared: Collection[str] | None,
) -> dict[VersionKey, Days]:
    """The stored days of the versions that serve models which read one of ``compared``."""
    found: dict[VersionKey, Days] = {}
    with services.store.reading() as unit:
        for model in services.project.models.values():
            serving = discovery.serving(model.name)
            read = compared is None or any(feature.dataset in compared for feature in model.features)
            if serving is None or (model.name, serving.version) not in known or not read:
                continue
            stored = unit.profiles.get_baseline_days(model.name, serving.version)
            try:
                found[model.name, serving.version] = days_from_json(stored) if stored else {}
            except CannotEvaluate:  # damaged: compared as a whole, as where there are none
                continue
    return found


def _read_snapshot(
    services: Services, night: date, version: ModelVersion, read: dict[str, Scan]
) -> tuple[Profile, Days]:
    """The whole snapshot, and its days on the same grids where its contract says how rows are dated.

    Args:
        read: the scans of tonight, to which this one is added; several versions may share a snapshot.
    """
    project = services.project
    model = project.model(version.model)
    snapshot = version.snapshot or model.training.snapshot
    if snapshot in project.refused:
        raise CannotEvaluate(f"the contract of {snapshot} is not valid: {project.refused[snapshot]}")
    features = frozenset(feature.baseline_column for feature in model.features)
    contract = project.contract(snapshot)
    plan = replace(
        plan_baseline(contract, night), compared=features, groups=_held_out(model, contract.columns)
    )
    earlier = read.get(snapshot)
    already = {partition.id: partition for partition in earlier.partitions} if earlier else {}
    scan = services.engine.read(plan, known_partitions(services, plan) | already)
    read[snapshot] = replace(scan, read=scan.read | earlier.read) if earlier else scan
    profile = _zoomed_in(services, plan, scan.profile)
    if plan.contract.event_time is None:
        return profile, {}
    return profile, services.engine.days(replace(plan, grids=_grids(profile)))


def _held_out(model: ModelSpec, columns: Iterable[Column]) -> tuple[GroupPlan, ...]:
    """What the version said of rows that it had not learned from, where the snapshot holds that; by the
    sensitive attributes that it holds too.
    """
    training, log = model.training, model.predictions
    if log is None or not (training.prediction or training.score):
        return ()
    there = {column.name for column in columns}
    return (
        GroupPlan(
            model.name,
            tuple(one.column for one in model.sensitive_attributes if one.column in there),
            training.prediction,
            training.label,
            log.positive,
            score=training.score,
            numeric=log.kind == "number",
            follow=FollowPlan(by_day=False),
        ),
    )


def _zoomed_in(services: Services, plan: ScanPlan, profile: Profile) -> Profile:
    """The profile on grids that tell its rows apart; the columns that need finer ones are read again."""
    for _ in range(ROUNDS):
        finer = _finer_grids(profile)
        if not finer:
            break
        found = services.engine.on_grids(replace(plan, grids=finer))
        profile = replace(profile, columns={**profile.columns, **found})
    return profile


def _as_large_as(stored: Mapping[str, Any] | None, profile: Profile) -> Profile:
    rows = profile.rows if stored is None else stored.get("rows")
    if rows != profile.rows:
        had = counted(rows or 0, "row")
        raise CannotEvaluate(
            f"it was stored in format {(stored or {}).get('version')}, which is not read any more, and"
            f" {profile.dataset} is not the snapshot any more that it was taken from: it had {had} and has"
            f" {profile.rows:,}",
            hint="restore the snapshot's rows for a night, or register the model's next version",
        )
    return profile


def _grids(profile: Profile) -> dict[str, Grid]:
    """The grid every histogram of ``profile`` is on."""
    return {name: of_histogram(c.histogram) for name, c in profile.columns.items() if c.histogram}


def _finer_grids(profile: Profile) -> dict[str, Grid]:
    """Grids for the columns most of whose rows crowd into few bins, because of a few that lie far off."""
    found = {
        name: zoomed(column.histogram, whole=conforms("integer", column.engine_type, {}) is True)
        for name, column in profile.columns.items()
        if column.histogram
    }
    return {name: grid for name, grid in found.items() if grid}


def of_dataset(
    project: Project, dataset: str, discovery: Discovery, baselines: Baselines
) -> tuple[Baseline, ...]:
    """The baselines a dataset's features are compared with: one per model that reads it."""
    found: list[Baseline] = []
    for model in project.models.values():
        serving = discovery.serving(model.name)
        if serving is None or not any(feature.dataset == dataset for feature in model.features):
            continue
        key = (model.name, serving.version)
        profile = baselines.profiles.get(key)
        if profile is not None:
            found.append(Baseline(model, serving, profile, baselines.days.get(key, {})))
    return tuple(found)
