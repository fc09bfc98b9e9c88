"""Identifiers that are the same whenever a pack is made of the same things."""

from __future__ import annotations

import re
from uuid import NAMESPACE_URL, uuid5

_SPACE = uuid5(NAMESPACE_URL, "urn:governance-pipeline:evidence")
_NO_TOKEN = re.compile(r"[^\w.-]")


def stable_uuid(*parts: str) -> str:
    """A UUID of version 5 (RFC 9562) that names the parts."""
    return str(uuid5(_SPACE, "\x1f".join(parts)))


def token(text: str) -> str:
    """``text`` as an NCName of XML Schema, which identifiers of OSCAL are: ``EU-AI-Act_Art._10``."""
    name = _NO_TOKEN.sub("_", text)
    return name if name[:1].isalpha() or name.startswith("_") else f"_{name}"


def line(text: str) -> str:
    """``text`` on one line, a dash where there is none."""
    return " ".join(text.split()) or "-"


def file_name(name: str) -> str:
    """A name as a file of a pack is called: what could leave the folder or differ by system is ``%xx``."""
    safe = "".join(
        c if c.isascii() and (c.isalnum() or c in "-_.") else "".join(f"%{b:02x}" for b in c.encode())
        for c in name
    )
    return safe if safe.strip(".") else "%2e" * len(safe)
