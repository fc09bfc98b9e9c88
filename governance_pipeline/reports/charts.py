"""Small charts of measurements as inline SVG: no script, no inline style, a text that says the same.

Colours come from the page's style sheet by class names (``chart-...``).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby

from markupsafe import Markup

from governance_pipeline.indicators.wording import calendar_date, number, percent
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Threshold

WIDTH, BAND_HEIGHT, LINE_HEIGHT = 240, 26, 48
_PAD = 7
_FEWEST = 2
"""Points that make a line."""


def figure(value: float | None, unit: str) -> str:
    """A value with its unit as people write it: ``91.4 %``, ``7.28 PSI``, ``1,178 hours``."""
    if value is None or not math.isfinite(value):
        return "no number"
    if unit == "share":
        return percent(value)
    rounded = number(round(value, 0 if abs(value) >= 100 else 2))  # noqa: PLR2004 - three digits are read
    words = {"per cent": "%"}.get(unit, unit)
    return f"{rounded} {words}".rstrip()


def figures(one: Measurement) -> str:
    """A measurement's value, its interval and the number it rests on."""
    if one.value is None:
        return ""
    text = figure(one.value, one.unit)
    if one.interval:
        low, high = (figure(end, "share" if one.unit == "share" else "") for end in one.interval)
        text += f" (95 % interval {low} to {high})"
    return f"{text}, n = {one.n:,}" if one.n else text


def bounds(threshold: Threshold | None, unit: str) -> str:
    """The bounds a value is judged by, in words; "" without any."""
    if threshold is None:
        return ""
    side = "above" if threshold.breach == "above" else "below"
    told = [
        f"{word} {side} {figure(bound, unit)}"
        for word, bound in (("warning", threshold.warn), ("failed", threshold.fail))
        if bound is not None
    ]
    return ", ".join(told)


def band(one: Measurement) -> Markup:
    """The value and its interval on a line, with what would fail or warn shaded; "" without a number."""
    if one.value is None or not math.isfinite(one.value):
        return Markup()
    limits = _limits(one.threshold)
    scale = _Scale([one.value, *(one.interval or ()), *limits], one.unit)
    middle = BAND_HEIGHT / 2
    parts = [Markup('<line class="chart-axis" x1="0" y1="{y}" x2="{x}" y2="{y}"/>').format(y=middle, x=WIDTH)]
    if one.threshold is not None:
        for name, bound in (("warn", one.threshold.warn), ("fail", one.threshold.fail)):
            if bound is not None:
                parts.append(_zone(name, scale.x(bound), one.threshold.breach))
    if one.interval:
        low, high = (scale.x(end) for end in one.interval)
        parts.append(
            Markup('<line class="chart-interval" x1="{a:.1f}" y1="{y}" x2="{b:.1f}" y2="{y}"/>').format(
                a=low, b=high, y=middle
            )
        )
    parts.append(
        Markup('<circle class="chart-value chart-{outcome}" cx="{x:.1f}" cy="{y}" r="5"/>').format(
            outcome=one.outcome, x=scale.x(one.value), y=middle
        )
    )
    said = "; ".join(filter(None, (figures(one), bounds(one.threshold, one.unit))))
    return _svg(parts, BAND_HEIGHT, said)


def line(history: Sequence[Measurement]) -> Markup:
    """The values of past nights as a line, with the bounds; "" where there are fewer than two numbers."""
    points = [one for one in history if one.value is not None and math.isfinite(one.value)]
    if len(points) < _FEWEST:
        return Markup()
    last = points[-1]
    scale = _Scale([float(one.value or 0) for one in points] + _limits(last.threshold), last.unit)
    days = [one.night.toordinal() for one in points]
    span = max(days[-1] - days[0], 1)
    places = [
        (
            _PAD + (WIDTH - 2 * _PAD) * (day - days[0]) / span,
            scale.y(float(one.value or 0)),
        )
        for day, one in zip(days, points, strict=True)
    ]
    parts = [
        Markup('<line class="chart-{name}-bound" x1="0" y1="{y:.1f}" x2="{x}" y2="{y:.1f}"/>').format(
            name=name, y=scale.y(bound), x=WIDTH
        )
        for name, bound in _named(last.threshold)
    ]
    parts += _runs(history, dict(zip((one.night for one in points), places, strict=True)))
    x, y = places[-1]
    parts.append(
        Markup('<circle class="chart-value chart-{outcome}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>').format(
            outcome=last.outcome, x=x, y=y
        )
    )
    return _svg(parts, LINE_HEIGHT, _past(points[0].night, last.night, points))


def _runs(history: Sequence[Measurement], places: Mapping[date, tuple[float, float]]) -> Iterator[Markup]:
    """A line for each run of nights that have a number: what was not measured is a gap."""
    for measured, run in groupby(history, key=lambda one: one.night in places):
        if measured:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (places[one.night] for one in run))
            yield Markup('<polyline class="chart-line" points="{path}"/>').format(path=path)


def _past(first: date, last: date, points: Sequence[Measurement]) -> str:
    unit = points[-1].unit
    values = [float(one.value or 0) for one in points]
    return (
        f"From {figure(values[0], unit)} on {calendar_date(first)} to {figure(values[-1], unit)} on"
        f" {calendar_date(last)}; lowest {figure(min(values), unit)}, highest {figure(max(values), unit)}"
    )


def _limits(threshold: Threshold | None) -> list[float]:
    return [bound for _, bound in _named(threshold)]


def _named(threshold: Threshold | None) -> list[tuple[str, float]]:
    if threshold is None:
        return []
    found = (("warn", threshold.warn), ("fail", threshold.fail))
    return [(name, bound) for name, bound in found if bound is not None]


def _zone(name: str, edge: float, breach: str) -> Markup:
    start, width = (edge, WIDTH - edge) if breach == "above" else (0.0, edge)
    return Markup('<rect class="chart-{name}-zone" x="{x:.1f}" y="4" width="{w:.1f}" height="{h}"/>').format(
        name=name, x=start, w=max(width, 0.0), h=BAND_HEIGHT - 8
    )


class _Scale:
    """From values to places; shares stay between 0 and 1."""

    def __init__(self, values: Iterable[float], unit: str) -> None:
        found = list(values)
        low, high = min(found), max(found)
        room = (high - low) * 0.12 or abs(high) * 0.12 or 1.0
        self._low, self._high = low - room, high + room
        if unit == "share" and low >= 0 and high <= 1:
            self._low, self._high = max(self._low, 0.0), min(self._high, 1.0)
        elif low >= 0:
            self._low = max(self._low, 0.0)

    def _part(self, value: float) -> float:
        return (value - self._low) / (self._high - self._low)

    def x(self, value: float) -> float:
        return _PAD + (WIDTH - 2 * _PAD) * self._part(value)

    def y(self, value: float) -> float:
        return LINE_HEIGHT - _PAD - (LINE_HEIGHT - 2 * _PAD) * self._part(value)


def _svg(parts: Sequence[Markup], height: int, said: str) -> Markup:
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-label="{said}">'
        "{parts}</svg>"
    ).format(w=WIDTH, h=height, said=said, parts=Markup().join(parts))
