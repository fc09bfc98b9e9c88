"""Counts by cluster as a short text and back.

Runs of zeros are written as one negative number, because a day fills few of the cells, and what is left is
compressed: most counts of a day are alike.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from governance_pipeline.profiles.runs import runs, spread

LARGEST_TEXT = 1 << 24
"""Bytes beyond which a stored text is damaged: 64 rows of the widest column need far less."""


def with_packed(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Columns as JSON objects, with their counts by cluster as text."""
    return {
        name: {**column, "clusters": pack(column["clusters"])} if "clusters" in column else column
        for name, column in columns.items()
    }


def with_unpacked(columns: Any) -> Any:
    """What :func:`with_packed` was given; what is no such thing is left for others to refuse.

    Raises:
        ValueError: a text is damaged.
    """
    if not isinstance(columns, Mapping):
        return columns
    return {
        name: {**column, "clusters": unpack(column["clusters"])}
        if isinstance(column, Mapping) and "clusters" in column
        else column
        for name, column in columns.items()
    }


def pack(rows: list[list[int]]) -> str:
    """A matrix of counts as text."""
    counts = [len(rows[0]), *runs(count for row in rows for count in row)]
    return base64.b85encode(zlib.compress(json.dumps(counts, separators=(",", ":")).encode())).decode()


def unpack(text: Any) -> list[list[int]]:
    """The matrix that :func:`pack` wrote.

    Raises:
        ValueError: it did not.
    """
    try:
        inflating = zlib.decompressobj()
        plain = inflating.decompress(base64.b85decode(text), LARGEST_TEXT)
        width, *found = json.loads(plain)
        counts = spread(found)
        whole = inflating.eof and width > 0 and len(counts) % width == 0
    except (zlib.error, TypeError, ValueError) as error:
        raise ValueError("counts by cluster are damaged") from error
    if not whole:
        raise ValueError("counts by cluster are damaged")
    return [counts[start : start + width] for start in range(0, len(counts), width)]
