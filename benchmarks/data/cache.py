"""A temporary folder for one run; what two topics need is made once."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory


@cache
def folder() -> Path:
    """The run's folder, removed when the process ends."""
    made = TemporaryDirectory(prefix="governance-benchmarks-")
    atexit.register(made.cleanup)
    return Path(made.name)


_NUMBERS = count(1)


def fresh(name: str) -> Path:
    """A path of the run's folder that nobody has been given before."""
    return folder() / f"{name}-{next(_NUMBERS)}"


def kept(name: str, make: Callable[[Path], object]) -> Path:
    """The path ``name`` of the run's folder; ``make`` is given it where it is not there yet."""
    path = folder() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
    return path
