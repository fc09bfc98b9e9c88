"""Runs topics one after the other; one that breaks breaks alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.figure import Figure, failed
from benchmarks.registry import topic


def figures(topics: Mapping[str, str], *, quick: bool) -> Iterator[Figure]:
    """The figures of ``topics`` (name to module) as they are measured.

    A topic that raises keeps the figures it has given and ends with one that does not hold and says why.
    """
    for name, module in topics.items():
        try:
            yield from topic(module)(quick)
        except Exception as error:  # noqa: BLE001 - whatever broke one topic must not hide the others
            yield failed(name, error)
