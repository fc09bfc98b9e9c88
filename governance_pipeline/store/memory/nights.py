"""What nights find, in memory: the counterparts of the SQL repositories of the same names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from governance_pipeline.store import night_records as records
from governance_pipeline.store.memory.transaction import MemoryTransaction, Row
from governance_pipeline.store.ports import NightRecord, PartitionRecord
from governance_pipeline.store.values import day, entity_key, key, unpack
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.risk import RiskScore


class MemoryNights:
    """See :class:`ports.Nights`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def seal(self, record: NightRecord) -> None:
        row = records.night_row(record)
        self._transaction.put("nights", (row["night"],), row)

    def amend(self, night: date, at: datetime) -> None:
        """The ledger's alone; see :class:`ledgered.LedgeredNights`."""

    def get(self, night: date) -> NightRecord | None:
        row = self._transaction.row("nights", (day(night, "a night"),))
        return None if row is None else records.night_of(row)

    def latest(self) -> NightRecord | None:
        rows = self._transaction.rows("nights", order=_night)
        return records.night_of(rows[-1]) if rows else None

    def between(self, first: date, last: date) -> Sequence[NightRecord]:
        start, end = day(first, "the first night"), day(last, "the last night")
        rows = self._transaction.rows("nights", lambda row: start <= row["night"] <= end, order=_night)
        return [records.night_of(row) for row in rows]


class MemoryProfiles:
    """See :class:`ports.Profiles`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def put(self, dataset: str, night: date, profile: Mapping[str, Any]) -> None:
        row = records.profile_row(dataset, night, profile)
        self._transaction.put("profiles", (row["dataset"], row["night"]), row)

    def get(self, dataset: str, night: date) -> Mapping[str, Any] | None:
        place = (key(dataset, "a dataset's name"), day(night, "a night"))
        return _document(self._transaction.row("profiles", place))

    def latest_before(self, dataset: str, night: date) -> Mapping[str, Any] | None:
        name, end = key(dataset, "a dataset's name"), day(night, "a night")
        rows = self._transaction.rows(
            "profiles", lambda row: row["dataset"] == name and row["night"] < end, order=_night
        )
        return _document(rows[-1] if rows else None)

    def put_baseline(
        self,
        model: str,
        version: str,
        profile: Mapping[str, Any],
        days: Mapping[str, Any] | None = None,
    ) -> None:
        row = records.baseline_row(model, version, profile, days)
        self._transaction.put_missing("baselines", (row["model"], row["version"]), row)

    def get_baseline(self, model: str, version: str) -> Mapping[str, Any] | None:
        return _document(self._baseline(model, version))

    def get_baseline_days(self, model: str, version: str) -> Mapping[str, Any] | None:
        row = self._baseline(model, version)
        return None if row is None or row["days"] is None else unpack(row["days"], "The days of a baseline")

    def _baseline(self, model: str, version: str) -> Row | None:
        place = (key(model, "a model's name"), key(version, "a model version"))
        return self._transaction.row("baselines", place)

    def drop_baseline(self, model: str, version: str) -> None:
        name, number = key(model, "a model's name"), key(version, "a model version")
        self._transaction.remove("baselines", lambda row: (row["model"], row["version"]) == (name, number))

    def put_partitions(
        self, dataset: str, read: Iterable[PartitionRecord], *, present: Collection[str]
    ) -> None:
        name, again = key(dataset, "a dataset's name"), list(read)
        kept = set(present)
        self._transaction.remove(
            "partitions", lambda row: row["dataset"] == name and row["partition"] not in kept
        )
        stale = {record.partition for record in again}
        self._transaction.remove(
            "slices",
            lambda row: (
                row["dataset"] == name and (row["partition"] in stale or row["partition"] not in kept)
            ),
        )
        for record in again:
            head = records.partition_row(dataset, record)
            self._transaction.put("partitions", (name, record.partition), head)
            for row in records.slice_rows(dataset, record):
                self._transaction.put("slices", (name, record.partition, row["day"]), row)

    def partitions(self, dataset: str, first: date) -> Sequence[PartitionRecord]:
        name, begin = key(dataset, "a dataset's name"), records.day_text(first)
        heads = self._transaction.rows(
            "partitions", lambda row: row["dataset"] == name, order=lambda row: row["partition"]
        )
        bodies = self._transaction.rows(
            "slices",
            lambda row: row["dataset"] == name and (row["day"] >= begin or row["day"] == ""),
            order=lambda row: (row["partition"], row["day"]),
        )
        return records.partition_records(heads, bodies)

    def thin(self, *, slices_before: date, nights_before: date, weeks_before: date) -> None:
        begin = records.day_text(slices_before)
        self._transaction.remove("slices", lambda row: "" < row["day"] < begin)
        self._transaction.remove(
            "profiles", lambda row: records.is_thinned(row["night"], nights_before, weeks_before)
        )


class MemoryMeasurements:
    """See :class:`ports.Measurements`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def replace(
        self, night: date, measurements: Iterable[Measurement], *, entities: Iterable[Entity]
    ) -> None:
        rows = records.measurement_rows(night, measurements)
        outdated = {*map(entity_key, entities)}
        self._transaction.remove(
            "measurements", lambda row: row["night"] == night and row["entity"] in outdated
        )
        for row in rows:
            self._transaction.put("measurements", (night, *_question(row)), row)

    def of_night(self, night: date) -> Sequence[Measurement]:
        wanted = day(night, "a night")
        rows = self._transaction.rows("measurements", lambda row: row["night"] == wanted, order=_question)
        return [records.measurement_of(row) for row in rows]

    def found(self, indicator: str, first: date, last: date) -> Sequence[tuple[date, str, str]]:
        name = key(indicator, "an indicator's name")
        start, end = day(first, "the first night"), day(last, "the last night")
        rows = self._transaction.rows(
            "measurements",
            lambda row: (
                start <= row["night"] <= end
                and row["indicator"] == name
                and row["outcome"] in records.FOUND
                and row["value"] is not None
            ),
            order=lambda row: (row["night"], *_question(row)),
        )
        return [(row["night"], row["entity"], row["facet"]) for row in rows]

    def history(
        self,
        entity: Entity,
        indicator: str | None = None,
        facet: str | None = None,
        *,
        last: date | None = None,
        nights: int = 60,
    ) -> Sequence[Measurement]:
        wanted = {"entity": entity_key(entity)}
        if indicator is not None:
            wanted["indicator"] = key(indicator, "an indicator's name")
        if facet is not None:
            wanted["facet"] = key(facet, "a facet")
        rows = self._transaction.rows(
            "measurements",
            lambda row: all(row[column] == value for column, value in wanted.items()),
            order=lambda row: (row["night"], *_question(row)),
        )
        return [records.measurement_of(row) for row in _window(rows, last, nights)]


