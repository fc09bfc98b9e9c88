"""Decides the consent ledger's states once per night, for all datasets that are compared with it."""

from __future__ import annotations

from threading import Lock

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.connect import FILES
from governance_pipeline.profiles.consent import consent_tallies, subjects_differ
from governance_pipeline.profiles.facts import event_time
from governance_pipeline.profiles.ledger import ledger_states
from governance_pipeline.profiles.ledger_forms import vendor_masks
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import ConsentTally
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable

_Key = tuple[object, ...]
_KEPT = 4  # ends of the night and subject types that one night may mix


class ConsentStates:
    """Keeps the states as tables in DuckDB; in other databases they are part of the query."""

    def __init__(self) -> None:
        self._lock = Lock()
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
        contract = plan.contract
        as_text = subjects_differ(table, consent, ledger, contract.subject_key or "")
        moment = event_time(plan, table, session.dialect)

        def states() -> exp.Select:
            vendors = vendor_masks(session, consent, ledger)
            return ledger_states(consent, ledger, plan, session.dialect, as_text=as_text, vendors=vendors)

        if session.family != FILES:
            stated = states().subquery("ledger", copy=False)
            return consent_tallies(session, table, stated, plan, moment, as_text=as_text)
        key = (
            consent.location,
            ledger.state,
            plan.as_of,
            consent.zone.key,
            consent.conflict,
            as_text,
            repr((consent.ledger, consent.words, consent.notices)),
        )
        with session.holding(self._lock):  # held while the table is used, so that nobody drops it
            name = self._tables.get(key) or self._store(session, key, states())
            return consent_tallies(session, table, exp.table_(name), plan, moment, as_text=as_text)

    def _store(self, session: Session, key: _Key, states: exp.Select) -> str:
        while len(self._tables) >= _KEPT:
            oldest = next(iter(self._tables))
            session.rows(
                sql.render(exp.Drop(this=exp.table_(self._tables.pop(oldest)), kind="TABLE"), "duckdb")
            )
        self._named += 1
        name = f"consent_{self._named}"
        session.rows(sql.render(exp.Create(this=exp.table_(name), kind="TABLE", expression=states), "duckdb"))
        self._tables[key] = name
        return name
