"""The functions that take part in a cross-functional review."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Function(StrEnum):
    """One part of the organisation that may have to decide; people hold functions by the charter."""

    ENGINEERING = "engineering"
    LEGAL = "legal"
    PRIVACY = "privacy"
    ETHICS = "ethics"
    COMPLIANCE = "compliance"
    SECURITY = "security"
    BUSINESS = "business"
    VENDOR_MANAGEMENT = "vendor_management"


def people_needed(needed: Mapping[Function, int]) -> str:
    """``legal, privacy (2 people)``: functions, and of how many people where one is not enough."""
    return ", ".join(
        function.replace("_", " ") + (f" ({people} people)" if people > 1 else "")
        for function, people in needed.items()
    )
