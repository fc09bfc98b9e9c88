"""The ledger: acts entered and signed, each in its own transaction, and a whole ledger verified.

An act is a comment in a review, as `governance review comment` writes it: its row, its entry, its payload,
one commit and one checkpoint. A ledger to verify has entries with payloads; every signature is checked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from benchmarks.data.cache import fresh
from benchmarks.figure import Figure
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.signing import SigningKeys
from governance_pipeline.store.ledger_check import verify_ledger
from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind, ReviewAct, ReviewEvent
from tests.postgres import running_postgres

ACTS, QUICK_ACTS = 3_000, 300
ENTRIES, QUICK_ENTRIES = 100_000, 3_000
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def run(quick: bool) -> Iterator[Figure]:
    folder = fresh("ledger")
    acts = QUICK_ACTS if quick else ACTS
    sqlite = f"sqlite:///{folder}/store.db"
    yield Figure(
        "ledger: signed acts a second, SQLite", _appends(sqlite, folder / "a", acts), "/s", 500, ">="
    )
    with running_postgres() as server, server.database() as url:
        upgrade_store(url)
        rate = _appends(url, folder / "b", acts)
    yield Figure("ledger: signed acts a second, Postgres", rate, "/s", 500, ">=")
    entries = QUICK_ENTRIES if quick else ENTRIES
    seconds = _verification(f"sqlite:///{folder}/large.db", folder / "c", entries)
    bar = None if quick else 20
    yield Figure(f"ledger: {entries:,} entries verified, signatures and all", seconds, "s", bar, "<=")


def _log(folder: Path) -> CheckpointLog:
    return CheckpointLog(folder / "checkpoints", "benchmark", SigningKeys(folder / "keys"))


def _appends(url: str, folder: Path, acts: int) -> float:
    store = open_store(url, witness=_log(folder))
    with store.begin() as unit:
        milestone = Milestone("m", MilestoneKind.MANUAL, date(2026, 3, 14), "model", "1", "By hand.")
        unit.reviews.open(milestone, "REV-1", ReviewEvent("REV-1", 1, ReviewAct.OPENED, NOON, "nightly"))
    begun = time.perf_counter()
    for number in range(acts):
        event = ReviewEvent("REV-1", number + 2, ReviewAct.COMMENTED, NOON, "ada", {"text": "Read it."})
        with store.begin() as unit:
            unit.reviews.append(event)
    seconds = time.perf_counter() - begun
    store.close()
    return acts / seconds


def _verification(url: str, folder: Path, entries: int) -> float:
    log = _log(folder)
    store = open_store(url, witness=log)
    for start in range(0, entries, 10_000):
        with store.begin() as unit:
            for number in range(start, min(start + 10_000, entries)):
                unit.ledger.append("benchmark.act", f"thing {number}", NOON, {"number": number})
    begun = time.perf_counter()
    report = verify_ledger(store, log)
    seconds = time.perf_counter() - begun
    store.close()
    if not report.holds or report.size != entries:
        raise RuntimeError(f"the ledger does not verify: {report.faults[:3]}")
    return seconds
