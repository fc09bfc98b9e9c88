"""A project with nights, for what reads it over HTTP."""

from __future__ import annotations

from tests.cli.conftest import _lived, calm, clock, governance, shop

__all__ = ["_lived", "calm", "clock", "governance", "shop"]
