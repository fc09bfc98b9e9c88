"""What is not known of a version: listed, never silently left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.reports.evidence.environment import environment
from governance_pipeline.reports.evidence.record import Record, concerned
from governance_pipeline.reviews.assessments import Known, due_for_approval, why_due
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.function import people_needed
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import ReviewAct

_OF_A_VERSION = ("performance", "calibration", "bias", "prediction_drift", "leakage", "proxy")


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not known.

    Attributes:
        part: of the pack: training, data, measurements, decisions, operation, ledger.
        what: the thing; ``why`` nobody can say it, in a sentence; ``remedy`` what would fill the gap.
    """

    part: str
    what: str
    why: str
    remedy: str


def missing(record: Record) -> tuple[Missing, ...]:
    """Everything that a reader of the pack might look for and will not find, in the order of the pack."""
    return (
        *_training(record),
        *_data(record),
        *_measurements(record),
        *_decisions(record),
        *_operation(record),
        *_ledger(record),
    )


def _training(record: Record) -> Iterator[Missing]:
    version, told = record.version, environment(record.version.environment)
    known = {
        "training hardware": told.hardware,
        "software used in training": told.software,
        "random seeds": told.seeds,
        "revision of the training code": told.code,
    }
    for what, found in known.items():
        if not found:
            yield Missing(
                "training",
                what,
                f"the registry's entry of version {version.version} says nothing of it",
                "have the training pipeline write it under `environment` when it registers a version",
            )
    facts = {
        "digest of the model's artefact": version.digest,
        "digest of the training data": version.snapshot_digest,
        "name of the training data": version.snapshot,
        "who trained it": version.trained_by,
        "who registered it": version.registered_by,
        "figures promised at registration": version.metrics,
    }
    for what, fact in facts.items():
        if not fact:
            yield Missing("training", what, "the registry does not say it", "register the version with it")
    yield Missing(
        "training",
        "energy used in training",
        "nothing measures it",
        "ask the team that trained the version; it has no place in the record yet",
    )


def _data(record: Record) -> Iterator[Missing]:
    for name in record.datasets:
        contract = record.project.contracts.get(name)
        if contract is None:
            yield Missing(
                "data", f"contract of {name}", "no file describes the dataset", f"write a contract for {name}"
            )
            continue
        facts = {
            "owner": contract.owner,
            "description": contract.description,
            "retention": contract.retention,
            "purpose and lawful basis": contract.purposes or not contract.subject_key,
        }
        for what, fact in facts.items():
            if not fact:
                yield Missing(
                    "data",
                    f"{what} of {name}",
                    "its contract does not say it",
                    f"add it to {contract.file.name}",
                )
        if name not in record.night.profiles:
            yield Missing(
                "data", f"profile of {name}", "the last night could not read it", "run `governance nightly`"
            )
    yield from _subjects(record)


def _subjects(record: Record) -> Iterator[Missing]:
    manifest, what = record.night.manifest, "whom the version has learned from (subject manifest)"
    if manifest is None:
        yield Missing("data", what, "no night has counted them", "name a consent ledger and run a night")
    elif manifest.erased_at is not None:
        when = calendar_date(manifest.erased_at)
        yield Missing(
            "data", what, f"the set was erased on {when}; its digest is kept", "nothing: it is gone"
        )
    elif manifest.problem:
        yield Missing("data", what, manifest.problem, "run `governance nightly` once it is repaired")


def _measurements(record: Record) -> Iterator[Missing]:
    seal = record.night.seal
    if seal is None:
        yield Missing(
            "measurements", "every measurement", "no night has been run", "run `governance nightly`"
        )
        return
    for one in seal.missing:
        yield Missing(
            "measurements",
            one,
            f"it was expected on {calendar_date(seal.night)} and never came",
            "run the night again",
        )
    if not record.model.sensitive_attributes:
        yield Missing(
            "measurements",
            "fairness between groups of people",
            "the model's file names no protected attribute",
            "name `sensitive_attributes` in the model's file",
        )
    yield from _unmeasured(record)
    yield from _of_another_version(record)


def _unmeasured(record: Record) -> Iterator[Missing]:
    """What was tried and gave no verdict, an indicator of one thing at a time."""
    found: dict[tuple[Entity, str], list[str]] = {}
    for one in record.night.measured:
        if one.outcome in (Outcome.INSUFFICIENT, Outcome.NOT_RUN):
            found.setdefault((one.entity, one.indicator), []).append(one.sentence)
    for (entity, indicator), sentences in sorted(found.items()):
        more = f" (and {len(sentences) - 1} more like it)" if len(sentences) > 1 else ""
        yield Missing(
            "measurements", f"{indicator.replace('_', ' ')} of {entity.name}", f"{sentences[0]}{more}",
            "see `governance status`",
        )  # fmt: skip


