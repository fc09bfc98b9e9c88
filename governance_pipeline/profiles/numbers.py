"""Histograms and moments of all numbers of a window.

From the counts of each bin, the sum and the sum of squares follow the histogram, the mean and the variance.
Values far from zero are reckoned from the middle of the grid, because sums of their squares lose the variance
to rounding. Engines are asked in one of two ways: :mod:`governance_pipeline.profiles.numbers_by_column` and
:mod:`governance_pipeline.profiles.numbers_at_once`. Columns with NaN, infinities or values whose squares
overflow are asked about again, by :mod:`governance_pipeline.profiles.odd_numbers`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from governance_pipeline.profiles import numbers_at_once, numbers_by_column
from governance_pipeline.profiles.bins import Asked, Key, Numbers, Sums, histogram_of
from governance_pipeline.profiles.distinct import HASHES, hashed_by
from governance_pipeline.profiles.odd_numbers import odd_numbers
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.sketch import of_hashes
from governance_pipeline.profiles.unpivot import UNPIVOTS
from governance_pipeline.profiles.window import Window

_FAR = 1e4  # squared deviations between mean and middle beyond which rounding costs more than 1e-10


def numbers(session: Session, window: Window, asked: Sequence[Asked]) -> dict[Key, Numbers]:
    """By (segment, column); where a column has no value in a segment there is no entry.

    Raises:
        StatementFailed: the engine cannot count the columns together; try fewer.
    """
    tame = tuple(one for one in asked if not one.wild)
    way = numbers_at_once if session.dialect in UNPIVOTS else numbers_by_column
    sums = way.summed(session, window, tame) if tame else {}
    by_name = {one.spec.name: one for one in asked}
    odd = {one.spec.name for one in asked if one.wild}
    odd |= {name for (_, name), found in sums.items() if _is_odd(found)}
    done = {
        key: _plain(session.dialect, found, by_name[key[1]])
        for key, found in sums.items()
        if key[1] not in odd
    }
    return done | odd_numbers(session, window, [one for one in asked if one.spec.name in odd])


def _is_odd(sums: Sums) -> bool:
    """Whether the fast sums do not tell enough: something is not finite, or all is far off."""
    if not (math.isfinite(sums.total) and math.isfinite(sums.squares)):
        return True
    mean, spread = sums.total / sums.n, _variance(sums)
    return sums.n > 1 and spread > 0 and mean * mean > _FAR * spread


def _variance(sums: Sums) -> float:
    if sums.n < 2:  # noqa: PLR2004  one value has no variance
        return 0.0
    return max(0.0, (sums.squares - sums.total * sums.total / sums.n) / (sums.n - 1))


def _plain(dialect: str, sums: Sums, asked: Asked) -> Numbers:
    exact = asked.exact and not (sums.counts[0] or sums.counts[asked.grid.bins + 1])
    return Numbers(
        histogram=histogram_of(asked.grid, sums.counts),
        filled=sums.n,
        mean=asked.middle + sums.total / sums.n,
        variance=_variance(sums) if sums.n > 1 else None,
        exact=exact,
        sketch=of_hashes(hashed_by(dialect), sums.hashes) if exact and dialect in HASHES else None,
    )
