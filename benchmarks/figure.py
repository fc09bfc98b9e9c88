"""One measured figure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Direction = Literal["<=", ">="]


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``, to be at most (``<=``) or at least (``>=``) ``bar``.

    Attributes:
        value: NaN where nothing could be measured; such a figure never holds.
        bar: None for a figure that only explains others.
        note: how it came about, where that needs words; the reason where there is no value.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    direction: Direction = "<="
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the bar is reached; never without a number."""
        if math.isnan(self.value):
            return False
        if self.bar is None:
            return True
        return self.value <= self.bar if self.direction == "<=" else self.value >= self.bar

    def as_json(self) -> dict[str, Any]:
        """The figure with its verdict; ``value`` is null where nothing could be measured."""
        value = None if math.isnan(self.value) else self.value
        return asdict(self) | {"value": value, "holds": self.holds}


def failed(topic: str, error: BaseException) -> Figure:
    """A topic that broke, as a figure that does not hold."""
    lines = str(error).strip().splitlines() or [""]
    return Figure(topic, math.nan, "", note=f"{type(error).__name__}: {lines[0]}".rstrip(": "))
