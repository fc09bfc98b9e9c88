"""The functions that take part in a cross-functional review."""

from __future__ import annotations

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
