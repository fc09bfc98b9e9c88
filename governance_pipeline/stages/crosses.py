"""Counts across the columns of training snapshots: with a version's baseline, and renewed once a week.

A snapshot does not change from night to night, so counting it every night would be paid for nothing;
what it is joined with may change, and so may the model's file, so it is counted again after some days,
when something else is asked for, and when the snapshot is named on the command line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from governance_pipeline.charter.model_policies import CountedPolicy
from governance_pipeline.errors import CannotEvaluate, GovernanceError
from governance_pipeline.indicators.base import Counted
from governance_pipeline.profiles.cross_plan import CrossPlan
from governance_pipeline.profiles.cross_table import Crosses, crosses_from_json, crosses_to_json
from governance_pipeline.stages.baselines import Baselines, VersionKey
from governance_pipeline.stages.cross_plans import plan_crosses
from governance_pipeline.stages.discover import Discovery
from governance_pipeline.stages.services import Services
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.vocabulary.review import ModelVersion

INDICATORS = ("proxy", "leakage")


@dataclass(frozen=True, slots=True)
class Counts:
    """Tonight's counts by version; ``taken`` are those to be stored."""

    found: Mapping[VersionKey, Counted] = field(default_factory=dict)
    taken: tuple[VersionKey, ...] = ()

    def of_model(self, model: str) -> tuple[Counted, ...]:
        """Of the version that serves first, and of a newer one unless its counts are the same."""
        mine = sorted(
            (one for (name, _), one in self.found.items() if name == model), key=lambda one: not one.serving
        )
        kept: list[Counted] = []
        for one in mine:
            if not any(_same(one, other) for other in kept):
                kept.append(one)
        return tuple(kept)


def count_crosses(
    services: Services,
    night: date,
    discovery: Discovery,
    baselines: Baselines,
    asked: Collection[str] = (),
) -> Counts:
    """Count what is due; the rest is recalled.

    Args:
        asked: datasets named by whoever runs the night: their snapshots are counted now.
    """
    project = services.project
    policies = [
        policy
        for name in INDICATORS
        if isinstance(policy := project.playbook.policy(name), CountedPolicy) and policy.enabled
    ]
    if not policies:
        return Counts()
    days = min(policy.every_days for policy in policies)
    found: dict[VersionKey, Counted] = {}
    taken: list[VersionKey] = []
    for version, serving in _versions(services, discovery):
        key = (version.model, version.version)
        stored = _recall(services.store, key, night)
        counted, fresh = _counted(services, night, version, baselines, stored, days, asked)
        found[key] = replace(counted, serving=serving)
        if fresh:
            taken.append(key)
    return Counts(found, tuple(taken))


def record_crosses(unit: Unit, night: date, counts: Counts) -> None:
    """Store what was counted tonight."""
    for key in counts.taken:
        crosses = counts.found[key].crosses
        if crosses is not None:
            unit.profiles.put(_stored_as(key), night, crosses_to_json(crosses))


def _versions(services: Services, discovery: Discovery) -> list[tuple[ModelVersion, bool]]:
    """Of each model the version that serves, and the newest where that is another."""
    found = []
    for model in services.project.models:
        serving = discovery.serving(model)
        newest = next(iter(reversed(discovery.versions.get(model, ()))), None)
        if serving is not None:
            found.append((serving, True))
        if newest is not None and newest != serving:
            found.append((newest, False))
    return found


def _counted(
    services: Services,
    night: date,
    version: ModelVersion,
    baselines: Baselines,
    stored: Crosses | None,
    days: int,
    asked: Collection[str],
) -> tuple[Counted, bool]:
    project = services.project
    model = project.model(version.model)
    snapshot = version.snapshot or model.training.snapshot
    profile = baselines.profiles.get((version.model, version.version))
    if profile is None or snapshot not in project.contracts:
        problem = baselines.problems.get(version.model, f"version {version.version} has no baseline")
        return Counted(version, snapshot, None, problem), False
    planned = plan_crosses(project, model, snapshot, profile, night)
    due = (
        stored is None
        or snapshot in asked
        or night - stored.counted >= timedelta(days=days)
        or not _answers(stored, planned.plan)
    )
    if not due:
        return Counted(version, snapshot, stored), False
    try:
        crosses = services.engine.cross(planned.plan)
    except GovernanceError as error:
        return Counted(version, snapshot, stored, str(error)), False
    except Exception as error:  # noqa: BLE001 - one snapshot's surprise must not end the night
        reason = f"the count over {snapshot} broke: {type(error).__name__}: {error}"
        return Counted(version, snapshot, stored, reason), False
    crosses = replace(crosses, unmeasured={**crosses.unmeasured, **planned.unasked})
    return Counted(version, snapshot, crosses), True


def _answers(stored: Crosses, plan: CrossPlan) -> bool:
    """Whether all that is asked for was counted, or could not be."""
    pairs = {(feature.name, target.kind, target.name) for feature in plan.features for target in plan.targets}
    have = {table.key for table in stored.tables}
    late = {tally.feature for tally in stored.late}
    return (
        all(key in have or stored.reason(key[0], key[2]) for key in pairs)
        and all(one.feature in late or f"late:{one.feature}" in stored.unmeasured for one in plan.late)
        and (plan.evaluation is None or bool(stored.overlaps) or "overlap" in stored.unmeasured)
    )


def _same(one: Counted, other: Counted) -> bool:
    if one.crosses is None or other.crosses is None:
        return one.crosses is other.crosses
    return replace(one.crosses, counted=other.crosses.counted) == other.crosses


def _recall(store: Store, key: VersionKey, night: date) -> Crosses | None:
    """The newest count of the version, of tonight's earlier run or before."""
    with store.reading() as unit:
        found = unit.profiles.latest_before(_stored_as(key), night + timedelta(days=1))
    try:
        return None if found is None else crosses_from_json(found)
    except CannotEvaluate:  # of another format, or damaged: counted again
        return None


def _stored_as(key: VersionKey) -> str:
    """The name under which a version's counts are kept among the profiles; no dataset has a ``#``."""
    return f"{key[0]}/{key[1]}#crosses"