def _of_another_version(record: Record) -> Iterator[Missing]:
    """Indicators of the model that were only ever measured on another version, as on the one that serves."""
    label, mine = record.version.version, Entity.model(record.model.name)
    by_indicator: dict[str, set[str]] = {}
    for one in record.night.measured:
        if one.entity == mine and one.indicator in _OF_A_VERSION:
            by_indicator.setdefault(one.indicator, set()).add(concerned(one))
    for indicator, versions in sorted(by_indicator.items()):
        others = sorted(versions - {"", label})
        if label not in versions and others:
            yield Missing(
                "measurements",
                f"{indicator.replace('_', ' ')} of version {label}",
                f"it is measured on decisions that were made: those of version {', '.join(others)}",
                f"it comes once version {label} decides; until then read the figures as the other version's",
            )


def _decisions(record: Record) -> Iterator[Missing]:
    review = record.review
    if review is None:
        yield Missing("decisions", "a review", "none was opened for the version", "run `governance nightly`")
    else:
        status = review.state.status_at(record.as_of)
        if not status.is_approval:
            needed = people_needed(review.state.missing)
            why = f"review {review.id} is {str(status).replace('_', ' ')}"
            why += f"; still to decide: {needed}" if needed and status.is_open else ""
            yield Missing("decisions", "an approval", why, f"see `governance review show {review.id}`")
    yield from _assessments(record)
    if not any(event.act is ReviewAct.PERMITTED for one in record.acts.reviews for event in one.events):
        yield Missing(
            "decisions", "a permit", "none was ever issued for the version",
            f"run `governance permit {record.model.name} {record.version.version}` once the gate is open",
        )  # fmt: skip


def _assessments(record: Record) -> Iterator[Missing]:
    known = Known.of(
        record.project, record.night.graph, record.model.name, record.version, record.night.measured
    )
    last = {one.id: one for review in record.acts.reviews for one in review.state.assessments}
    required = {one.id for one, _ in due_for_approval(record.project, known, last)}
    for name, one in record.project.assessments.items():
        why = why_due(one, record.project.assessment_digest(name), known, last.get(name))
        if why:
            rule = "" if name in required else "; the playbook lets a version be approved without it"
            step = f"answer it: `governance assessment answer {name}`"
            yield Missing("decisions", f"assessment '{one.title}'", f"{why}{rule}", step)
    if not record.project.assessments:
        yield Missing(
            "decisions", "impact assessments", "the playbook has no questionnaire",
            "add one to playbook/assessments",
        )  # fmt: skip


def _operation(record: Record) -> Iterator[Missing]:
    standing, model = record.standing, record.model.name
    if standing.gate is None:
        step = "repair it; until then it counts as closed"
        yield Missing("operation", "the gate's verdict", standing.ungated, step)
    if standing.way_back is None:
        yield Missing(
            "operation", "whether it could be rolled back", standing.no_way_back, "see the registry"
        )
    elif not standing.way_back.is_ready:
        why = "; ".join(standing.way_back.faults) or "there is none"
        step = "approve one, or name it in the model's file"
        yield Missing("operation", "a version to roll back to", why, step)
    if not any(event.act is ReviewAct.REHEARSED for one in record.acts.reviews for event in one.events):
        why = "nobody has rehearsed going back from this version"
        step = f"run `governance rollback {model} --rehearse` once it serves"
        yield Missing("operation", "a rollback rehearsal", why, step)


def _ledger(record: Record) -> Iterator[Missing]:
    sealed = record.sealed
    if sealed.checkpoint is None:
        yield Missing("ledger", "a signed checkpoint", "none was ever written", "run `governance nightly`")
    if sealed.unwitnessed:
        count = counted(len(sealed.unwitnessed), "entry", "entries")
        yield Missing(
            "ledger", f"proof of {count}", "they came after the newest checkpoint", "make the pack again"
        )
    if sealed.erased:
        numbers = ", ".join(map(str, sealed.erased))
        yield Missing(
            "ledger",
            f"what entries {numbers} tell",
            "it was erased; that it stood there is still proven",
            "nothing: it is gone",
        )
