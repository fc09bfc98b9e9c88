"""Ctrl-C at any moment is a KeyboardInterrupt of the command, never lost and never a traceback."""

from __future__ import annotations

import _thread
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_A_MOMENT = 0.01  # seconds


@contextmanager
def heard() -> Iterator[None]:
    """Inside, an interrupt that meets Python where nothing can be raised is raised a moment later.

    That is in a finaliser, or in a callback of the garbage collector, such as a connection pool's: Python
    prints the traceback and goes on as if nothing had been asked.
    """
    before = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            _thread.start_new_thread(_interrupt_soon, ())  # at once, it would be raised in here
        else:
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before


def _interrupt_soon() -> None:
    time.sleep(_A_MOMENT)
    _thread.interrupt_main()
