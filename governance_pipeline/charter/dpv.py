"""The purposes of the W3C Data Privacy Vocabulary (https://w3id.org/dpv), and which is wider than which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

NAMESPACE = "https://w3id.org/dpv#"
PREFIX = "dpv:"
ROOT = "Purpose"


@lru_cache(maxsize=1)
def broader() -> Mapping[str, tuple[str, ...]]:
    """Each purpose's wider ones, one step up (``skos:broader``), by term without prefix. What is part of no
    other purpose is part of the widest, ``Purpose``.
    """
    text = (files("governance_pipeline.charter.vocabularies") / "dpv_purposes.json").read_text("utf-8")
    found = json.loads(text)["broader"]
    root = {term: () if term == ROOT else (ROOT,) for term in found}
    return {
        term: tuple(wide for wide in wider if wide in found) or root[term] for term, wider in found.items()
    }


def term_of(written: str) -> str:
    """``dpv:Marketing`` and ``https://w3id.org/dpv#Marketing`` as ``Marketing``."""
    for start in (PREFIX, NAMESPACE):
        if written.startswith(start):
            return written.removeprefix(start)
    return written


def spellings(term: str) -> tuple[str, ...]:
    """How a ledger may write a term: prefixed, and as an address. Bare, it could be anybody's word."""
    return (f"{PREFIX}{term}", f"{NAMESPACE}{term}")


def wider_than(term: str) -> tuple[str, ...]:
    """Every purpose that is wider, the nearest first; empty for a term that is not one."""
    found: dict[str, None] = {}
    nearest = list(broader().get(term, ()))
    while nearest:
        here = nearest.pop(0)
        if here not in found:
            found[here] = None
            nearest.extend(broader().get(here, ()))
    return tuple(found)
