"""One indicator over its nights as a small SVG picture: a line, its bounds, and marks where it breached.

The colours stand in the picture, because the PDF knows no style sheet; pages draw with
:mod:`governance_pipeline.reports.charts`, whose colours follow the reader's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import quoteattr

from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold

WIDTH, HEIGHT = 150, 34
_MARGIN = 4
_INK, _BOUND, _MARK, _NONE = "#1f4e79", "#b7791f", "#b42318", "#98a2b3"


@dataclass(frozen=True, slots=True)
class _Scale:
    """From nights and values to the picture's units."""

    first: date
    days: int
    low: float
    high: float

    def x(self, night: date) -> float:
        share = (night - self.first).days / self.days if self.days else 0.5
        return round(_MARGIN + share * (WIDTH - 2 * _MARGIN), 2)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(HEIGHT - _MARGIN - share * (HEIGHT - 2 * _MARGIN), 2)


def chart(history: Sequence[Measurement], label: str) -> str:
    """The picture; "" where fewer than two nights have a number.

    Args:
        label: what a screen reader says instead.
    """
    known = [one for one in history if one.value is not None]
    if len(known) < 2:  # noqa: PLR2004  a line has two ends
        return ""
    threshold = known[-1].threshold
    scale = _scale(history, known, threshold)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(label)}>',
        *_bounds(scale, threshold),
        *_lines(scale, history),
        *_marks(scale, history),
        "</svg>",
    ]
    return "".join(parts)


def _scale(
    history: Sequence[Measurement], known: Sequence[Measurement], threshold: Threshold | None
) -> _Scale:
    """Wide enough for the values, and for a bound that is not far beyond them."""
    values = [one.value for one in known if one.value is not None]
    low, high = min(values), max(values)
    near = [b for b in _of(threshold) if low - (high - low) <= b <= high + max(high - low, abs(high))]
    span = (history[-1].night - history[0].night).days
    return _Scale(history[0].night, span, min([low, *near]), max([high, *near]))


def _of(threshold: Threshold | None) -> list[float]:
    return [] if threshold is None else [b for b in (threshold.warn, threshold.fail) if b is not None]


def _bounds(scale: _Scale, threshold: Threshold | None) -> list[str]:
    return [
        f'<line x1="{_MARGIN}" x2="{WIDTH - _MARGIN}" y1="{scale.y(bound)}" y2="{scale.y(bound)}"'
        f' stroke="{_BOUND}" stroke-width="1" stroke-dasharray="3 2"/>'
        for bound in _of(threshold)
        if scale.low <= bound <= scale.high
    ]


def _lines(scale: _Scale, history: Sequence[Measurement]) -> list[str]:
    """A line for each run of nights that have a number: what was not measured is a gap."""
    runs: list[list[str]] = [[]]
    for one in history:
        if one.value is None:
            runs.append([])
        else:
            runs[-1].append(f"{scale.x(one.night)},{scale.y(one.value)}")
    return [
        f'<polyline points="{" ".join(run)}" fill="none" stroke="{_INK}" stroke-width="1.4"/>'
        for run in runs
        if len(run) > 1
    ]


def _marks(scale: _Scale, history: Sequence[Measurement]) -> list[str]:
    found = []
    for one in history:
        if one.value is None:
            found.append(_dot(scale.x(one.night), HEIGHT - 2, _NONE))
        elif one.outcome is Outcome.FAIL:
            found.append(_dot(scale.x(one.night), scale.y(one.value), _MARK))
    last = history[-1]
    if last.value is not None and last.outcome is not Outcome.FAIL:
        found.append(_dot(scale.x(last.night), scale.y(last.value), _INK))
    return found


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="1.7" fill="{colour}"/>'
