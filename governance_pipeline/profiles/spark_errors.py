"""What Spark says about a failure, in one line that quotes no row.

Spark's messages may hold values; the names of its error conditions and of Java's exceptions do not.
Analysis happens before a row is read, so its messages may be shown.
"""

from __future__ import annotations

import re
from typing import Any

_CONDITION = re.compile(r"^\[[A-Z0-9_.]+\]\s*")
_STATE = re.compile(r"\s*SQLSTATE: \w+.*$")
_UNREADABLE = re.compile(r"\[FAILED_READ_FILE\.NO_HINT\] .*? file (?:file://)?(/?\S.*?)\.\s+SQLSTATE")
_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
_DEEPEST = 20  # causes of causes that are looked at


class SparkFailed(Exception):
    """Spark refused a statement; the message may be shown."""


class TableNotFound(SparkFailed):
    """There is no table or view of the name."""


def keep_quiet() -> None:
    """Stop PySpark from logging each failed statement, with the values in its message."""
    from pyspark.logger import PySparkLogger

    for name in _LOGGERS:
        PySparkLogger.getLogger(name).disabled = True


def said(error: Exception) -> str:
    """The error's condition, with the file it met it in, or with its message where no row was read yet."""
    if isinstance(error, SparkFailed):
        return str(error)
    condition = _condition(error) or type(error).__name__
    unreadable = _UNREADABLE.search(str(error))
    if unreadable is not None:
        return f"{condition}: it is in the file '{unreadable[1]}'"
    if type(error).__name__ not in ("AnalysisException", "ParseException"):
        return condition
    line = (str(error).strip().splitlines() or [""])[0]
    message = _STATE.sub("", _CONDITION.sub("", line)).rstrip(". ")
    return f"{condition}: {message}" if message else condition


def _condition(error: Exception) -> str:
    """Spark's name for what went wrong, e.g. ``CAST_INVALID_INPUT``; else Java's, else ""."""
    found = getattr(error, "getCondition", lambda: None)()
    if found:
        return str(found)
    cause: Any = getattr(error, "java_exception", None)
    name = ""
    for _ in range(_DEEPEST):
        if cause is None:
            break
        name = str(cause.getClass().getSimpleName())
        condition = cause.getCondition() if _throws_conditions(cause) else None
        if condition:
            return str(condition)
        cause = cause.getCause()
    return name


def _throws_conditions(cause: Any) -> bool:
    return any(method.getName() == "getCondition" for method in cause.getClass().getMethods())
