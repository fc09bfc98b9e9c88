"""Profiles and baselines in a database, each as one compressed document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, select

from governance_pipeline.store.night_records import baseline_row, profile_row
from governance_pipeline.store.tables import baselines, profiles
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day, key, unpack


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

    def put_baseline(self, model: str, version: str, profile: Mapping[str, Any]) -> None:
        self._transaction.insert_missing(baselines, baseline_row(model, version, profile))

    def get_baseline(self, model: str, version: str) -> Mapping[str, Any] | None:
        wanted = select(baselines.c.body).where(
            baselines.c.model == key(model, "a model's name"),
            baselines.c.version == key(version, "a model version"),
        )
        return self._document(wanted, f"The baseline of {model}/{version}")

    def _document(self, wanted: Select[tuple[bytes]], what: str) -> Mapping[str, Any] | None:
        row = self._transaction.row(wanted)
        return None if row is None else unpack(row["body"], what)
