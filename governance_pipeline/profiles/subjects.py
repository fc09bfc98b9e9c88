"""Who is in a table, and who has withdrawn: told by the engine as digests, and hashed with the project's key.

What comes out of the engine is the MD5 of each subject's text, which is the same on every engine; what is
kept of it is a keyed hash. A table with many subjects is read in sixteen parts, so that memory stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.consent_states import ConsentStates
from governance_pipeline.profiles.ledger import WITHDRAWN
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.subject_keys import SubjectKey
from governance_pipeline.profiles.subject_sets import SubjectSet

AT_ONCE = 2_000_000
"""Subjects that one statement may bring; they take about 150 bytes each until they are hashed."""

_ONE_TEXT_EACH = ("string", "integer")
"""Types of which no two different values have the same text, so that tables may be shared with the scans."""

Sets = Mapping[str, SubjectSet]


def subjects_of(session: Session, table: SourceTable, plan: ScanPlan, keys: Sequence[SubjectKey]) -> Sets:
    """The distinct subjects of all rows, by key.

    Raises:
        StatementFailed: the table has no subject column, or cannot be read.
    """
    column = plan.contract.subject_key
    if column is None or table.type_of(column) is None:
        raise StatementFailed(f"the subject column '{column}' is not in the table")

    def digests() -> exp.Select:
        subject = sql.named(column)
        return sql.select([sql.labelled(exp.MD5(this=sql.text_of(subject)), "digest")], table.relation).where(
            sql.present(sql.named(column)), copy=False
        )

    return _hashed(session, digests, keys)


def withdrawn_subjects(
    states: ConsentStates,
    session: Session,
    ledger: SourceTable,
    plan: ScanPlan,
    purpose: str,
    keys: Sequence[SubjectKey],
    since: datetime | None = None,
) -> Sets:
    """Those whose consent for ``purpose`` the ledger says is withdrawn at ``plan.as_of``, by key.

    Args:
        states: what the night has decided of the ledger already.
        since: without those for whom it said so at this time already.

    Raises:
        StatementFailed: the ledger cannot be read.
    """
    now = _withdrawn(states, session, ledger, plan, purpose, keys)
    if since is None:
        return now
    before = _withdrawn(states, session, ledger, replace(plan, as_of=since), purpose, keys)
    return {key: found.without(before[key]) for key, found in now.items()}


def _withdrawn(
    states: ConsentStates,
    session: Session,
    ledger: SourceTable,
    plan: ScanPlan,
    purpose: str,
    keys: Sequence[SubjectKey],
) -> Sets:
    consent = plan.consent
    assert consent is not None
    subject = ledger.type_of(consent.ledger.subject)
    as_text = subject is None or subject.family not in _ONE_TEXT_EACH
    with states.stated(session, ledger, plan, consent, (purpose,), as_text=as_text) as (relation, told):
        state = sql.own(f"s{told.index(purpose)}")

        def digests() -> exp.Select:
            digest = exp.MD5(this=sql.text_of(sql.own("subject")))
            return sql.select([sql.labelled(digest, "digest")], relation.copy()).where(
                sql.both(sql.present(sql.own("subject")), sql.equal(state.copy(), sql.number(WITHDRAWN))),
                copy=False,
            )

        return _hashed(session, digests, keys)


def _hashed(session: Session, digests: Callable[[], exp.Select], keys: Sequence[SubjectKey]) -> Sets:
    """Told at once; where that would be too many, in sixteen parts."""
    made: dict[str, list[bytes]] = {key.id: [] for key in keys}
    first = _told(session, digests().limit(AT_ONCE + 1, copy=False), None)
    whole = len(first) <= AT_ONCE
    for told in [first] if whole else (_told(session, digests(), part) for part in "0123456789abcdef"):
        for key in keys:
            made[key.id].append(key.hashed(told))
    return {key: SubjectSet.of(b"".join(some)) for key, some in made.items()}


def _told(session: Session, digests: exp.Select, part: str | None) -> list[str]:
    asked = sql.select([sql.own("digest")], digests.distinct(copy=False).subquery("d", copy=False))
    if part is not None:
        first = exp.Substring(this=sql.own("digest"), start=sql.number(1), length=sql.number(1))
        asked = asked.where(sql.equal(first, exp.Literal.string(part)), copy=False)
    return [str(row[0]) for row in session.rows(sql.render(asked, session.dialect))]
