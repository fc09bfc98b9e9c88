"""Recency: is the newest record as young as the contract promises?

The promise is the contract's ``max_age``; the age is counted in the dataset's own calendar and time
zone (:func:`~governance_pipeline.indicators.working_time.elapsed`): days on which no data is due do
not make data older. Late, missing, undated and future-dated data are told apart, because each has
another cause: a stopped feed, an empty delivery, a broken column, a wrong clock.

Two facets: "" is the age of the newest record, ``future`` is data dated later than it can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from zoneinfo import ZoneInfoNotFoundError

from governance_pipeline.charter.contract import DatasetKind
from governance_pipeline.charter.data_policies import RecencyPolicy
from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.disclosure import part_of, smallest_group
from governance_pipeline.indicators.wording import counted, duration, long_date, place
from governance_pipeline.indicators.working_time import elapsed, has_days_off, is_working_day
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold, worst

NAME = "recency"
FUTURE = "future"
HOUR = timedelta(hours=1)
DAILY = timedelta(hours=48)


class State(StrEnum):
    """What is the matter with the dates."""

    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    FUTURE_DATED = "future_dated"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class _Finding:
    outcome: Outcome
    state: State
    sentence: str
    hours: float | None = None


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """The age of the newest record in hours, and rows from the future.

    A dataset that neither dates its rows nor promises an age is not measured. One that does only one
    of both is ``insufficient``: there is a date without a promise, or a promise without a date. A
    training snapshot stays as it was taken: without a promise only rows from the future are looked for.
    """
    contract, profile = inputs.contract, inputs.profile
    if contract.event_time is None and contract.max_age is None:
        return
    policy = inputs.playbook.indicators.recency
    record = partial(
        Measurement,
        night=inputs.night,
        entity=Entity.dataset(contract.dataset),
        indicator=NAME,
        clause=policy.clause,
    )
    if contract.max_age is not None or contract.kind is not DatasetKind.TRAINING_SNAPSHOT:
        threshold = _threshold(inputs, policy)
        found = _newest(inputs, threshold)
        yield record(
            outcome=found.outcome,
            sentence=found.sentence,
            value=found.hours,
            unit="hours",
            n=profile.rows,
            threshold=threshold,
            details={
                "state": str(found.state),
                "timezone": contract.calendar.timezone,
                "rows_tonight": part_of(profile.tonight_rows, profile.rows, smallest_group(inputs)),
                "undated_rows": part_of(profile.undated_rows, profile.rows, smallest_group(inputs)),
            },
        )
    if contract.event_time is not None:
        ahead = _future(inputs)
        tolerance = policy.future_tolerance_minutes / 60
        yield record(
            facet=FUTURE,
            outcome=ahead.outcome,
            sentence=ahead.sentence,
            value=ahead.hours,
            unit="hours",
            n=profile.rows,
            threshold=Threshold(None, tolerance),
            details={"state": str(ahead.state)},
        )


def _threshold(inputs: DatasetInputs, policy: RecencyPolicy) -> Threshold | None:
    """The policy's multiples of the contract's promise, in hours."""
    if inputs.contract.max_age is None:
        return None
    promise = inputs.contract.max_age / HOUR
    multiples = policy.threshold(inputs.tier)
    return Threshold(
        None if multiples.warn is None else multiples.warn * promise,
        None if multiples.fail is None else multiples.fail * promise,
    )


def _newest(inputs: DatasetInputs, threshold: Threshold | None) -> _Finding:
    contract, profile = inputs.contract, inputs.profile
    name, reason = contract.dataset, profile.unmeasured.get(NAME)
    if reason:
        return _Finding(Outcome.NOT_RUN, State.UNDATED, f"The age of {name} could not be measured: {reason}.")
    if profile.rows == 0:
        return _Finding(Outcome.FAIL, State.MISSING, f"{name} holds no records at all.")
    if contract.event_time is None:
        return _Finding(
            Outcome.INSUFFICIENT,
            State.UNDATED,
            f"The contract of {name} allows an age of {duration(contract.max_age or timedelta(0))}, "
            "but names no column that dates a record, so the age cannot be measured.",
        )
    if profile.watermark is None:
        return _undated(inputs)
    if contract.max_age is None or threshold is None:
        return _Finding(
            Outcome.INSUFFICIENT,
            State.ON_TIME,
            f"The age of {name} was not judged: there is no recency promise in the contract.",
        )
    return _aged(inputs, profile.watermark, contract.max_age, threshold)


def _undated(inputs: DatasetInputs) -> _Finding:
    """Rows, but not one dated up to the night."""
    name, profile = inputs.contract.dataset, inputs.profile
    if profile.future_rows:
        return _Finding(
            Outcome.FAIL,
            State.FUTURE_DATED,
            f"{name} holds no record dated up to {long_date(inputs.night)}: all dates are later or missing.",
        )
    return _Finding(
        Outcome.FAIL,
        State.UNDATED,
        f"None of the {counted(profile.rows, 'record')} in {name} has a date, so their age is unknown.",
    )


def _aged(inputs: DatasetInputs, newest: datetime, allowed: timedelta, threshold: Threshold) -> _Finding:
    contract, profile = inputs.contract, inputs.profile
    try:
        age = elapsed(newest, inputs.as_of, contract.calendar)
    except (ZoneInfoNotFoundError, ValueError):
        return _Finding(
            Outcome.NOT_RUN,
            State.UNDATED,
            f"The age of {contract.dataset} could not be measured: there is no time zone "
            f"'{contract.calendar.timezone}'.",
        )
    hours = age / HOUR
    judged = threshold.judge(hours)
    state = State.LATE if age > allowed else State.ON_TIME
    sentence = f"The newest record in {contract.dataset} is {_age_words(age, allowed)} old"
    missing = state is State.ON_TIME and allowed < DAILY and _nothing_came(inputs)
    if missing:
        state = State.MISSING
        sentence = (
            f"No record is dated {long_date(inputs.night)}, a day on which {contract.dataset} is due; "
            f"the newest is {duration(age)} old"
        )
    sentence += f"; the contract allows {duration(allowed)}{_calendar_words(inputs)}."
    outcomes = [judged, Outcome.WARN] if missing or profile.undated_rows else [judged]
    if profile.undated_rows:
        sentence += f" Records without a date, whose age is unknown: {_rows(inputs, profile.undated_rows)}."
        state = State.UNDATED if state is State.ON_TIME else state
    return _Finding(worst(outcomes), state, sentence, hours)


def _nothing_came(inputs: DatasetInputs) -> bool:
    """Whether nothing came on a day it was due. Asked of promises under two days only: a longer one is
    not broken by one day without records, and says nothing about which day they come.
    """
    return inputs.profile.tonight_rows == 0 and is_working_day(inputs.night, inputs.contract.calendar)


def _future(inputs: DatasetInputs) -> _Finding:
    """How far ahead of its possible date the furthest row is."""
    name, profile = inputs.contract.dataset, inputs.profile
    if profile.unmeasured.get(NAME) or (profile.future_rows and profile.furthest is None):
        reason = profile.unmeasured.get(NAME) or "the scan counted them but gave no date"
        return _Finding(
            Outcome.NOT_RUN, State.UNDATED, f"Dates in the future were not looked for in {name}: {reason}."
        )
    if profile.rows == profile.undated_rows:
        return _Finding(
            Outcome.INSUFFICIENT, State.UNDATED, f"{name} holds no dated record that could lie in the future."
        )
    if profile.furthest is None:
        return _Finding(Outcome.PASS, State.ON_TIME, f"No record in {name} is dated in the future.", 0.0)
    read_at = max(inputs.as_of, inputs.read_at or inputs.as_of)
    ahead = max(profile.furthest - read_at, timedelta(0))
    tolerance = timedelta(minutes=inputs.playbook.indicators.recency.future_tolerance_minutes)
    if ahead <= tolerance:
        allowed = f" beyond the {duration(tolerance)} allowed for clocks that differ" if ahead else ""
        return _Finding(
            Outcome.PASS, State.ON_TIME, f"No record in {name} is dated in the future{allowed}.", ahead / HOUR
        )
    sentence = (
        f"{name} holds records dated up to {duration(ahead)} in the future (dated after the night: "
        f"{_rows(inputs, profile.future_rows)}); clocks that differ explain {duration(tolerance)} at most."
    )
    return _Finding(Outcome.FAIL, State.FUTURE_DATED, sentence, ahead / HOUR)


def _rows(inputs: DatasetInputs, count: int) -> str:
    said = part_of(count, inputs.profile.rows, smallest_group(inputs))
    return said if isinstance(said, str) else f"{said:,}"


def _age_words(age: timedelta, allowed: timedelta) -> str:
    words = duration(age)
    return f"just over {words}" if age > allowed and words == duration(allowed) else words


def _calendar_words(inputs: DatasetInputs) -> str:
    calendar = inputs.contract.calendar
    return f", counting working days in {place(calendar.timezone)}" if has_days_off(calendar) else ""


RECENCY = Indicator(
    name=NAME,
    title="Recency",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, _: contract.event_time is not None or contract.max_age is not None,
)
