"""The engine: one scan per dataset, in DuckDB or in the SQL database that holds it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from governance_pipeline.charter.contract import Contract, Location
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import CannotEvaluate, SourceUnavailable
from governance_pipeline.profiles.access import AccessOfNight
from governance_pipeline.profiles.assemble import assemble, days_of
from governance_pipeline.profiles.columns import specs
from governance_pipeline.profiles.connect import FILES, Connections, family_of
from governance_pipeline.profiles.consent_states import ConsentStates
from governance_pipeline.profiles.cross_counts import count_crosses
from governance_pipeline.profiles.cross_plan import CrossPlan
from governance_pipeline.profiles.cross_table import Crosses
from governance_pipeline.profiles.days import rows_by_day
from governance_pipeline.profiles.erasures import outlived
from governance_pipeline.profiles.facts import event_time, unmeasured_facts
from governance_pipeline.profiles.groups import group_tables
from governance_pipeline.profiles.incremental import current_partitions
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.keys import duplicate_keys
from governance_pipeline.profiles.limit import Limit, cut_off
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.plan import ConsentPlan, Scan, ScanPlan
from governance_pipeline.profiles.profile import ColumnProfile, ConsentTally, ConsentThen, Days, Profile
from governance_pipeline.profiles.quality import rule_tallies
from governance_pipeline.profiles.received import ReceivedConsent, ReceivedTables
from governance_pipeline.profiles.regrid import columns_on_grids
from governance_pipeline.profiles.sample import sample_rows
from governance_pipeline.profiles.session import FileDamaged, FilesMoved, Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.subject_keys import SubjectKey
from governance_pipeline.profiles.subject_sets import SubjectSet
from governance_pipeline.profiles.subjects import subjects_of, withdrawn_subjects
from governance_pipeline.profiles.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
_NOTHING: Mapping[str, Partition] = {}


class IbisEngine:
    """Measures datasets where they are; see :class:`governance_pipeline.profiles.plan.Engine`.

    Parquet and CSV files and DuckDB databases are read by one in-process DuckDB, SQL databases through
    the connection that Ibis opens. Safe to use from several threads; keep one engine for many nights,
    so that it reads only the files that are new.

    Args:
        settings: connections, limits and the least size of a group.
        root: the project's folder; relative paths in contracts start there.
        environ: where ``${NAME}`` in a connection's URL is looked up.
        received: records of consent beside those of the ledger.
    """

    def __init__(
        self,
        settings: Settings,
        root: Path,
        environ: Mapping[str, str],
        received: ReceivedConsent | None = None,
    ) -> None:
        self._settings = settings
        self._root = root
        self._connections = Connections(settings, environ)
        self._tables = Tables(self._connections, root, settings.limits)
        self._consent = ConsentStates()
        self._access = AccessOfNight(root)
        self._received = ReceivedTables(received)

    def read(self, plan: ScanPlan, known: Mapping[str, Partition]) -> Scan:
        """The profile of one dataset, reading only partitions that are not ``known`` as they are now.

        Raises:
            SourceUnavailable: the table is missing, unreadable or unreachable.
            ScanTimedOut: the scan passed its limit (``scan_timeout`` of the contract, else of the settings).
        """
        return self._within(plan.contract, lambda limit: self._read(plan, known, limit))

    def _read(self, plan: ScanPlan, known: Mapping[str, Partition], limit: Limit) -> Scan:
        k = self._settings.minimum_group_size
        with self._open(plan, limit, known) as (session, table):
            moment = event_time(plan, table, session.dialect)
            if moment is None:
                plan = replace(plan, window_start=None)
            partitions, read = current_partitions(
                session, table, plan, moment, known, k=k, by_day=session.family != FILES
            )
            columns = specs(plan.contract, table.schema)
            profile = assemble(plan, partitions, columns, k=k, dated=moment is not None, state=table.state)
            groups, ungrouped = group_tables(session, table, plan, moment)
            profile = replace(
                profile,
                duplicate_keys=duplicate_keys(session, table, plan, moment, profile.rows),
                groups=groups,
                schema=(*profile.schema, *((name, type_) for name, type_, _ in table.unread)),
                unmeasured={
                    **unmeasured_facts(plan, table, moment),
                    **profile.unmeasured,
                    **ungrouped,
                    **{name: why for name, _, why in table.unread},
                },
            )
            profile = replace(profile, rules=rule_tallies(session, table, plan, profile))
            profile = self._with_consent(session, table, plan, profile)
            profile = self._with_erasures(session, table, plan, profile, moment)
            profile = self._with_access(session, plan, profile)
        return Scan(profile, partitions, read, days_of(plan, partitions))

    def scan(self, plan: ScanPlan) -> Profile:
        """The profile of one dataset, every partition read. Raises like :meth:`read`."""
        return self.read(plan, {}).profile

    def on_grids(self, plan: ScanPlan) -> Mapping[str, ColumnProfile]:
        """The columns of the plan's grids, counted on these over all rows. Raises like :meth:`read`."""
        k = self._settings.minimum_group_size

        def count(limit: Limit) -> Mapping[str, ColumnProfile]:
            with self._open(plan, limit) as (session, table):
                return columns_on_grids(session, table, plan, k=k)

        return self._within(plan.contract, count)

    def days(self, plan: ScanPlan) -> Days:
        """The compared columns by the day of each row; see :mod:`days`. Raises like :meth:`read`."""
        k = self._settings.minimum_group_size

        def days(limit: Limit) -> Days:
            with self._open(plan, limit) as (session, table):
                return rows_by_day(session, table, plan, event_time(plan, table, session.dialect), k=k)

        return self._within(plan.contract, days)

    def sample(self, plan: ScanPlan, columns: tuple[str, ...], rows: int) -> pd.DataFrame:
        """At most ``rows`` random rows of the window (and at most ``limits.sample_rows``).

        Raises:
            SourceUnavailable: the table is missing, unreadable or unreachable, or lacks a column.
            ScanTimedOut: it took longer than a scan of the table may.
        """
        most = min(rows, self._settings.limits.sample_rows)

        def sample(limit: Limit) -> pd.DataFrame:
            with self._open(plan, limit) as (session, table):
                return sample_rows(session, table, plan, columns, most)

        return self._within(plan.contract, sample)

    def cross(self, plan: CrossPlan) -> Crosses:
        """The snapshot's features counted by protected attributes and the label; see :mod:`cross`.

        What cannot be counted is named in ``unmeasured``, and the rest is counted all the same.

        Raises:
            SourceUnavailable: the snapshot is missing, unreadable or unreachable.
            ScanTimedOut: it took longer than a scan of the table may.
        """
        k = self._settings.minimum_group_size

        def count(limit: Limit) -> Crosses:
            with self._open(plan, limit) as (session, table):
                return count_crosses(session, self._tables, table, plan, k=k)

        found = self._within(plan.contract, count)
        return replace(found, unmeasured={key: self._shown(why) for key, why in found.unmeasured.items()})

    def subjects(self, plan: ScanPlan, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectSet]:
        """The people that a table's rows are about, hashed with each key, by its id.

        Raises like :meth:`read`.
        """

        def tell(limit: Limit) -> Mapping[str, SubjectSet]:
            with self._open(plan, limit) as (session, table):
                return subjects_of(session, table, plan, keys)

        return self._within(plan.contract, tell)

    def withdrawn(
        self, plan: ScanPlan, purpose: str, keys: Sequence[SubjectKey], since: datetime | None = None
    ) -> Mapping[str, SubjectSet]:
        """The people whose consent for ``purpose`` is withdrawn; see :class:`plan.Engine`."""

        def tell(limit: Limit) -> Mapping[str, SubjectSet]:
            with self._open(plan, limit) as (session, mapped):
                assert plan.consent is not None
                ledger = self._received.beside(session, mapped, plan.consent)
                return withdrawn_subjects(self._consent, session, ledger, plan, purpose, keys, since)

        return self._within(plan.contract, tell)

    def close(self) -> None:
        """Release connections, and the memory and disk that DuckDB used."""
        self._connections.close()

    def _within(self, contract: Contract, work: Callable[[Limit], T]) -> T:
        """What ``work`` finds in the time that a scan of the table may take; where a file disappeared
        meanwhile, once more, of the table as it is now.
        """
        limit = Limit(contract.scan_timeout or self._settings.limits.table_timeout_seconds, contract.dataset)

        def steadily() -> T:
            try:
                return work(limit)
            except FilesMoved:
                return work(limit)

        return cut_off(limit, steadily)

    @contextmanager
    def _open(
        self, plan: ScanPlan | CrossPlan, limit: Limit, known: Mapping[str, Partition] = _NOTHING
    ) -> Iterator[tuple[Session, SourceTable]]:
        dataset, location = plan.contract.dataset, plan.contract.location
        try:
            with self._connections.session(location) as session, session.limited(limit):
                if isinstance(plan, ScanPlan) and plan.consent is not None:
                    self._received.bring(session)
                with session.steady(), self._tables.open(session, location, known) as table:
                    yield session, table
        except FilesMoved as error:
            raise FilesMoved(
                f"files of {dataset} came and went while it was read: {self._shown(error.message)}",
                hint="run the night again once its files are all there",
            ) from error
        except FileDamaged as error:
            raise FileDamaged(self._shown(error.file or location.path)) from error
        except (StatementFailed, SourceUnavailable) as error:
            if limit.passed:  # whatever it was that the interrupt broke
                raise limit.error() from None
            if isinstance(error, SourceUnavailable):
                raise SourceUnavailable(self._shown(error.message), hint=error.hint) from error
            raise SourceUnavailable(
                f"{dataset} cannot be read: {self._shown(error.message)}",
                hint="repair the table, then run the night again",
            ) from error

    def _shown(self, message: str) -> str:
        """The message with paths as the contracts have them: in the project's folder."""
        return message.replace(f"{self._root}{os.sep}", "")

    def _with_consent(
        self, session: Session, table: SourceTable, plan: ScanPlan, profile: Profile
    ) -> Profile:
        contract, consent = plan.contract, plan.consent
        if consent is None or not contract.purposes or contract.subject_key is None:
            return profile
        try:
            if table.type_of(contract.subject_key) is None:
                why = table.absence(contract.subject_key)
                raise StatementFailed(f"the subject column '{contract.subject_key}' {why}")
            with self._beside(session, consent.location, "consent ledger") as mapped:
                ledger = self._received.beside(session, mapped, consent)
                tallies = self._consent.tallies(session, table, ledger, plan, consent)
                then, not_then = self._consent_then(session, table, ledger, plan, consent, tallies, profile)
        except FilesMoved:
            raise
        except CannotEvaluate as error:  # a ledger that hangs costs the table its consent only
            return self._without(profile, "consent", error)
        unmeasured = {**profile.unmeasured, **not_then}
        return replace(profile, consent=tallies, consent_then=then, unmeasured=unmeasured)

    def _with_erasures(
        self,
        session: Session,
        table: SourceTable,
        plan: ScanPlan,
        profile: Profile,
        moment: TimeColumn | None,
    ) -> Profile:
        asked = plan.erasures
        if asked is None:
            return profile
        try:
            with self._beside(session, asked.location, "register of erasures") as register:
                found = outlived(session, table, register, plan, asked, moment)
        except FilesMoved:
            raise
        except CannotEvaluate as error:
            return self._without(profile, "erasures", error)
        return replace(profile, outlived=found)

    def _with_access(self, session: Session, plan: ScanPlan, profile: Profile) -> Profile:
        if not plan.access:
            return profile
        try:
            found = self._access.of(session, plan.contract, plan.night)
        except CannotEvaluate as error:
            return self._without(profile, "access", error)
        return replace(profile, access=found)

    @contextmanager
    def _beside(self, session: Session, location: Location, what: str) -> Iterator[SourceTable]:
        """Another table, to be compared with the one that is scanned."""
        if family_of(location) != session.family:
            raise StatementFailed(
                f"the {what} is in another database than this table, so the two cannot be compared"
            )
        with self._tables.open(session, location) as found:
            yield found

    def _without(self, profile: Profile, part: str, error: CannotEvaluate) -> Profile:
        """The profile, with why a part of it is not known. Raises where the table itself may be damaged."""
        if isinstance(error, FileDamaged) and not error.file:
            raise error
        return replace(profile, unmeasured={**profile.unmeasured, part: self._shown(error.message)})

    def _consent_then(
        self,
        session: Session,
        table: SourceTable,
        ledger: SourceTable,
        plan: ScanPlan,
        consent: ConsentPlan,
        tallies: Sequence[ConsentTally],
        profile: Profile,
    ) -> tuple[tuple[ConsentThen, ...], dict[str, str]]:
        """Consent at other moments; what cannot be told of them costs nothing else."""
        try:
            return self._consent.then(session, table, ledger, plan, consent, tallies, profile), {}
        except StatementFailed as error:
            return (), {"consent_then": self._shown(error.message)}
