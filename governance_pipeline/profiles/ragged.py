"""CSV files whose lines have different numbers of values.

DuckDB tries delimiters until all lines have as many values; where one line has more or fewer than the others
it ends at a single column, of whole lines, and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from governance_pipeline.profiles.files import FileState

_DELIMITER = re.compile(r"[,;\t|]")
_QUOTED = re.compile(r'"[^"]*"')
_BEGINNING = 65536  # bytes; a longer first line is taken for what it begins with


def ragged_file(files: Sequence[FileState], columns: Sequence[str]) -> str:
    """The path of a file that was read as one column of whole lines, though its first line is divided; "" for
    none.
    """
    for path, _, _ in files:
        with Path(path).open("rb") as file:
            beginning = file.readline(_BEGINNING)
        first = beginning.decode("utf-8-sig", errors="replace").rstrip("\r\n")
        if first in columns and _DELIMITER.search(_QUOTED.sub("", first)):
            return path
    return ""
