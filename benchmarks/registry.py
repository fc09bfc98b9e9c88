"""Every topic by name: a module with ``run(quick) -> Iterator[Figure]``. A new one is one line here.

Modules are imported when their topic runs, so that none of them weighs on the measurement of another,
and one that cannot be imported costs its own topic only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from benchmarks.figure import Figure

Topic = Callable[[bool], Iterator[Figure]]

TOPICS: Mapping[str, str] = {
    "start-up": "benchmarks.start_up",
    "nights": "benchmarks.nights",
    "scan": "benchmarks.scan",
    "evidently": "benchmarks.versus_evidently",
    "script": "benchmarks.versus_script",
    "new-partition": "benchmarks.new_partition",
    "many-tables": "benchmarks.many_tables",
    "consent": "benchmarks.consent_join",
    "withdrawals": "benchmarks.withdrawals",
    "lineage-events": "benchmarks.lineage_events",
    "lineage-graph": "benchmarks.lineage_graph",
    "ledger": "benchmarks.ledger",
    "memory": "benchmarks.memory",
    "drift": "benchmarks.statistics_drift",
    "bias": "benchmarks.statistics_bias",
}


def topic(module: str) -> Topic:
    """The topic that a module measures."""
    found: Topic = import_module(module).run
    return found
