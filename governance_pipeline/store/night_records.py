"""What nights find, as rows of plain values, and back.

A row is a dict by column name. The SQL stores and the one in memory keep the same rows, so what
comes out of them is equal, and is checked by the same rules (:mod:`values`). Lists are checked as a
whole here too: a night's rows must be of that night, and no two may answer the same question.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from governance_pipeline.errors import UsageError
from governance_pipeline.store.ports import NightRecord, PartitionRecord
from governance_pipeline.store.values import (
    day,
    entity_key,
    instant,
    key,
    number,
    pack,
    plain_json,
    required_number,
    text,
    unpack,
    whole,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold
from governance_pipeline.vocabulary.risk import Contribution, RiskScore

Row = Mapping[str, Any]
SUNDAY = 7

FOUND = (str(Outcome.WARN), str(Outcome.FAIL))
"""The outcomes of a measurement that found something."""


def night_row(record: NightRecord) -> dict[str, Any]:
    return {
        "night": day(record.night, "a night"),
        "started_at": instant(record.started_at, "the start of a night"),
        "finished_at": instant(record.finished_at, "the end of a night"),
        "expected": whole(record.expected, "the expected measurements"),
        "received": whole(record.received, "the received measurements"),
        "missing": plain_json(record.missing, "the missing measurements"),
        "playbook_digest": text(record.playbook_digest, "the playbook's digest"),
        "outcomes": plain_json(record.outcomes, "the outcomes of a night"),
    }


def night_of(row: Row) -> NightRecord:
    return NightRecord(**{**row, "missing": tuple(row["missing"])})


def measurement_row(measurement: Measurement) -> dict[str, Any]:
    what = f"of {measurement.indicator} for {measurement.entity}"
    low, high = _interval(measurement.interval)
    bounds = measurement.threshold
    return {
        "night": day(measurement.night, f"the night {what}"),
        "entity": entity_key(measurement.entity),
        "indicator": key(measurement.indicator, "an indicator's name"),
        "facet": key(measurement.facet, f"the facet {what}"),
        "metric": text(measurement.metric, f"the metric {what}"),
        "outcome": str(measurement.outcome),
        "value": number(measurement.value),
        "unit": text(measurement.unit, f"the unit {what}"),
        "n": whole(measurement.n, f"n {what}"),
        "interval_low": low,
        "interval_high": high,
        "threshold_warn": None if bounds is None else _bound(bounds.warn, what),
        "threshold_fail": None if bounds is None else _bound(bounds.fail, what),
        "threshold_breach": None if bounds is None else bounds.breach,
        "sentence": text(measurement.sentence, f"the sentence {what}"),
        "clause": text(measurement.clause, f"the clause {what}"),
        "details": plain_json(measurement.details, f"details {what}"),
    }


def _interval(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    """Both ends, or neither: an interval with an end that is not a number says nothing."""
    if interval is None or any(math.isnan(end) for end in interval):
        return None, None
    return number(interval[0]), number(interval[1])


def _bound(bound: float | None, what: str) -> float | None:
    return None if bound is None else required_number(bound, f"the threshold {what}")


def measurement_of(row: Row) -> Measurement:
    low, high, breach = row["interval_low"], row["interval_high"], row["threshold_breach"]
    return Measurement(
        night=row["night"],
        entity=Entity.parse(row["entity"]),
        indicator=row["indicator"],
        outcome=Outcome(row["outcome"]),
        sentence=row["sentence"],
        clause=row["clause"],
        facet=row["facet"],
        metric=row["metric"],
        value=row["value"],
        unit=row["unit"],
        n=row["n"],
        interval=None if low is None or high is None else (low, high),
        threshold=None if breach is None else Threshold(row["threshold_warn"], row["threshold_fail"], breach),
        details=row["details"],
    )


def risk_row(risk: RiskScore) -> dict[str, Any]:
    what = f"of {risk.entity}"
    return {
        "night": day(risk.night, f"the night of the risk {what}"),
        "entity": entity_key(risk.entity),
        "score": required_number(risk.score, f"the risk {what}"),
        "tier": text(risk.tier, f"the tier {what}"),
        "previous": number(risk.previous),
        "contributions": [
            {
                "source": text(part.source, f"a contribution {what}"),
                "points": required_number(part.points, f"a contribution {what}"),
                "sentence": text(part.sentence, f"a contribution {what}"),
            }
            for part in risk.contributions
        ],
    }


def risk_of(row: Row) -> RiskScore:
    return RiskScore(
        **{
            **row,
            "entity": Entity.parse(row["entity"]),
            "contributions": tuple(Contribution(**part) for part in row["contributions"]),
        }
    )


def profile_row(dataset: str, night: date, profile: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "dataset": key(dataset, "a dataset's name"),
        "night": day(night, "a night"),
        "body": pack(profile, f"the profile of {dataset} for {night}"),
    }


def baseline_row(
    model: str, version: str, profile: Mapping[str, Any], days: Mapping[str, Any] | None
) -> dict[str, Any]:
    return {
        "model": key(model, "a model's name"),
        "version": key(version, "a model version"),
        "body": pack(profile, f"the baseline of {model}/{version}"),
        "days": None if days is None else pack(days, f"the days of the baseline of {model}/{version}"),
    }


def partition_row(dataset: str, record: PartitionRecord) -> dict[str, Any]:
    return {
        "dataset": key(dataset, "a dataset's name"),
        "partition": key(record.partition, f"a partition's name of {dataset}"),
        "head": pack(record.head, f"the partition {record.partition} of {dataset}"),
    }


def slice_rows(dataset: str, record: PartitionRecord) -> list[dict[str, Any]]:
    """One row a day; "" is the day of the slice of all rows."""
    return [
        {
            "dataset": key(dataset, "a dataset's name"),
            "partition": key(record.partition, f"a partition's name of {dataset}"),
            "day": day_text(of_day),
            "body": pack(body, f"the slice of {record.partition} of {dataset}"),
        }
        for of_day, body in record.slices.items()
    ]


def day_text(of_day: date | None) -> str:
    return "" if of_day is None else day(of_day, "a day").isoformat()


def partition_records(heads: Iterable[Row], bodies: Iterable[Row]) -> list[PartitionRecord]:
    """Heads and slices put together, in the heads' order."""
    slices: dict[str, dict[date | None, Mapping[str, Any]]] = {}
    for row in bodies:
        of_day = date.fromisoformat(row["day"]) if row["day"] else None
        body = unpack(row["body"], f"A slice of {row['partition']} of {row['dataset']}")
        slices.setdefault(row["partition"], {})[of_day] = body
    return [
        PartitionRecord(
            row["partition"],
            unpack(row["head"], f"The partition {row['partition']} of {row['dataset']}"),
            slices.get(row["partition"], {}),
        )
        for row in heads
    ]


