"""What is remembered of whom a model version has learned from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SubjectManifest:
    """Whom a model version has learned from, without the set itself, which is kept apart and can be
    erased on its own.

    Attributes:
        snapshot: the dataset that it was trained on; ``source_state`` tells its rows from others'.
        key: id of the key that the hashes were made with; "" where the snapshot names no people.
        subjects: how many people.
        digest: of the set, see :attr:`SubjectSet.digest`.
        purpose, basis: what the training needs, and the contract's basis for it.
        asked: how many people had withdrawn when the version was registered, and ``withdrawn`` how many of
            them it learned from all the same; None where no ledger could say.
        problem: why there is no set; "" where there is one, or where it was erased.
        erased_at: when the set was erased.
        notices: the versions of the notice on which a consent counted when it was taken; empty where the
            playbook asks for none.
    """

    model: str
    version: str
    snapshot: str
    taken_at: datetime
    source_state: str = ""
    key: str = ""
    subjects: int = 0
    digest: str = ""
    purpose: str = ""
    basis: str = ""
    asked: int | None = None
    withdrawn: int | None = None
    problem: str = ""
    erased_at: datetime | None = None
    notices: tuple[str, ...] = ()

    @property
    def id(self) -> tuple[str, str]:
        return self.model, self.version
