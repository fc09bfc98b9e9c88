"""Where something comes from, drawn: tables from left to right, in layers, what is wrong with a red frame.

Layered drawing after Sugiyama, Tagawa and Toda (1981): layers by the longest way, the order within a layer by
the mean place of the neighbours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from markupsafe import Markup

from governance_pipeline.lineage.graph import LineageGraph, owner_dataset
from governance_pipeline.vocabulary.entity import Entity, EntityKind

MOST_NODES = 60
"""More than this nobody reads in a picture."""

_W, _H, _ACROSS, _DOWN, _MARGIN = 158, 38, 46, 14, 4
_LETTERS = 21
_SWEEPS = 6
_DRAWN = frozenset({EntityKind.SOURCE, EntityKind.DATASET, EntityKind.MODEL, EntityKind.VERSION})

_Arrows = Mapping[Entity, Sequence[Entity]]


def lineage_picture(graph: LineageGraph, node: Entity, wrong: Collection[Entity]) -> Markup:
    """What ``node`` is made from, as inline SVG; "" where nothing is known, or too much to draw.

    Args:
        wrong: what something was found on.
    """
    arrows = _between_tables(graph, node)
    nodes = sorted({*arrows, *(end for ends in arrows.values() for end in ends)})
    if not arrows or len(nodes) > MOST_NODES:
        return Markup()
    layers = _ordered(_layers(nodes, arrows), arrows)
    places = _placed(layers)
    drawn = [
        *(_arrow(places[start], places[end]) for start, ends in arrows.items() for end in ends),
        *(_node(one, places[one], bad=one in wrong) for one in nodes),
    ]
    width = len(layers) * (_W + _ACROSS) - _ACROSS + 2 * _MARGIN
    height = max(map(len, layers)) * (_H + _DOWN) - _DOWN + 2 * _MARGIN
    said = f"What {node.name} is made from: {', '.join(one.name for one in nodes if one != node)}"
    return Markup(
        '<svg viewBox="0 0 {w} {h}" width="{w}" role="img" aria-label="{said}">{drawn}</svg>'
    ).format(w=width, h=height, said=said, drawn=Markup().join(drawn))


def _between_tables(graph: LineageGraph, node: Entity) -> dict[Entity, list[Entity]]:
    """Arrows between whole tables, on the way to ``node``."""
    found: dict[Entity, set[Entity]] = {}
    for reached in graph.distances(node, down=False):
        for edge in graph.incoming(reached):
            start, end = owner_dataset(edge.source), owner_dataset(edge.target)
            if start != end and {start.kind, end.kind} <= _DRAWN:
                found.setdefault(start, set()).add(end)
    return {start: sorted(ends) for start, ends in sorted(found.items())}


def _layers(nodes: Iterable[Entity], arrows: _Arrows) -> list[list[Entity]]:
    """From the sources on: each node after all that it is made from. What goes round in circles is cut."""
    depth: dict[Entity, int] = {}

    def below(one: Entity, way: frozenset[Entity]) -> int:
        if one not in depth:
            ends = [end for end in arrows.get(one, ()) if end not in way]
            depth[one] = max((below(end, way | {one}) + 1 for end in ends), default=0)
        return depth[one]

    for one in nodes:
        below(one, frozenset({one}))
    deepest = max(depth.values())
    layers: list[list[Entity]] = [[] for _ in range(deepest + 1)]
    for one in sorted(depth):
        layers[deepest - depth[one]].append(one)
    return layers


def _ordered(layers: list[list[Entity]], arrows: _Arrows) -> list[list[Entity]]:
    """Fewer crossings: each node near the mean of those it is joined to."""
    joined: dict[Entity, list[Entity]] = {}
    for start, ends in arrows.items():
        for end in ends:
            joined.setdefault(start, []).append(end)
            joined.setdefault(end, []).append(start)
    for _ in range(_SWEEPS):
        place = {one: (row + 0.5) / len(layer) for layer in layers for row, one in enumerate(layer)}
        for layer in layers:
            mean = {one: sum(place[n] for n in joined[one]) / len(joined[one]) for one in layer}
            layer.sort(key=lambda one: (mean[one], one))
            place |= {one: (row + 0.5) / len(layer) for row, one in enumerate(layer)}
    return layers


def _placed(layers: Sequence[Sequence[Entity]]) -> dict[Entity, tuple[float, float]]:
    tallest = max(map(len, layers))
    found: dict[Entity, tuple[float, float]] = {}
    for column, layer in enumerate(layers):
        top = _MARGIN + (tallest - len(layer)) * (_H + _DOWN) / 2
        for row, one in enumerate(layer):
            found[one] = (_MARGIN + column * (_W + _ACROSS), top + row * (_H + _DOWN))
    return found


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> Markup:
    x1, y1, x2, y2 = start[0] + _W, start[1] + _H / 2, end[0], end[1] + _H / 2
    bend = (x2 - x1) / 2
    return Markup('<path class="edge" d="M{:.0f} {:.0f}C{:.0f} {:.0f} {:.0f} {:.0f} {:.0f} {:.0f}"/>').format(
        x1, y1, x1 + bend, y1, x2 - bend, y2, x2, y2
    )


def _node(one: Entity, place: tuple[float, float], *, bad: bool) -> Markup:
    kind = f"node node-{one.kind}{' node-fail' if bad else ''}"
    name = one.name.rpartition(".")[2] if one.kind is EntityKind.DATASET else one.name.replace("/", " ")
    shown = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "…"
    word = f"{one.kind}{', something found' if bad else ''}"
    return Markup(
        '<g class="{kind}"><title>{full}</title>'
        '<rect x="{x:.0f}" y="{y:.0f}" width="{w}" height="{h}" rx="6"/>'
        '<text class="kind" x="{tx:.0f}" y="{ky:.0f}">{word}</text>'
        '<text x="{tx:.0f}" y="{ty:.0f}">{shown}</text></g>'
    ).format(
        kind=kind, full=str(one), x=place[0], y=place[1], w=_W, h=_H, tx=place[0] + 9, ky=place[1] + 14,
        ty=place[1] + 29, word=word, shown=shown,
    )  # fmt: skip
