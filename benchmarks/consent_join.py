"""Consent of a table's subjects beside the plain hash join of the same two tables in the same engine.

Ours is the difference of a scan that asks for the consent tally and one that does not: it decides the
state of every subject from the records, and counts subjects and rows. The plain join counts rows by the
status of the records that match.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sqlglot import exp

from benchmarks.data import ledger, project, reference_table
from benchmarks.data.cache import fresh
from benchmarks.data.reference_table import NIGHT, Rows
from benchmarks.data.standard import consents, duckdb_like_ours
from benchmarks.figure import Figure
from benchmarks.timing import least
from governance_pipeline.charter.project import Project
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan, ScanPlan
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.scanning import plan_scan

ROWS, QUICK_ROWS = 100_000_000, 2_000_000
SUBJECTS_PER_ROW = 0.1
OLDER_DAYS = 900
"""The consents were given from January 2024 on, some 800 days before the night."""
COLUMNS = ("event_time", "subject")


def run(quick: bool) -> Iterator[Figure]:
    rows = QUICK_ROWS if quick else ROWS
    repeats = 3 if quick else 1
    records = consents(int(rows * SUBJECTS_PER_ROW))
    today = _Case(rows, 1, records)
    _check(_scan(today.governed, today.plan), today.table)
    plain, joined, bare, then = least(
        repeats,
        lambda: _plain(today.table, records),
        lambda: _scan(today.governed, today.plan),
        lambda: _scan(today.governed, replace(today.plan, consent=None)),
        lambda: _scan(today.governed, today.at_event),
    )
    today.table.unlink()
    yield Figure("consent, times the plain hash join", (joined.wall - bare.wall) / plain.wall, "x", 3)
    yield Figure("consent, times the plain hash join, CPU", (joined.cpu - bare.cpu) / plain.cpu, "x")
    yield Figure(
        "consent, also at each row's own time, times the join", (then.wall - bare.wall) / plain.wall, "x", 3
    )
    yield Figure("consent of the subjects", joined.wall - bare.wall, "s")
    yield Figure("plain hash join", plain.wall, "s")
    long = _Case(rows, OLDER_DAYS, records)
    plain, bare, then = least(
        repeats,
        lambda: _plain(long.table, records),
        lambda: _scan(long.governed, replace(long.plan, consent=None)),
        lambda: _scan(long.governed, long.at_event),
    )
    long.table.unlink()
    yield Figure(
        "the same of a table that begins before all consents", (then.wall - bare.wall) / plain.wall, "x"
    )


class _Case:
    """A table of so many days, and the project that holds it against the ledger."""

    def __init__(self, rows: int, days: int, records: Path) -> None:
        self.table = reference_table.write(
            fresh("subjects"), Rows(rows, subjects=int(rows * SUBJECTS_PER_ROW), days=days), COLUMNS
        )
        self.governed = project.make(
            fresh("consent"),
            [project.Table("rows", str(self.table), columns=COLUMNS, consent=True)],
            ledger_path=records,
            limits={"table_timeout_seconds": 3600},
        )
        self.plan = _plan(self.governed)

    @property
    def at_event(self) -> ScanPlan:
        """The plan that asks for consent at each row's own time too."""
        assert self.plan.consent is not None
        return replace(self.plan, consent=replace(self.plan.consent, at_event=True))


def _plan(governed: Project) -> ScanPlan:
    declared = governed.settings.consent
    assert declared is not None
    consent = ConsentPlan(declared, governed.contracts[declared.dataset].location)
    contract = governed.contracts[f"{project.NAMESPACE}.rows"]
    return plan_scan(contract, NIGHT, governed.playbook, consent=consent)


def _scan(governed: Project, plan: ScanPlan) -> Profile:
    engine = IbisEngine(governed.settings, governed.root, {})
    try:
        return engine.scan(plan)
    finally:
        engine.close()


def _plain(table: Path, records: Path) -> list[tuple[object, ...]]:
    query = (
        exp.select(exp.column("status"), exp.Count(this=exp.Star()))
        .from_(_parquet(table))
        .join(_parquet(records), using=["subject"], join_type="left")
        .group_by(exp.column("status"))
    )
    with duckdb_like_ours() as peer:
        return peer.execute(query.sql(dialect="duckdb")).fetchall()


def _check(profile: Profile, table: Path) -> None:
    """The tally is what the ledger was made to say; a wrong answer has no speed.

    Raises:
        RuntimeError: it is not.
    """
    rules = {"absent": ledger.UNKNOWN, "withdrawn": ledger.WITHDRAWN, "expired": ledger.EXPIRED}
    subjects = exp.select(exp.alias_(exp.column("subject"), "s")).distinct().from_(_parquet(table))
    counts = [exp.CountIf(this=exp.condition(rule, dialect="duckdb")) for rule in rules.values()]
    query = exp.select(exp.Count(this=exp.Star()), *counts).from_(subjects.subquery("subjects"))
    with duckdb_like_ours() as peer:
        wanted = peer.execute(query.sql(dialect="duckdb")).fetchall()[0]
    (tally,) = profile.consent
    if (tally.subjects, tally.absent, tally.withdrawn, tally.expired) != wanted:
        raise RuntimeError(f"the tally is {tally}, not {wanted}")


def _parquet(path: Path) -> exp.Table:
    return exp.Table(this=exp.func("read_parquet", exp.Literal.string(str(path))))
