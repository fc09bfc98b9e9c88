"""Retention: is anything kept longer than the contract allows, or after its person was erased?

GDPR article 5(1)(e), storage limitation: personal data is kept no longer than its purpose needs. The
contract's ``retention`` is judged against the oldest dated row. GDPR article 17, erasure: where the project
keeps a register of erasures, no record from before one is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.disclosure import part_of, smallest_group
from governance_pipeline.indicators.wording import duration
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

NAME = "retention"
ERASED = "erased people"
DAY = timedelta(days=1)


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """Days by which the oldest row has outlived the contract's retention, 0 within it; and whether records
    of people are left who were erased.

    Not measured without a retention in the contract. ``insufficient`` where nothing is dated, because
    then nothing shows that the promise is kept. Rows without a date warn, for the same reason.
    """
    yield from _age(inputs)
    yield from _erased(inputs)


def _age(inputs: DatasetInputs) -> Iterator[Measurement]:
    contract, profile = inputs.contract, inputs.profile
    if contract.retention is None:
        return
    policy = inputs.playbook.indicators.retention
    threshold = policy.threshold(inputs.tier)
    record = partial(
        Measurement,
        night=inputs.night,
        entity=Entity.dataset(contract.dataset),
        indicator=NAME,
        clause=policy.clause,
        unit="days",
        n=profile.rows,
        threshold=threshold,
    )
    reason = profile.unmeasured.get(NAME)
    if reason:
        sentence = f"The age of the oldest record in {contract.dataset} could not be measured: {reason}."
        yield record(outcome=Outcome.NOT_RUN, sentence=sentence)
    elif profile.oldest is None:
        yield record(outcome=Outcome.INSUFFICIENT, sentence=_nothing_dated(inputs, contract.retention))
    else:
        age = max(inputs.as_of - profile.oldest, timedelta(0))
        over = max(age - contract.retention, timedelta(0)) / DAY
        judged = threshold.judge(over)
        undated = part_of(profile.undated_rows, profile.rows, smallest_group(inputs))
        yield record(
            outcome=worst([judged, Outcome.WARN]) if profile.undated_rows else judged,
            sentence=_sentence(inputs, age, contract.retention, undated),
            value=over,
            details={
                "oldest_age_days": round(age / DAY, 2),
                "retention_days": contract.retention / DAY,
                "undated_rows": undated,
            },
        )


def _erased(inputs: DatasetInputs) -> Iterator[Measurement]:
    """One person is a failure; how many they are is said from the smallest group on."""
    name, found = inputs.contract.dataset, inputs.profile.outlived
    blank = Measurement(
        night=inputs.night,
        entity=Entity.dataset(name),
        indicator=NAME,
        facet=ERASED,
        outcome=Outcome.NOT_RUN,
        sentence="",
        clause=inputs.playbook.indicators.retention.clause,
        unit="people",
    )
    reason = inputs.profile.unmeasured.get("erasures")
    if reason:
        sentence = f"Whether records in {name} have outlived their person's erasure is not known: {reason}."
        yield replace(blank, sentence=sentence)
    elif found is not None and found.subjects:
        told = part_of(found.subjects, found.subjects, inputs.minimum_group_size)
        many = f"Records of {told:,} people" if isinstance(told, int) else f"Records of {told} people"
        sentence = (
            f"{many} who were erased are still in {name}, dated before their erasure, after the days that"
            " governance.yaml allows for it."
        )
        rows = found.rows if isinstance(told, int) else "not shown"
        yield replace(
            blank, outcome=Outcome.FAIL, sentence=sentence, details={"people": told, "records": rows}
        )
    elif found is not None:
        sentence = f"No record in {name} is from before its person's erasure."
        yield replace(blank, outcome=Outcome.PASS, sentence=sentence, value=0.0)


def _sentence(inputs: DatasetInputs, age: timedelta, allowed: timedelta, undated: int | str) -> str:
    name = inputs.contract.dataset
    if age > allowed:
        text = (
            f"The oldest record in {name} is {duration(age)} old, {duration(age - allowed)} more than the "
            f"{duration(allowed)} for which the contract lets records be kept."
        )
    else:
        text = (
            f"The oldest record in {name} is {duration(age)} old; the contract lets records be kept for "
            f"{duration(allowed)}."
        )
    if undated:
        said = f"{undated:,}" if isinstance(undated, int) else undated
        text += f" Records without a date, for which this cannot be shown: {said}."
    return text


def _nothing_dated(inputs: DatasetInputs, allowed: timedelta) -> str:
    name = inputs.contract.dataset
    if inputs.contract.event_time is None:
        why = "names no column that dates a record"
        return f"The contract of {name} lets records be kept for {duration(allowed)}, but {why}."
    if inputs.profile.rows == 0:
        return f"{name} holds no records, so nothing shows whether old ones are removed in time."
    return f"No record in {name} has a date that could show how long it has been kept."


RETENTION = Indicator(
    name=NAME,
    title="Retention",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, _: contract.retention is not None,
)
