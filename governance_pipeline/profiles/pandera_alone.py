"""Loads pandera without PySpark's pandas.

Wherever PySpark is installed, ``import pandera`` also imports ``pyspark.pandas``, which costs half a
second, warns about pandas 3, and sets ``SPARK_LOCAL_IP`` to an address at which no cluster reaches a
driver. Nothing here uses it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

_UNWANTED = "pyspark.pandas"
_SET_BY_PANDERA = ("SPARK_LOCAL_IP", "PYARROW_IGNORE_TIMEZONE")


@lru_cache(maxsize=1)
def load_pandera() -> None:
    """Import pandera's checks for Ibis; call it before any other import of pandera."""
    with _without_pandas_on_spark():
        import pandera.backends.ibis.builtin_checks  # noqa: F401 - registers the checks on Ibis expressions


@contextmanager
def _without_pandas_on_spark() -> Iterator[None]:
    unset = [name for name in _SET_BY_PANDERA if name not in os.environ]
    absent = _UNWANTED not in sys.modules
    if absent:
        sys.modules[_UNWANTED] = None  # type: ignore[assignment]  # Python's way to say: not importable
    try:
        yield
    finally:
        if absent:
            del sys.modules[_UNWANTED]
        for name in unset:
            os.environ.pop(name, None)
