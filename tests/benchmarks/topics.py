"""Topics as the registry names them, with figures known beforehand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from benchmarks.figure import Figure


class _Topic:
    def __init__(self, *figures: Figure, error: Exception | None = None) -> None:
        self.figures, self.error = figures, error

    def run(self, quick: bool) -> Iterator[Figure]:
        yield from self.figures
        if self.error is not None:
            raise self.error


good = _Topic(Figure("ratio", 4.5, "x", 5), Figure("power", 0.9, "", 0.85, ">="), Figure("seconds", 3, "s"))
slow = _Topic(Figure("ratio", 5.5, "x", 5))
weak = _Topic(Figure("power", 0.8, "", 0.85, ">="))
broken = _Topic(Figure("ratio", 1, "x", 5), error=ValueError("the peer is not there\nand more"))
empty = _Topic(Figure("ratio", math.nan, "x", 5))
