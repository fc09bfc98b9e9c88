"""Decides the consent ledger's states once per night, for all datasets that are compared with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import RLock

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.connect import FILES
from governance_pipeline.profiles.consent import consent_tallies, subjects_differ
from governance_pipeline.profiles.consent_spans import clock_of, spans
from governance_pipeline.profiles.consent_then import Now, at_event, at_training, purposes_on_consent
from governance_pipeline.profiles.facts import event_time
from governance_pipeline.profiles.ledger import ledger_states
from governance_pipeline.profiles.ledger_forms import vendor_masks
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import ConsentTally, ConsentThen, Profile
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable

_Key = tuple[object, ...]
_KEPT = 4  # ends of the night and subject types that one night may mix
_TOGETHER = 12
"""Purposes that are decided for all tables together: each is one comparison more for every record."""


class ConsentStates:
    """Keeps the states as tables in DuckDB; in other databases they are part of the query."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._tables: dict[_Key, str] = {}
        self._named = 0

    def tallies(
        self,
        session: Session,
        table: SourceTable,
        ledger: SourceTable,
        plan: ScanPlan,
        consent: ConsentPlan,
    ) -> tuple[ConsentTally, ...]:
        """One tally per purpose of the contract.

        Raises:
            StatementFailed: the ledger or the table cannot be read or joined.
        """
        as_text = subjects_differ(table, consent, ledger, plan.contract.subject_key or "")
        moment = event_time(plan, table, session.dialect)

        asked = tuple(dict.fromkeys(use.purpose for use in plan.contract.purposes))
        with self.stated(session, ledger, plan, consent, asked, as_text=as_text) as (states, told):
            return consent_tallies(session, table, states, plan, moment, told=told, as_text=as_text)

    @contextmanager
    def stated(
        self,
        session: Session,
        ledger: SourceTable,
        plan: ScanPlan,
        consent: ConsentPlan,
        asked: tuple[str, ...],
        *,
        as_text: bool,
    ) -> Iterator[tuple[exp.Expression, tuple[str, ...]]]:
        """A relation of :func:`ledger.ledger_states`, and the purposes that it tells, in order: those asked
        for, and where it is kept those that the whole project asks for.

        Raises:
            StatementFailed: the ledger cannot be read.
        """
        told = _told(session, consent, asked)

        def states() -> exp.Select:
            vendors = vendor_masks(session, consent, ledger)
            return ledger_states(
                consent, ledger, plan, session.dialect, told, as_text=as_text, vendors=vendors
            )

        key = (*self._key(consent, ledger, plan, as_text), told)
        with self._kept(session, key, states) as relation:
            yield relation, told

    def then(
        self,
        session: Session,
        table: SourceTable,
        ledger: SourceTable,
        plan: ScanPlan,
        consent: ConsentPlan,
        tallies: Sequence[ConsentTally],
        profile: Profile,
    ) -> tuple[ConsentThen, ...]:
        """How it was at training, and at each row's own time, where the plan asks for them.

        Args:
            tallies: of the table as of the night.
            profile: the table's; its rows are dated as it says.

        Raises:
            StatementFailed: the ledger or the table cannot be read or joined.
        """
        found: tuple[ConsentThen, ...] = ()
        if consent.trained_at is not None:
            known = replace(plan, as_of=min(consent.trained_at, plan.as_of))
            found += at_training(self.tallies(session, table, ledger, known, consent), consent.trained_at)
        moment = event_time(plan, table, session.dialect)
        if not consent.at_event or moment is None or not purposes_on_consent(plan):
            return found
        as_text = subjects_differ(table, consent, ledger, plan.contract.subject_key or "")
        clock = clock_of(moment, consent, ledger, session.dialect)
        told = _told(session, consent, purposes_on_consent(plan))

        def held() -> exp.Select:
            vendors = vendor_masks(session, consent, ledger)
            return spans(
                consent, ledger, plan, session.dialect, told, as_text=as_text, vendors=vendors, clock=clock
            )

        key = (*self._key(consent, ledger, plan, as_text), "spans", clock, told)
        asked = tuple(dict.fromkeys(use.purpose for use in plan.contract.purposes))
        with (
            self.stated(session, ledger, plan, consent, asked, as_text=as_text) as (states, _),
            self._kept(session, key, held) as kept,
        ):
            kept_apart = states if session.family == FILES else None
            now = Now({one.purpose: one for one in tallies}, kept_apart, profile.oldest, profile.undated_rows)
            return found + at_event(
                session, table, kept, plan, moment, now, told=told, as_text=as_text, clock=clock
            )

    def _key(self, consent: ConsentPlan, ledger: SourceTable, plan: ScanPlan, as_text: bool) -> _Key:
        said = repr((consent.ledger, consent.words, consent.notices))
        return (consent.location, ledger.state, plan.as_of, consent.zone.key, consent.conflict, as_text, said)

    @contextmanager
    def _kept(self, session: Session, key: _Key, made: Callable[[], exp.Select]) -> Iterator[exp.Expression]:
        """The relation to join with; held while it is used, so that nobody drops it."""
        if session.family != FILES:
            yield made().subquery("ledger", copy=False)
            return
        with session.holding(self._lock):
            name = self._tables.pop(key, "") or self._store(session, made())
            self._tables[key] = name  # the newest: what is dropped is what was used least lately
            yield exp.table_(name)

    def _store(self, session: Session, states: exp.Select) -> str:
        while len(self._tables) >= _KEPT:
            oldest = next(iter(self._tables))
            session.rows(
                sql.render(exp.Drop(this=exp.table_(self._tables.pop(oldest)), kind="TABLE"), "duckdb")
            )
        self._named += 1
        name = f"consent_{self._named}"
        session.rows(sql.render(exp.Create(this=exp.table_(name), kind="TABLE", expression=states), "duckdb"))
        return name


def _told(session: Session, consent: ConsentPlan, asked: tuple[str, ...]) -> tuple[str, ...]:
    """The purposes that the ledger is asked for: where what it says is kept, those of the whole project."""
    shared = session.family == FILES and set(asked) <= set(consent.purposes)
    return consent.purposes if shared and len(consent.purposes) <= _TOGETHER else asked
