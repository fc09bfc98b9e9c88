"""JSON as exactly one sequence of bytes: RFC 8785. Bytes are made once and kept; they are never made again
from what was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from governance_pipeline.errors import UsageError


def canonical(document: Any) -> bytes:
    """The canonical bytes of a JSON value.

    Raises:
        UsageError: it has something that JSON of RFC 8785 cannot say, as a NaN.
    """
    import rfc8785

    try:
        return rfc8785.dumps(document)
    except rfc8785.CanonicalizationError as error:
        raise UsageError(f"this cannot be written into the ledger: {error}") from error


def plain(value: Any) -> Any:
    """A row of a table as JSON: days and instants as ISO 8601, and whole numbers beyond 2^53 as text."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, int) and abs(value) > 2**53 - 1:
        return str(value)
    return value
