"""Rows of counts that are mostly zeros, with each run of zeros as one negative number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def runs(row: Iterable[int]) -> Iterator[int]:
    """Runs of zeros as one negative number."""
    zeros = 0
    for count in row:
        if count:
            if zeros:
                yield -zeros
            zeros = 0
            yield count
        else:
            zeros += 1
    if zeros:
        yield -zeros


def spread(row: Iterable[int]) -> list[int]:
    """The row that :func:`runs` was given."""
    counts: list[int] = []
    for count in row:
        if count < 0:
            counts += (0,) * -count
        else:
            counts.append(count)
    return counts
