"""What is wrong with the project's files, said so that an editor can jump there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from governance_pipeline.errors import ProjectInvalid

LONGEST_LIST = 12  # names that an "expected one of" may list before it is cut


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in one file.

    Attributes:
        file: path as shown to people: relative to the project folder.
        line, column: from 1; 0 where the file as a whole is meant.
        message: what is wrong, in plain words.
        expected: what should stand there, "" where the message says it.
        suggestion: the name that was probably meant, "" where none is near.
    """

    file: str
    line: int
    column: int
    message: str
    expected: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        expected = f"; expected {self.expected}" if self.expected else ""
        suggestion = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {self.message}{expected}{suggestion}"


class ProjectFilesInvalid(ProjectInvalid):
    """The files of a project have mistakes; ``problems`` lists every one of them, in order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        listed = "\n".join(str(problem) for problem in self.problems)
        super().__init__(
            f"the project files have {count} mistake{'' if count == 1 else 's'}:\n{listed}",
            hint="correct the lines named above, then run: governance validate",
        )


def nearest(word: object, known: Iterable[str], likeness: float = 0.6) -> str:
    """The known name that was probably meant, "" where none is near. Case does not count.

    Args:
        word: what was written.
        known: what could have been meant.
        likeness: how alike they must be (difflib's ratio; 0.6 lets one letter of three differ).
    """
    names = {name.lower(): name for name in known}
    found = get_close_matches(str(word).lower(), names, n=1, cutoff=likeness)
    return names[found[0]] if found else ""


def one_of(names: Iterable[str]) -> str:
    """``one of a, b, c``, cut where the list would be too long to read."""
    listed = list(names)
    if not listed:
        return "nothing: none is declared"
    shown = ", ".join(listed[:LONGEST_LIST])
    more = len(listed) - LONGEST_LIST
    prefix = "one of " if len(listed) > 1 else ""
    return f"{prefix}{shown}" + (f" and {more} more" if more > 0 else "")


def shorten(value: object, longest: int = 60) -> str:
    """A value as it may be quoted in a message: on one line and not too long."""
    text = " ".join(str(value).split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
