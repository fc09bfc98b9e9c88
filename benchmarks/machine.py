"""What a run was measured on, in one sentence."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

LIBRARIES = ("duckdb", "ibis-framework", "evidently", "pandera", "fairlearn", "pandas")


def described(*, quick: bool) -> str:
    """Size, processors, memory and versions; nothing that names the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    size = "Quick" if quick else "Full"
    return (
        f"{size} size, {os.cpu_count()} processors, {memory:.0f} GiB of memory, "
        f"Python {platform.python_version()}, {versions}."
    )
