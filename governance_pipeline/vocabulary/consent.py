"""A record of consent as it is received: what one person said about one purpose, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ConsentStatus(StrEnum):
    """What a record does."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One act. Two times: for when it holds (``valid_from``, ``valid_to``), and when it was recorded.

    Attributes:
        subject: the person, as the tables name them; never shown.
        notice: version of the notice that the person was shown; "" where none is said.
        jurisdiction: the law it was made under; "" where none is said.
    """

    subject: str = field(repr=False)
    purpose: str
    basis: str
    status: ConsentStatus
    recorded_at: datetime
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    notice: str = ""
    jurisdiction: str = ""
