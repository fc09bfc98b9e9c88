"""A breakdown as an SVG picture: a bar per phase, its parts by what DuckDB did."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from benchmarks.breakdown import KINDS, Breakdown, Phase

WIDTH, LABELS, ROW, BAR, TOP = 960, 260, 28, 18, 64
_COLOURS = dict(
    zip(
        (*KINDS, "python"),
        ("#4e79a7", "#a0cbe8", "#f28e2b", "#e15759", "#76b7b2", "#b07aa1", "#bab0ac", "#59a14f"),
        strict=True,
    )
)

_DESCRIPTION = "A bar for each step of the scan, as long as it took, coloured by what DuckDB did meanwhile."
_STYLE = (
    ".page { fill: white } text { fill: black } "
    "@media (prefers-color-scheme: dark) { .page { fill: #0d1117 } text { fill: #e6edf3 } }"
)


def svg(breakdown: Breakdown, bare: float) -> str:
    """The whole picture; ``bare`` seconds of a bare sum are drawn as the first bar, for comparison."""
    bars = [
        ("a bare sum of 20 columns", {"read": bare}),
        *((phase.name, _parts(phase)) for phase in breakdown.phases),
        ("Python between the statements", {"python": breakdown.python}),
    ]
    longest = max(sum(parts.values()) for _, parts in bars)
    scale = (WIDTH - LABELS - 90) / longest if longest else 0.0
    height = TOP + ROW * len(bars) + 12
    title = f"One scan: {breakdown.seconds:.2f} s, {breakdown.seconds / bare:.1f} times a bare sum"
    body = [
        f'<text x="12" y="22" font-size="16">{escape(title)}</text>',
        *_legend(),
        *(line for place, (name, parts) in enumerate(bars) for line in _bar(place, name, parts, scale)),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="sans-serif" font-size="12" role="img">\n'
        f"<title>{escape(title)}</title>\n<desc>{_DESCRIPTION}</desc>\n<style>{_STYLE}</style>\n"
        '<rect width="100%" height="100%" class="page"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _parts(phase: Phase) -> dict[str, float]:
    """The phase's seconds, divided as DuckDB's threads divided their work."""
    work = sum(phase.work.values())
    if not work:
        return {"other": phase.seconds}
    return {kind: phase.seconds * seconds / work for kind, seconds in phase.work.items()}


def _legend() -> Iterator[str]:
    for place, (kind, colour) in enumerate(_COLOURS.items()):
        x = 12 + place * 100
        yield f'<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>'
        yield f'<text x="{x + 17}" y="46">{kind}</text>'


def _bar(place: int, name: str, parts: dict[str, float], scale: float) -> Iterator[str]:
    y = TOP + place * ROW
    yield f'<text x="{LABELS - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
    x = float(LABELS)
    for kind, seconds in parts.items():
        width = seconds * scale
        if width > 0:
            yield f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{_COLOURS[kind]}"/>'
        x += width
    yield f'<text x="{x + 6:.1f}" y="{y + 14}">{sum(parts.values()):.3f} s</text>'
