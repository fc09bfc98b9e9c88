"""May this consumer use these datasets for this purpose? Refused unless every clause that is asked allows.

Of each dataset, in this order: its contract lists the purpose (or a wider one that covers it by the
playbook); the contract leaves open who consumes it, or names the consumer; a model reads the dataset and has
the purpose; training use is not ruled out; and where the purpose rests on consent, the last night found that
enough people agreed (GDPR art. 5(1)(b), 6(1)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from governance_pipeline.charter.contract import Contract, LawfulBasis, PurposeUse
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.purposes import chain
from governance_pipeline.charter.whereabouts import Whereabouts
from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.store.ports import NightRecord, Store
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Ruling:
    """What one clause says of one dataset.

    Attributes:
        code: stable word for machines, e.g. ``purpose_not_listed``.
        clause: file and line of the contract or playbook that allows or forbids.
    """

    dataset: str
    allowed: bool
    code: str
    sentence: str
    clause: str


@dataclass(frozen=True, slots=True)
class PurposeAnswer:
    """Whether the use is allowed: only if there is a ruling, and every one allows it."""

    allowed: bool
    purpose: str
    consumer: str | None
    datasets: tuple[str, ...]
    rulings: tuple[Ruling, ...]


@dataclass(frozen=True)
class _Case:
    project: Project
    contract: Contract
    purpose: str
    consumer: str | None
    places: Whereabouts
    night: NightRecord | None
    measured: Mapping[tuple[Entity, str], Measurement]
    now: datetime

    def ruling(self, code: str, sentence: str, clause: str, *, allowed: bool = False) -> Ruling:
        return Ruling(self.contract.dataset, allowed, code, sentence, clause)


def check_purpose(
    project: Project,
    store: Store,
    datasets: Sequence[str],
    purpose: str,
    consumer: str | None,
    now: datetime,
) -> PurposeAnswer:
    """The answer, with the rulings that it rests on.

    Raises:
        NotFound: a dataset or the consumer is not one of the project.
        UsageError: no dataset is named.
    """
    if not datasets:
        raise UsageError("no dataset is named", hint="name one with --dataset NAMESPACE.NAME")
    named = tuple(dict.fromkeys(datasets))
    contracts = [project.contract(name) for name in named]
    _require_known(project, consumer)
    with store.reading() as unit:
        night = unit.nights.latest()
        found = unit.measurements.of_night(night.night) if night else ()
    measured = {(one.entity, one.facet): one for one in found if one.indicator == "consent"}
    places = Whereabouts(project.root)
    rulings: list[Ruling] = []
    for contract in contracts:
        case = _Case(project, contract, purpose, consumer, places, night, measured, now)
        rulings.extend(_rulings(case))
    allowed = bool(rulings) and all(one.allowed for one in rulings)
    return PurposeAnswer(allowed, purpose, consumer, named, tuple(rulings))


def _require_known(project: Project, consumer: str | None) -> None:
    if consumer is not None and consumer not in (*project.models, *project.charter.owner_ids):
        raise NotFound(
            f"there is no model, team or person '{consumer}' in this project",
            hint="name a model of models/, or a team or person of charter.yaml",
        )


def _rulings(case: _Case) -> Iterator[Ruling]:
    refused = case.project.refused.get(case.contract.dataset)
    if refused:
        where = case.places.contract(case.contract)
        yield case.ruling("contract_invalid", f"its contract is not valid: {refused}", where)
        return
    use, listed = _listed(case)
    yield listed
    if use is None:
        return
    yield from _consumer(case, use)
    yield from _training(case)
    if use.basis is LawfulBasis.CONSENT:
        yield _agreed(case, use)


def _listed(case: _Case) -> tuple[PurposeUse | None, Ruling]:
    contract, purposes = case.contract, case.project.playbook.purposes
    uses = {use.purpose: use for use in contract.purposes}
    if purposes and case.purpose not in purposes:
        sentence = f"'{case.purpose}' is no purpose of the playbook"
        return None, case.ruling("purpose_unknown", sentence, case.places.playbook("purposes"))
    covering = ""
    for wider in chain(case.purpose, purposes) or (case.purpose,):
        if wider in uses:
            use = uses[wider]
            sentence = f"{contract.dataset} may be used for {wider} (lawful basis: {use.basis.value})"
            if covering:
                sentence += f", which covers {case.purpose} ({covering})"
            where = case.places.contract(contract, use.line)
            return use, case.ruling("purpose_listed", sentence, where, allowed=True)
        if wider not in purposes or not purposes[wider].covered_by_parent:
            break
        covering = case.places.playbook("purposes", wider, "covered_by_parent")
    names = ", ".join(uses) or "no purpose"
    sentence = f"the contract of {contract.dataset} lists {names}, and not {case.purpose}"
    line = min((use.line for use in contract.purposes), default=0)
    return None, case.ruling("purpose_not_listed", sentence, case.places.contract(contract, line))


def _consumer(case: _Case, use: PurposeUse) -> Iterator[Ruling]:
    contract, consumer = case.contract, case.consumer
    where = case.places.contract(contract, use.line)
    if use.consumers:
        allowed = consumer in use.consumers
        who = consumer or "nobody by name"
        listed = ", ".join(use.consumers)
        verb = "is among" if allowed else "is not among"
        sentence = f"{who} {verb} those for whom {contract.dataset} may be used so: {listed}"
        yield case.ruling(
            "consumer_named" if allowed else "consumer_not_named", sentence, where, allowed=allowed
        )
    model = case.project.models.get(consumer or "")
    if model is None:
        return
    reads = {feature.dataset for feature in model.features} | {model.training.snapshot}
    reads |= {model.predictions.dataset} if model.predictions else set()
    if contract.dataset not in reads:
        sentence = f"the model {model.name} does not declare that it reads {contract.dataset}"
        yield case.ruling("not_read_by_model", sentence, case.places.model(model.name, "features"))
    known = case.project.playbook.purposes
    if case.purpose not in (model.training.purpose, *(one for one in [model.purpose] if one in known)):
        sentence = f"the model {model.name} is not trained or run for {case.purpose}"
        where = case.places.model(model.name, "training", "purpose")
        yield case.ruling("not_the_models_purpose", sentence, where)


def _training(case: _Case) -> Iterator[Ruling]:
    """A dataset whose contract rules training out is used for no purpose that models are trained for."""
    trained = {model.training.purpose for model in case.project.models.values()}
    if not case.contract.training_use and case.purpose in trained:
        sentence = f"the contract of {case.contract.dataset} rules out its use for training (trainingUse)"
        yield case.ruling("training_ruled_out", sentence, case.places.contract(case.contract))


def _agreed(case: _Case, use: PurposeUse) -> Ruling:
    """What the last night found of the people's consent."""
    policy, dataset = case.project.playbook.indicators.consent, case.contract.dataset
    where = case.places.playbook("clauses", policy.clause)
    hours = case.project.playbook.reviews.evidence_hours
    if case.night is None or case.now - case.night.finished_at > timedelta(hours=hours):
        sentence = f"no night of the last {hours:g} hours has looked at the consents for {dataset}"
        return case.ruling("evidence_stale", sentence, where)
    found = case.measured.get((Entity.dataset(dataset), use.purpose))
    if found is None:
        return case.ruling("unmeasured", f"the last night measured no consent for {dataset}", where)
    warns = found.outcome is Outcome.WARN and case.project.playbook.reviews.allow_warn
    allowed = found.outcome is Outcome.PASS or warns
    code = "consent_holds" if allowed else f"consent_{found.outcome.value}"
    return case.ruling(code, found.sentence.rstrip("."), where, allowed=allowed)
