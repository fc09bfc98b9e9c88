"""20,000 people withdraw: which of 500 training snapshots of a million people hold how many of them?

Snapshots share half of their people, as those of one population do. Their sets are read back from what the
store keeps of them, with the bitmap that the first question would make; then the question is asked of all.
The answers are compared with those of plain Python sets for the first and the last.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from benchmarks.figure import Figure
from governance_pipeline.profiles.subject_sets import SubjectSet

SNAPSHOTS, QUICK_SNAPSHOTS = 500, 50
PEOPLE, QUICK_PEOPLE = 1_000_000, 100_000
WITHDRAWN = 20_000
BAR_SECONDS, BAR_BYTES = 1.0, 8.0
ASKED = 5
SEED = 20260301


def run(quick: bool) -> Iterator[Figure]:
    snapshots, people = (QUICK_SNAPSHOTS, QUICK_PEOPLE) if quick else (SNAPSHOTS, PEOPLE)
    rng = np.random.default_rng(SEED)
    shared = rng.integers(0, 2**64, people // 2, dtype=np.uint64)
    sets: list[SubjectSet] = []
    stored, loading = 0, 0.0
    for _ in range(snapshots):
        own = rng.integers(0, 2**64, people - len(shared), dtype=np.uint64)
        body = SubjectSet(np.concatenate([shared, own])).encode()
        stored += len(body)
        begun = time.perf_counter()
        sets.append(SubjectSet.decode(body))
        sets[-1].count_of(SubjectSet(own[:1]))
        loading += time.perf_counter() - begun
    known = rng.choice(shared, WITHDRAWN // 4, replace=False)
    others = rng.integers(0, 2**64, WITHDRAWN - len(known), dtype=np.uint64)
    gone = SubjectSet(np.concatenate([known, others]))
    seconds, found = min(_asked(sets, gone) for _ in range(ASKED))
    for place in (0, -1):
        if found[place] != len(set(sets[place].hashes.tolist()) & set(gone.hashes.tolist())):
            raise RuntimeError("the sets do not count what Python's own do")
    size = f"{WITHDRAWN:,} withdrawals, {snapshots} snapshots of {people:,} people"
    yield Figure("withdrawal impact, once manifests are loaded", seconds, "s", BAR_SECONDS, "<=", size)
    yield Figure("a subject manifest, each person", stored / snapshots / people, "bytes", BAR_BYTES)
    yield Figure("loading a manifest", loading / snapshots * 1000, "ms")


def _asked(sets: list[SubjectSet], gone: SubjectSet) -> tuple[float, list[int]]:
    begun = time.perf_counter()
    found = [one.count_of(gone) for one in sets]
    return time.perf_counter() - begun, found
