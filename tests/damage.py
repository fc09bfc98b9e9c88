"""Destroys a part of a file as a failing disk does: its size and its time of change stay as they were."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq

Part = Literal["header", "content"]
_HEADER = 12  # bytes; what follows a page's header is its content


def damage(file: Path, column: str, part: Part = "header") -> None:
    """Destroy the first data page of a Parquet file's column; the footer stays good."""
    group = pq.read_metadata(file).row_group(0)
    [chunk] = [one for one in map(group.column, range(group.num_columns)) if one.path_in_schema == column]
    begin = chunk.data_page_offset + (0 if part == "header" else _HEADER * 4)
    first = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    end = begin + _HEADER if part == "header" else first + chunk.total_compressed_size - 1
    overwrite(file, begin, end)


def overwrite(file: Path, begin: int, end: int) -> None:
    """Turn every bit of some bytes round."""
    found, content = file.stat(), bytearray(file.read_bytes())
    content[begin:end] = bytes(byte ^ 0xFF for byte in content[begin:end])
    file.write_bytes(content)
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
