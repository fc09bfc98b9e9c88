"""What each source system sends, and on which day: whole tables, cut by day when they land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from .faults import LOANS_GROW, VENDOR_STOPS
from .nights import Integers, Nights

INSTANT = pa.timestamp("us", tz="UTC")
CONSENT_YEARS = 2
JOINING_SHARE = 0.04  # of the applicants, more every night
JOINING_NIGHTS = 15  # then as many as then
LARGER_BY = 0.15  # of the home's value
FORM_LIMIT = 3  # the changed form offers 0, 1, 2 and "3+"


@dataclass(frozen=True)
class Arrivals:
    """A source table, sorted by the day its rows arrive."""

    table: pa.Table
    day: Integers

    @classmethod
    def of(cls, rows: pd.DataFrame, day: Integers, instant: str) -> Arrivals:
        """Sort by day and instant; text and instants get one fixed type."""
        order = np.lexsort((rows[instant].to_numpy(), day))
        rows = rows.iloc[order].reset_index(drop=True)
        fields = [pa.field(name, _arrow_type(rows[name])) for name in rows.columns]
        return cls(pa.Table.from_pandas(rows, pa.schema(fields), preserve_index=False), day[order])

    def between(self, first: int, last: int) -> pa.Table:
        """The rows that arrive from day ``first`` to day ``last``, both included."""
        start, stop = np.searchsorted(self.day, [first, last + 1])
        return self.table.slice(start, stop - start)


def _arrow_type(column: pd.Series) -> pa.DataType:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return INSTANT
    if column.dtype.kind in "bif":
        return pa.from_numpy_dtype(column.dtype)
    return pa.string()


def source_tables(drawn: pd.DataFrame, nights: Nights) -> dict[str, Arrivals]:
    """All source tables by dataset name (without namespace), faults included."""
    started = drawn[drawn["day"] <= nights.nights].reset_index(drop=True)
    clock = _Clock(nights)
    day = started["day"].to_numpy()
    applied = clock.utc(started["day"], started["seconds"])
    return {
        "applicants": Arrivals.of(_applicants(started, applied), day, "recorded_at"),
        "applications": Arrivals.of(_applications(started, applied), day, "applied_at"),
        "incomes": Arrivals.of(_incomes(started, applied), day, "recorded_at"),
        "properties": Arrivals.of(_properties(started, applied), day, "recorded_at"),
        "decisions": _decisions(started, clock),
        "loan_performance": _loan_performance(started, clock),
        "bureau_scores": _bureau_scores(drawn, clock),
        "consents": _consents(started, applied, clock),
    }


class _Clock:
    def __init__(self, nights: Nights) -> None:
        self._nights = nights

    def utc(self, day: pd.Series, seconds: pd.Series) -> pd.Series:
        found = self._nights.instants(day.to_numpy(), seconds.to_numpy())
        return pd.Series(pd.DatetimeIndex(found).tz_localize("UTC"), index=day.index)


def _applicants(drawn: pd.DataFrame, applied: pd.Series) -> pd.DataFrame:
    kept = ["race", "sex", "marital_status", "self_employed", "over_median_age", "schooling_over_12"]
    rows = drawn[["application_id", "subject_id"]].assign(recorded_at=applied)
    return pd.concat([rows, drawn[kept]], axis=1)


def _applications(drawn: pd.DataFrame, applied: pd.Series) -> pd.DataFrame:
    rows = drawn[["application_id", "subject_id"]].assign(applied_at=applied)
    joined = (drawn["day"] - LOANS_GROW + 1).clip(0, JOINING_NIGHTS) * JOINING_SHARE
    larger = drawn["leaning"] < joined
    value = drawn[["price_k", "appraisal_k"]].min(axis=1)
    rows["loan_amount_k"] = drawn["loan_amount_k"] + larger * LARGER_BY * value
    kept = ["term_months", "adjustable_rate", "cosigner", "dependents"]
    return pd.concat([rows, drawn[kept]], axis=1)


def as_the_newer_form_sends(applications: pa.Table, answered: frozenset[str]) -> pa.Table:
    """The same applications with the number of dependents as text, empty where nobody ``answered``."""
    numbers = applications["dependents"].to_pylist()
    ids = applications["application_id"].to_pylist()
    texts = [
        (f"{FORM_LIMIT}+" if number >= FORM_LIMIT else str(number)) if application in answered else None
        for application, number in zip(ids, numbers, strict=True)
    ]
    place = applications.schema.get_field_index("dependents")
    return applications.set_column(place, "dependents", pa.array(texts, pa.string()))


def _incomes(drawn: pd.DataFrame, applied: pd.Series) -> pd.DataFrame:
    kept = [
        "monthly_income",
        "coapplicant_monthly_income",
        "housing_expense",
        "monthly_obligations",
        "industry_unemployment",
    ]
    verified = applied + pd.Timedelta(minutes=2)
    rows = drawn[["application_id", "subject_id"]].assign(recorded_at=verified)
    return pd.concat([rows, drawn[kept]], axis=1)


def _properties(drawn: pd.DataFrame, applied: pd.Series) -> pd.DataFrame:
    kept = ["price_k", "appraisal_k", "units", "property_type", "tract_vacancy_high"]
    rows = drawn[["application_id"]].assign(recorded_at=applied + pd.Timedelta(minutes=1))
    return pd.concat([rows, drawn[kept]], axis=1)


def _decisions(drawn: pd.DataFrame, clock: _Clock) -> Arrivals:
    decided = clock.utc(drawn["decision_day"], drawn["decision_seconds"])
    rows = drawn[["application_id", "subject_id"]].assign(decided_at=decided, action=drawn["action"])
    return Arrivals.of(rows, drawn["decision_day"].to_numpy(), "decided_at")


def _loan_performance(drawn: pd.DataFrame, clock: _Clock) -> Arrivals:
    approved = drawn[drawn["action"] == "approved"]
    reported = clock.utc(approved["report_day"], approved["decision_seconds"])
    rows = approved[["application_id", "subject_id"]].assign(
        reported_at=reported, late_payments=approved["late_payments"]
    )
    return Arrivals.of(rows, approved["report_day"].to_numpy(), "reported_at")


def _bureau_scores(drawn: pd.DataFrame, clock: _Clock) -> Arrivals:
    """Reports are delivered at pre-qualification; from the planted night on none is."""
    sent = drawn[drawn["pull_day"] < VENDOR_STOPS]
    rows = pd.DataFrame(
        {
            "report_id": sent["application_id"].str.replace("A", "R", n=1),
            "subject_id": sent["subject_id"],
            "pulled_at": clock.utc(sent["pull_day"], sent["pull_seconds"]),
        }
    )
    rows = pd.concat([rows, sent[["consumer_score", "mortgage_score", "public_record"]]], axis=1)
    return Arrivals.of(rows, sent["pull_day"].to_numpy(), "pulled_at")


def _consents(drawn: pd.DataFrame, applied: pd.Series, clock: _Clock) -> Arrivals:
    """A contract record per application, a consent record where the person agrees, and withdrawals."""
    agreed = drawn["agrees"]
    ended = clock.utc(drawn["end_day"], drawn["decision_seconds"])
    until = (applied + pd.DateOffset(years=CONSENT_YEARS)).where(drawn["consent_end"] != "expired", ended)
    withdrawn = drawn["consent_end"] == "withdrawn"
    nothing = pd.Series(pd.NaT, index=drawn.index, dtype=applied.dtype)
    contract = _consent_rows(drawn, "C", ("credit_decision", "contract", "given"), applied, nothing)
    given = _consent_rows(drawn, "M", ("model_training", "consent", "given"), applied, until)[agreed]
    ending = _consent_rows(drawn, "W", ("model_training", "consent", "withdrawn"), ended, nothing)[withdrawn]
    rows = pd.concat([contract, given, ending], ignore_index=True)
    days = [drawn["day"], drawn["day"][agreed], drawn["end_day"][withdrawn]]
    return Arrivals.of(rows, pd.concat(days).to_numpy(), "recorded_at")


def _consent_rows(
    drawn: pd.DataFrame, letter: str, words: tuple[str, str, str], start: pd.Series, end: pd.Series
) -> pd.DataFrame:
    purpose, basis, status = words
    return pd.DataFrame(
        {
            "consent_id": drawn["application_id"].str.replace("A", letter, n=1),
            "subject_id": drawn["subject_id"],
            "purpose": purpose,
            "basis": basis,
            "status": status,
            "valid_from": start,
            "valid_to": end,
            "recorded_at": start,
        }
    )
