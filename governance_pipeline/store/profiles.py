"""Profiles and baselines in a database, each as one compressed document."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Select, delete, or_, select

from governance_pipeline.store.night_records import (
    baseline_row,
    day_text,
    is_thinned,
    partition_records,
    partition_row,
    profile_row,
    slice_rows,
)
from governance_pipeline.store.ports import PartitionRecord
from governance_pipeline.store.tables import baselines, partitions, profiles, slices
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day, key, unpack

T = TypeVar("T")
_AT_ONCE = 500


class SqlProfiles:
    """See :class:`ports.Profiles`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def put(self, dataset: str, night: date, profile: Mapping[str, Any]) -> None:
        self._transaction.upsert(profiles, [profile_row(dataset, night, profile)])

    def get(self, dataset: str, night: date) -> Mapping[str, Any] | None:
        wanted = select(profiles.c.body).where(
            profiles.c.dataset == key(dataset, "a dataset's name"), profiles.c.night == day(night, "a night")
        )
        return self._document(wanted, f"The profile of {dataset} for {night}")

    def latest_before(self, dataset: str, night: date) -> Mapping[str, Any] | None:
        newest = (
            select(profiles.c.body)
            .where(
                profiles.c.dataset == key(dataset, "a dataset's name"),
                profiles.c.night < day(night, "a night"),
            )
            .order_by(profiles.c.night.desc())
            .limit(1)
        )
        return self._document(newest, f"The profile of {dataset} before {night}")

    def put_baseline(
        self,
        model: str,
        version: str,
        profile: Mapping[str, Any],
        days: Mapping[str, Any] | None = None,
    ) -> None:
        self._transaction.insert_missing(baselines, baseline_row(model, version, profile, days))

    def get_baseline(self, model: str, version: str) -> Mapping[str, Any] | None:
        wanted = _of_version(select(baselines.c.body), model, version)
        return self._document(wanted, f"The baseline of {model}/{version}")

    def get_baseline_days(self, model: str, version: str) -> Mapping[str, Any] | None:
        wanted = _of_version(select(baselines.c.days.label("body")), model, version)
        wanted = wanted.where(baselines.c.days.is_not(None))
        return self._document(wanted, f"The days of the baseline of {model}/{version}")

    def drop_baseline(self, model: str, version: str) -> None:
        self._transaction.run(
            delete(baselines).where(
                baselines.c.model == key(model, "a model's name"),
                baselines.c.version == key(version, "a model version"),
            )
        )

    def put_partitions(
        self, dataset: str, read: Iterable[PartitionRecord], *, present: Collection[str]
    ) -> None:
        name, records = key(dataset, "a dataset's name"), list(read)
        known = self._transaction.rows(select(partitions.c.partition).where(partitions.c.dataset == name))
        gone = {row["partition"] for row in known} - set(present)
        for table, names in ((slices, gone | {r.partition for r in records}), (partitions, gone)):
            for some in _batches(sorted(names)):
                self._transaction.run(
                    delete(table).where(table.c.dataset == name, table.c.partition.in_(some))
                )
        self._transaction.upsert(partitions, [partition_row(dataset, record) for record in records])
        self._transaction.upsert(slices, [row for record in records for row in slice_rows(dataset, record)])

    def partitions(self, dataset: str, first: date) -> Sequence[PartitionRecord]:
        name = key(dataset, "a dataset's name")
        heads = self._transaction.rows(
            select(partitions).where(partitions.c.dataset == name).order_by(partitions.c.partition)
        )
        bodies = self._transaction.rows(
            select(slices)
            .where(slices.c.dataset == name, or_(slices.c.day >= day_text(first), slices.c.day == ""))
            .order_by(slices.c.partition, slices.c.day)
        )
        return partition_records(heads, bodies)

    def thin(self, *, slices_before: date, nights_before: date, weeks_before: date) -> None:
        self._transaction.run(
            delete(slices).where(slices.c.day != "", slices.c.day < day_text(slices_before))
        )
        old = select(profiles.c.night).where(profiles.c.night < nights_before).distinct()
        nights = [row["night"] for row in self._transaction.rows(old)]
        thinned = [night for night in nights if is_thinned(night, nights_before, weeks_before)]
        for some in _batches(thinned):
            self._transaction.run(delete(profiles).where(profiles.c.night.in_(some)))

    def _document(self, wanted: Select[tuple[bytes]], what: str) -> Mapping[str, Any] | None:
        row = self._transaction.row(wanted)
        return None if row is None else unpack(row["body"], what)


def _of_version(wanted: Select[tuple[bytes]], model: str, version: str) -> Select[tuple[bytes]]:
    return wanted.where(
        baselines.c.model == key(model, "a model's name"),
        baselines.c.version == key(version, "a model version"),
    )


def _batches(names: Sequence[T]) -> Iterator[Sequence[T]]:
    """A database takes only so many values in one statement."""
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]