def is_thinned(night: date, nights_before: date, weeks_before: date) -> bool:
    """Whether a night's profile is forgotten: of older ones the Sundays' stay, for a while."""
    return night < weeks_before or (night < nights_before and night.isoweekday() != SUNDAY)


def measurement_rows(night: date, measurements: Iterable[Measurement]) -> list[dict[str, Any]]:
    """The rows of one night. Refuses another night's, and two answers to one question."""
    rows = [measurement_row(measurement) for measurement in measurements]
    _one_night(night, rows, "measurement")
    _distinct(rows, ("entity", "indicator", "facet"), "measurements")
    return rows


def risk_rows(night: date, risks: Iterable[RiskScore]) -> list[dict[str, Any]]:
    """The rows of one night. Refuses another night's, and two scores for one entity."""
    rows = [risk_row(risk) for risk in risks]
    _one_night(night, rows, "risk score")
    _distinct(rows, ("entity",), "risk scores")
    return rows


def first_night(last: date, nights: int) -> date:
    """The first of the ``nights`` calendar nights that end with ``last``."""
    return last - timedelta(days=min(nights - 1, last.toordinal() - 1))


def _one_night(night: date, rows: Sequence[Row], what: str) -> None:
    for row in rows:
        if row["night"] != night:
            raise UsageError(
                f"A {what} of {row['entity']} is dated {row['night']}, not {night}",
                hint="write each night's in a call of its own",
            )


def _distinct(rows: Sequence[Row], columns: tuple[str, ...], what: str) -> None:
    seen = set()
    for row in rows:
        answer = tuple(row[column] for column in columns)
        if answer in seen:
            raise UsageError(
                f"Two {what} for the same question: {', '.join(part for part in answer if part)}",
                hint="give each a facet of its own; keeping one of them would hide the other",
            )
        seen.add(answer)
