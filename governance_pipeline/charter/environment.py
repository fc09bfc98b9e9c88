"""Replaces ``${NAME}`` from the environment, as late as possible: values are secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from governance_pipeline.errors import UsageError

_PLACE = re.compile(r"\$\{([^}]*)\}?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def resolve_env(text: str, environ: Mapping[str, str]) -> str:
    """``text`` with every ``${NAME}`` replaced by the variable's value, once, not recursively.

    Raises:
        UsageError: a variable is not set or a ``${`` has no proper name. The message names the
            variable, never the text around it, because that may hold a password.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not match.group(0).endswith("}") or not _NAME.fullmatch(name):
            raise UsageError(
                "a ${...} in governance.yaml does not hold the name of an environment variable",
                hint="write ${NAME} with letters, digits and _ only",
            )
        if name not in environ:
            raise UsageError(
                f"the environment variable {name}, which governance.yaml refers to, is not set",
                hint=f"set {name} where this command, or the scheduler, runs",
            )
        return environ[name]

    return _PLACE.sub(value, text)