class MemoryRisks:
    """See :class:`ports.Risks`."""

    def __init__(self, transaction: MemoryTransaction) -> None:
        self._transaction = transaction

    def replace(self, night: date, risks: Iterable[RiskScore]) -> None:
        rows = records.risk_rows(night, risks)
        self._transaction.remove("risks", lambda row: row["night"] == night)
        for row in rows:
            self._transaction.put("risks", (night, row["entity"]), row)

    def of_night(self, night: date) -> Sequence[RiskScore]:
        wanted = day(night, "a night")
        rows = self._transaction.rows(
            "risks", lambda row: row["night"] == wanted, order=lambda row: (-row["score"], row["entity"])
        )
        return [records.risk_of(row) for row in rows]

    def history(self, entity: Entity, *, nights: int = 60) -> Sequence[RiskScore]:
        name = entity_key(entity)
        rows = self._transaction.rows("risks", lambda row: row["entity"] == name, order=_night)
        return [records.risk_of(row) for row in _window(rows, None, nights)]


def _night(row: Row) -> date:
    night: date = row["night"]
    return night


def _question(row: Row) -> tuple[str, str, str]:
    return row["entity"], row["indicator"], row["facet"]


def _window(rows: Sequence[Row], last: date | None, nights: int) -> Sequence[Row]:
    """Of rows ascending by night, those of the ``nights`` nights that end with ``last`` (or the newest)."""
    if not rows or nights < 1:
        return []
    end = rows[-1]["night"] if last is None else day(last, "the last night")
    return [row for row in rows if records.first_night(end, nights) <= row["night"] <= end]


def _document(row: Row | None) -> Mapping[str, Any] | None:
    return None if row is None else unpack(row["body"], "A profile")
