"""What is to be counted across a training snapshot's columns, from the model's and the contracts' files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.model import ModelSpec, SensitiveAttribute
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.project import Project
from governance_pipeline.profiles.cross_plan import (
    CrossFeature,
    CrossPlan,
    CrossTarget,
    LatePlan,
    feature_edges,
    fold_key,
    label_edges,
    unasked,
)
from governance_pipeline.profiles.profile import Profile

BINS = 20
"""Parts into which a number is cut: about 5 % of the rows in each."""

_LIKELIEST = (DatasetKind.PREDICTIONS, DatasetKind.SOURCE, DatasetKind.FEATURE_VIEW)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what cannot be asked for, with the reason."""

    plan: CrossPlan
    unasked: dict[str, str]


def plan_crosses(project: Project, model: ModelSpec, snapshot: str, profile: Profile, night: date) -> Planned:
    """The count for one model over one training snapshot, whose profile says how numbers are cut."""
    contract = project.contract(snapshot)
    names = list(dict.fromkeys(feature.baseline_column for feature in model.features))
    missing = unasked(profile.columns, names)
    targets, unknown = _targets(project, model, contract, profile)
    evaluation = model.training.evaluation
    judged = project.contracts.get(evaluation) if evaluation and _asked(project.playbook, "leakage") else None
    features = tuple(
        CrossFeature(name, feature_edges(profile.columns[name], BINS))
        for name in names
        if name not in missing
    )
    plan = CrossPlan(
        contract=contract,
        night=night,
        key=fold_key(contract),
        features=features,
        targets=targets,
        late=tuple(_late(project, model, contract)) if _asked(project.playbook, "leakage") else (),
        label_time=model.training.label_time,
        evaluation=judged,
        evaluation_keys=_common_key(contract, judged) if judged else (),
    )
    return Planned(plan, {**missing, **unknown})


def _targets(
    project: Project, model: ModelSpec, contract: Contract, profile: Profile
) -> tuple[tuple[CrossTarget, ...], dict[str, str]]:
    found: list[CrossTarget] = []
    unknown: dict[str, str] = {}
    for attribute in model.sensitive_attributes if _asked(project.playbook, "proxy") else ():
        target = _sensitive(project, model, contract, attribute)
        if target is None:
            unknown[f"~{attribute.column}"] = (
                f"'{attribute.column}' is not in {contract.dataset}, and no dataset that says whose row it "
                "is has a column of that name; name one as the attribute's source in the model's file"
            )
        else:
            found.append(target)
    if _asked(project.playbook, "leakage"):
        label = model.training.label
        found.append(CrossTarget(label, "label", label, edges=label_edges(profile.columns.get(label))))
    return tuple(found), unknown


def _sensitive(
    project: Project, model: ModelSpec, snapshot: Contract, attribute: SensitiveAttribute
) -> CrossTarget | None:
    """Where the attribute is: as declared, in the snapshot, or in the likeliest other dataset of people."""
    name = attribute.column
    if attribute.source is not None:
        dataset, _, column = attribute.source.partition("#")
        return CrossTarget(name, "sensitive", column, source=project.contract(dataset))
    if snapshot.column(name) is not None:
        return CrossTarget(name, "sensitive", name)
    of_people = [
        contract
        for contract in project.contracts.values()
        if contract.subject_key and contract.column(name) and contract.dataset not in project.refused
    ]
    if not of_people or snapshot.subject_key is None:
        return None
    log = model.predictions.dataset if model.predictions else ""

    def rank(contract: Contract) -> tuple[bool, bool, int, str]:
        kind = _LIKELIEST.index(contract.kind) if contract.kind in _LIKELIEST else len(_LIKELIEST)
        return (contract.kind is not DatasetKind.SOURCE, contract.dataset != log, kind, contract.dataset)

    declared = [contract for contract in of_people if name in contract.sensitive_columns]
    return CrossTarget(name, "sensitive", name, source=min(declared or of_people, key=rank))


def _late(project: Project, model: ModelSpec, snapshot: Contract) -> Iterator[LatePlan]:
    """Features that say when they are from, and views whose features do not but whose rows do."""
    if model.training.label_time is None:
        return
    views: set[str] = set()
    for feature in model.features:
        view = project.contracts.get(feature.dataset)
        if feature.time is not None:
            yield LatePlan(feature.baseline_column, time=feature.time)
        elif view and view.event_time and view.subject_key and snapshot.subject_key:
            views.add(view.dataset)
    for name in sorted(views):
        yield LatePlan(name, view=project.contract(name))


def _common_key(snapshot: Contract, judged: Contract) -> tuple[str, ...]:
    """The columns that tell a row in both: the primary key, else the person."""
    primary = snapshot.primary_key
    if primary and all(judged.column(name) for name in primary):
        return primary
    person = snapshot.subject_key
    return (person,) if person and judged.column(person) else ()


def _asked(playbook: Playbook, indicator: str) -> bool:
    policy = playbook.policy(indicator)
    return policy is not None and policy.enabled
