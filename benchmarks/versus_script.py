"""A whole night beside the script a team writes today, 1M rows against 1M rows of 25 columns.

Both are whole processes, from the start of the interpreter. Ours is ``governance nightly`` over the
training snapshot, the feature table, the decisions and the ledger, with the store, risk and incidents.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import processes
from benchmarks.data import standard
from benchmarks.figure import Figure

ROWS, QUICK_ROWS, FIRST_ROWS = 1_000_000, 100_000, 10_000


def run(quick: bool) -> Iterator[Figure]:
    _both(FIRST_ROWS)  # the first time, Python compiles the libraries of either
    theirs, ours = _both(QUICK_ROWS if quick else ROWS)
    yield Figure("times faster than a team's script", theirs.seconds / ours.seconds, "x", 25, ">=")
    yield Figure("times less CPU than a team's script", theirs.cpu / ours.cpu, "x")
    yield Figure("memory, share of a team's script", ours.memory / theirs.memory, "", 0.25)
    yield Figure("a team's script", theirs.seconds, "s")
    yield Figure("a team's script, memory", theirs.memory / 1e6, "MB")
    yield Figure("our night over the same", ours.seconds, "s")
    yield Figure("our night, memory", ours.memory / 1e6, "MB")


def _both(rows: int) -> tuple[processes.Ran, processes.Ran]:
    files = (standard.training(rows), standard.serving(rows), standard.consents(rows // 5))
    theirs = processes.run("benchmarks.peers.team_script", *map(str, files))
    return theirs, processes.run("benchmarks.peers.our_night", str(standard.model_project(rows).root))
