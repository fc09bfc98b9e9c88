"""One unit of work per thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from governance_pipeline.errors import UsageError


class OneAtATime:
    """Refuses a second unit of work inside a first.

    On SQLite the inner one would wait for the outer one's write lock, which waits for the inner one;
    on Postgres it would silently not see what the outer one wrote.
    """

    def __init__(self) -> None:
        self._thread = threading.local()

    @contextmanager
    def entered(self) -> Iterator[None]:
        if getattr(self._thread, "inside", False):
            raise UsageError(
                "A unit of work is already open in this thread",
                hint="use it, or end it before the next begin()",
            )
        self._thread.inside = True
        try:
            yield
        finally:
            self._thread.inside = False
