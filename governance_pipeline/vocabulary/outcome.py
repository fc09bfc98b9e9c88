"""What a measurement concludes, and the bounds it is judged by."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """The five honest outcomes of a measurement.

    ``insufficient`` (not enough evidence) and ``not_run`` (could not be measured) are never shown
    as a pass, and never open a gate.
    """

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    INSUFFICIENT = "insufficient"
    NOT_RUN = "not_run"

    @property
    def severity(self) -> int:
        """Rank from best (0) to worst (4), for picking the worst of many."""
        return _SEVERITY[self]

    @property
    def is_breach(self) -> bool:
        """Whether somebody must act: a failed or a missing measurement."""
        return self in (Outcome.FAIL, Outcome.NOT_RUN)


_SEVERITY = {
    Outcome.PASS: 0,
    Outcome.INSUFFICIENT: 1,
    Outcome.WARN: 2,
    Outcome.NOT_RUN: 3,
    Outcome.FAIL: 4,
}


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst outcome; ``not_run`` for none at all, because nothing was measured."""
    return max(outcomes, key=lambda outcome: outcome.severity, default=Outcome.NOT_RUN)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where a value stops being acceptable.

    Attributes:
        warn: the value from which a warning is given, or None for no warning.
        fail: the value from which the measurement fails, or None to never fail.
        breach: ``above`` if high values are bad (drift), ``below`` if low ones are (coverage).
    """

    warn: float | None
    fail: float | None
    breach: Literal["above", "below"] = "above"

    def judge(self, value: float | None) -> Outcome:
        """The outcome for ``value``; NaN and None are ``not_run``, never a pass.

        A bound itself still passes: a coverage of exactly 0.95 meets a minimum of 0.95.
        """
        if value is None or math.isnan(value):
            return Outcome.NOT_RUN
        if self.fail is not None and self._crosses(value, self.fail):
            return Outcome.FAIL
        if self.warn is not None and self._crosses(value, self.warn):
            return Outcome.WARN
        return Outcome.PASS

    def _crosses(self, value: float, bound: float) -> bool:
        return value > bound if self.breach == "above" else value < bound
