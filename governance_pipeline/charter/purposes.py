"""What data about people is used for: the playbook's purposes, as a hierarchy.

How a record for one purpose bears on another, in three sentences:

1. A consent holds for the purpose that it names, and for a narrower one only where that one says
   ``covered_by_parent`` and so does every purpose between the two (GDPR art. 6(1)(a): consent is given
   for specific purposes; recital 43: not for all of them at once).
2. A withdrawal holds for the purpose that it names and for every narrower one.
3. A later consent for a wider purpose does not undo the withdrawal of a narrower one.

A ledger may write a purpose by its own name, by the words of ``written``, by its term of the W3C Data
Privacy Vocabulary (``dpv:Marketing`` or its address), or by its number in the IAB's Transparency and
Consent Framework (``tcf:3``; ``tcf-li:3`` among ``written`` for its legitimate interest). Terms of the
vocabulary that are wider than a purpose's own only ever take consent away from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from governance_pipeline.charter import dpv
from governance_pipeline.charter.base import FileModel

TCF_PURPOSES: Mapping[int, str] = {
    1: "Store and/or access information on a device",
    2: "Use limited data to select advertising",
    3: "Create profiles for personalised advertising",
    4: "Use profiles to select personalised advertising",
    5: "Create profiles to personalise content",
    6: "Use profiles to select personalised content",
    7: "Measure advertising performance",
    8: "Measure content performance",
    9: "Understand audiences through statistics or combinations of data from different sources",
    10: "Develop and improve services",
    11: "Use limited data to select content",
}
"""IAB Europe, Transparency and Consent Framework Policies, version 4 (Global Vendor List 3)."""

CONSENT_WORD, INTEREST_WORD = "tcf:", "tcf-li:"
TCF_WORDS = (CONSENT_WORD, INTEREST_WORD)
"""How a purpose of the framework is written: its consent, and its legitimate interest."""

Word = Annotated[str, Field(min_length=1, max_length=500)]


class Purpose(FileModel):
    """One purpose, by the name that contracts use.

    Attributes:
        parent: the wider purpose that this one is a part of.
        covered_by_parent: whether a consent for the parent is a consent for this one too.
        dpv: its term of the W3C Data Privacy Vocabulary, such as ``dpv:DirectMarketing``.
        tcf: its number in the IAB's Transparency and Consent Framework.
        written: other words by which consent ledgers write it.
        notices: versions of the notice that tell people of this purpose; without any, all do. A consent
            that was given on another notice, or on none, does not count for it.
    """

    title: str
    description: str = Field("", description="What is done with the data, as people are told.")
    parent: str | None = None
    covered_by_parent: bool = False
    dpv: str | None = None
    tcf: int | None = Field(None, ge=1, le=11)
    written: tuple[Word, ...] = ()
    notices: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class LedgerWord:
    """How a ledger's records with one word bear on one purpose.

    Attributes:
        rank: records are compared with those of the same rank and below; a word has a line for each rank
            at which it counts.
        decides: this is the purpose's highest rank, at which all records are seen.
        gives: consents with the word count, not withdrawals alone.
    """

    word: str
    purpose: str
    rank: int
    decides: bool
    gives: bool


def words_of(name: str, purpose: Purpose) -> tuple[str, ...]:
    """Every way in which a ledger may write the purpose."""
    vocabulary = dpv.spellings(dpv.term_of(purpose.dpv)) if purpose.dpv else ()
    numbered = (f"{CONSENT_WORD}{purpose.tcf}",) if purpose.tcf else ()
    return tuple(dict.fromkeys((name, *purpose.written, *vocabulary, *numbered)))


def chain(name: str, purposes: Mapping[str, Purpose]) -> tuple[str, ...]:
    """The purpose and its wider ones, the narrowest first. A circle ends where it closes."""
    found: dict[str, None] = {}
    here: str | None = name
    while here is not None and here in purposes and here not in found:
        found[here] = None
        here = purposes[here].parent
    return tuple(found)


def ledger_words(purposes: Mapping[str, Purpose]) -> tuple[LedgerWord, ...]:
    """How each word that a ledger may write bears on each purpose. A word that is nobody's stays its own
    purpose too, so that whoever agreed to it is known to the ledger.
    """
    lines = {line for name in purposes for line in _lines(name, purposes)}
    owned = {word for name, purpose in purposes.items() for word in words_of(name, purpose)}
    strange = {line.word for line in lines} - owned
    return tuple(sorted(lines | {LedgerWord(word, word, 0, decides=True, gives=True) for word in strange}))


def _lines(name: str, purposes: Mapping[str, Purpose]) -> Iterator[LedgerWord]:
    line = chain(name, purposes)
    giving = 1
    while giving < len(line) and purposes[line[giving - 1]].covered_by_parent:
        giving += 1
    highest = giving - 1
    known: set[str] = set()
    for place, wider in enumerate(line):
        words = words_of(wider, purposes[wider])
        known.update(words)
        for word in words:
            for rank in range(min(place, highest), highest + 1):
                yield LedgerWord(word, name, rank, rank == highest, place < giving)
    for word in _wider_in_vocabulary(line, purposes):
        if word not in known:
            yield LedgerWord(word, name, highest, decides=True, gives=False)


def _wider_in_vocabulary(line: tuple[str, ...], purposes: Mapping[str, Purpose]) -> Iterator[str]:
    for one in line:
        written = purposes[one].dpv
        for term in dpv.wider_than(dpv.term_of(written)) if written else ():
            yield from dpv.spellings(term)
