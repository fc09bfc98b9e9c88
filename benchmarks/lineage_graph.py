"""A graph of 100,000 nodes and 500,000 edges: read from the store in one go, then asked in memory.

Columns of source tables feed columns of ten layers of tables, each from five of the layer before, drawn at
random with a fixed seed; models learn from the last layer and run in deployments. The trace asked for is
that of a deployment, and the impact that of a source column: each the one that reaches the most. What a
question costs is the fastest of five; loading is once, with the index that the first question would build.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from benchmarks.data.cache import fresh
from benchmarks.figure import Figure
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.ranking import affected
from governance_pipeline.store.open import open_store
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy

NODES, QUICK_NODES = 100_000, 10_000
LAYERS, SOURCES_OF_A_COLUMN, COLUMNS_OF_A_TABLE = 10, 5, 50
MODELS_SHARE = 0.01
BAR_MS = 100.0
NIGHT = date(2026, 3, 1)
SAMPLED = 20
SEED = 20260301


def run(quick: bool) -> Iterator[Figure]:
    nodes = QUICK_NODES if quick else NODES
    edges = list(_edges(nodes))
    url = f"sqlite:///{fresh('lineage-graph')}/store.db"
    store = open_store(url)
    with store.begin() as unit:
        unit.lineage.replace(NIGHT, edges)
    begun = time.perf_counter()
    with store.begin() as unit:
        read = unit.lineage.of_night(NIGHT)
    graph = LineageGraph.of(read)
    first = Entity.column("layer0.table0", "c0")
    graph.outgoing(first)
    seconds = time.perf_counter() - begun
    store.close()
    if len(graph.edges) != len(edges):
        raise RuntimeError(f"{len(graph.edges)} of {len(edges)} edges were read")
    size = f"{len(graph.nodes):,} nodes, {len(graph.edges):,} edges"
    yield Figure("lineage graph: load from SQLite, with its index", seconds, "s", note=size)
    last = [node for node in graph.nodes if node.name.startswith("service")]
    yield _asked("trace", graph, sorted(last), down=False)
    sources = sorted(node for node in graph.nodes if node.name.startswith("layer0."))
    yield _asked("impact", graph, sources, down=True)
    widest = _widest(graph, sources, down=True)
    taken = _fastest(lambda: affected(graph, [widest], {}))
    yield Figure("lineage graph: impact, ranked with owners and ways", taken, "ms")


def _asked(word: str, graph: LineageGraph, nodes: Sequence[Entity], *, down: bool) -> Figure:
    node = _widest(graph, nodes, down=down)
    reached = len(graph.distances(node, down=down)) - 1
    taken = _fastest(lambda: graph.distances(node, down=down))
    return Figure(f"lineage graph: {word}", taken, "ms", BAR_MS, "<=", f"reaches {reached:,} nodes")


def _widest(graph: LineageGraph, nodes: Sequence[Entity], *, down: bool) -> Entity:
    some = random.Random(SEED).sample(nodes, min(SAMPLED, len(nodes)))
    return max(some, key=lambda node: len(graph.distances(node, down=down)))


def _fastest(question: Callable[[], object]) -> float:
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        question()
        taken.append((time.perf_counter() - begun) * 1000)
    return min(taken)


def _edges(nodes: int) -> Iterator[Edge]:
    chosen = random.Random(SEED)
    models = max(1, int(nodes * MODELS_SHARE / 2))
    per_layer = (nodes - 2 * models) // (LAYERS + 1)
    above = [_column(0, number) for number in range(per_layer)]
    for layer in range(1, LAYERS + 1):
        here = [_column(layer, number) for number in range(per_layer)]
        for column in here:
            for source in chosen.sample(above, SOURCES_OF_A_COLUMN + (layer % 2)):
                yield Edge(source, column, EdgeKind.FEEDS, KnownBy.DISCOVERED, f"sql/{layer}.sql:1", "a + b")
        above = here
    for number in range(models):
        model, service = Entity.model(f"model{number}"), Entity.deployment(f"service{number}")
        for column in chosen.sample(above, 10):
            yield Edge(column, model, EdgeKind.TRAINS, evidence=f"models/model{number}.yaml")
        yield Edge(model, service, EdgeKind.DEPLOYED_TO, evidence=f"models/model{number}.yaml")


def _column(layer: int, number: int) -> Entity:
    table, column = divmod(number, COLUMNS_OF_A_TABLE)
    return Entity.column(f"layer{layer}.table{table}", f"c{column}")
