"""What people fill in, read field by field: what is missing or wrong is said by its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from litestar.datastructures import FormMultiDict

from governance_pipeline.errors import UsageError

E = TypeVar("E", bound=StrEnum)

LONGEST = 10_000
"""Characters of one field."""


@dataclass(frozen=True, slots=True)
class Form:
    """The text fields of a form; files are not taken."""

    fields: FormMultiDict

    def text(self, name: str) -> str:
        """A field, "" where it is not there."""
        return self._checked(name, self.fields.get(name, ""))

    def every(self, name: str) -> list[str]:
        """All fields of a name, in order, also the empty ones."""
        return [self._checked(name, one) for one in self.fields.getall(name, [])]

    def day(self, name: str, label: str) -> date:
        """A day.

        Raises:
            UsageError: it is missing, or no day.
        """
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise UsageError(f"{label}: choose a day", hint="write it as 2026-03-31") from None

    def choice(self, name: str, label: str, among: Sequence[E]) -> E:
        """One of some choices.

        Raises:
            UsageError: none of them is chosen.
        """
        said = self.text(name)
        for one in among:
            if one == said:
                return one
        words = ", ".join(one.replace("_", " ") for one in among) or "there is nothing to choose"
        raise UsageError(f"{label}: choose one", hint=words)

    def _checked(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise UsageError(f"{name} is a file", hint="files are not taken here")
        if len(value) > LONGEST:
            raise UsageError(f"{name} has more than {LONGEST:,} characters", hint="say it shorter")
        return value.replace("\r\n", "\n").strip()
