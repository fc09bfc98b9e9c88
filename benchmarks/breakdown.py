"""Where the time of one scan goes: its statements by the function that asked, and DuckDB's operators in them.

The engine offers no hook for this, so the one method that all of its statements go through is replaced
while the scan runs; DuckDB's own profiler tells what it did for each.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

from governance_pipeline.profiles.session import Session

KINDS = ("read", "project", "aggregate", "group", "join", "sort", "other")
"""What DuckDB's operators do."""

_KIND_OF = {
    "TABLE_SCAN": "read", "READ_PARQUET": "read", "PROJECTION": "project", "FILTER": "project",
    "UNGROUPED_AGGREGATE": "aggregate", "SIMPLE_AGGREGATE": "aggregate", "HASH_GROUP_BY": "group",
    "PERFECT_HASH_GROUP_BY": "group", "PARTITIONED_AGGREGATE": "group", "HASH_JOIN": "join",
    "LEFT_DELIM_JOIN": "join", "NESTED_LOOP_JOIN": "join", "WINDOW": "sort", "STREAMING_WINDOW": "sort",
    "ORDER_BY": "sort", "TOP_N": "sort",
}  # fmt: skip


@dataclass(slots=True)
class Phase:
    """The statements of one function.

    Attributes:
        name: ``module.function``.
        seconds: that the function waited.
        work: seconds that DuckDB's threads worked, by kind of operator.
    """

    name: str
    statements: int = 0
    seconds: float = 0.0
    work: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One scan. ``python`` is the part of ``seconds`` in which no statement ran."""

    seconds: float
    phases: tuple[Phase, ...]

    @property
    def python(self) -> float:
        return max(0.0, self.seconds - sum(phase.seconds for phase in self.phases))


def broken_down(scan: Callable[[], object]) -> Breakdown:
    """Run ``scan`` and watch its statements; the phases come in the order of their first statement."""
    phases: dict[str, Phase] = {}
    begun = perf_counter()
    with _watched(phases):
        scan()
    return Breakdown(perf_counter() - begun, tuple(phases.values()))


def python_time(scan: Callable[[], object]) -> Mapping[str, float]:
    """Seconds of the calling thread by the package whose code ran, the most first.

    Measured by cProfile, which makes Python code two to three times slower than it is: read the shares.
    """
    profiler = cProfile.Profile()
    profiler.runcall(scan)
    found: dict[str, float] = {}
    for (file, _, function), (_, _, own, *_) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]  # typeshed leaves it out
        name = _package(file, function)
        found[name] = found.get(name, 0.0) + own
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@contextmanager
def _watched(phases: dict[str, Phase]) -> Iterator[None]:
    original = Session.rows

    def rows(self: Session, statement: str) -> list[tuple[Any, ...]]:
        phase = phases.setdefault(name := _asker(), Phase(name))
        self.connection.execute("SET enable_profiling = 'no_output'")
        begun = perf_counter()
        found = original(self, statement)
        phase.seconds += perf_counter() - begun
        phase.statements += 1
        _add(json.loads(self.connection.get_profiling_information()), phase.work)
        return found

    with patch.object(Session, "rows", rows):
        yield


def _asker() -> str:
    """The nearest function of the profiles package that is not part of the session itself."""
    frame = sys._getframe(2)  # noqa: SLF001 - the documented way to a caller's name
    while frame.f_back is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith("governance_pipeline.profiles") and not module.endswith(".session"):
            return f"{module.rpartition('.')[2]}.{frame.f_code.co_name.lstrip('_')}"
        frame = frame.f_back
    return "elsewhere"


def _add(node: Mapping[str, Any], into: dict[str, float]) -> None:
    """Add an operator's time, and that of those it reads from."""
    kind = _KIND_OF.get(str(node.get("operator_type", "")).upper(), "other")
    into[kind] += float(node.get("operator_timing", 0.0))
    for child in node.get("children", ()):
        _add(child, into)


def _package(file: str, function: str) -> str:
    if "duckdb" in function.lower() and file == "~":
        return "waiting for DuckDB"
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    return "governance_pipeline" if "governance_pipeline" in parts else "Python itself"
