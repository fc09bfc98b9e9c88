"""One measured figure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``, to be at most ``bar``."""

    name: str
    value: float
    unit: str
    bar: float

    @property
    def holds(self) -> bool:
        return self.value <= self.bar
