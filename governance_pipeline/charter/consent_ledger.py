"""``consent`` of governance.yaml: which dataset holds the consent records, and how they are written there."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.contract import LawfulBasis

LARGEST_VENDOR = 65535  # ids have 16 bits in a TC string

Text = Annotated[str, Field(min_length=1)]


class TcfStrings(FileModel):
    """That records are TC strings of the IAB's Transparency and Consent Framework, version 2.

    Attributes:
        column: the column that holds them.
        vendor: our number in the Global Vendor List: a purpose then counts only where the string allows it
            to this vendor too, and the publisher does not restrict it. Without: what the publisher may do.
    """

    column: Text
    vendor: int | None = Field(None, ge=1, le=LARGEST_VENDOR)


class Guardians(FileModel):
    """How the ledger says who is a minor, and that a guardian agreed (GDPR art. 8).

    Attributes:
        minor: column that says whether the person is a minor; ``is_minor`` the words that say so.
        consent: column that says that a guardian agreed: true, or the guardian's name or number; empty
            (or false) for none. A minor's consent counts only with it.
    """

    minor: Text
    is_minor: tuple[str, ...] = ("true",)
    consent: Text


class ConsentLedger(FileModel):
    """Which dataset holds the consent records, and its columns.

    A ledger has one of three forms: a row for each act (``purpose`` and ``status``); a row for each person
    or act with a column for each purpose (``columns``); or TC strings (``tcf``).

    Attributes:
        columns: column to the purpose it is about: true or one of ``given`` gives, empty says nothing,
            anything else takes away.
        basis, status, valid_from, valid_to: null where the ledger has no such column. Without a status
            every record gives; without ``valid_from`` a record holds from when it was recorded.
        expired: words of ``status`` that say that a consent has run out.
        bases: other words by which the ledger writes lawful bases.
        jurisdiction: column of the law that a record was given under; with ``jurisdictions`` a consent
            counts under these only.
        notice: column of the version of the notice that the person was shown; see ``purposes`` in the
            playbook.
    """

    dataset: str = Field(description="Dataset name (namespace.table) of the consent ledger.")
    subject: str = "subject_id"
    purpose: str = "purpose"
    columns: dict[Text, Text] = Field(default_factory=dict)
    tcf: TcfStrings | None = None
    basis: str | None = "basis"
    status: str | None = "status"
    valid_from: str | None = "valid_from"
    valid_to: str | None = "valid_to"
    recorded_at: str = "recorded_at"
    given: tuple[str, ...] = Field(("given", "active"), description="Status values that mean consent.")
    expired: tuple[str, ...] = ("expired",)
    bases: dict[str, LawfulBasis] = Field(default_factory=dict)
    jurisdiction: str | None = None
    jurisdictions: tuple[str, ...] = ()
    notice: str | None = None
    guardians: Guardians | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.columns and self.tcf is not None:
            raise ValueError("a ledger has columns for purposes or TC strings, not both")
        if self.jurisdictions and self.jurisdiction is None:
            raise ValueError("jurisdictions are listed, but no column says a record's jurisdiction")
        return self

    @property
    def by_row(self) -> bool:
        """Whether a column says which purpose a record is about."""
        return not self.columns and self.tcf is None

    def named(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """Every column that the mapping names, with where it is named."""
        single = ("subject", "basis", "valid_from", "valid_to", "recorded_at", "jurisdiction", "notice")
        names = [*single, *(("purpose", "status") if self.by_row else ())]
        found: list[tuple[tuple[str, ...], str | None]] = [((name,), getattr(self, name)) for name in names]
        found += [(("columns", column), column) for column in self.columns]
        if self.tcf is not None:
            found.append((("tcf", "column"), self.tcf.column))
        if self.guardians is not None:
            found += [(("guardians", name), getattr(self.guardians, name)) for name in ("minor", "consent")]
        return tuple((path, column) for path, column in found if column is not None)


class ErasureRegister(FileModel):
    """Which dataset says who was erased, and when: nothing from before may be left (GDPR art. 17)."""

    dataset: str = Field(description="Dataset name (namespace.table) of the register of erasures.")
    subject: str = "subject_id"
    erased_at: str = Field("erased_at", description="Column of the moment at which it was carried out.")
    within_days: int = Field(
        30, ge=0, description="Days after which no record from before the erasure may be left anywhere."
    )

    def named(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """Every column that is named, with where."""
        return (("subject",), self.subject), (("erased_at",), self.erased_at)
