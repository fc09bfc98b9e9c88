"""The project's keys: with one of them a person's hash in a manifest is made, and without it none is read.

A hash is BLAKE2b (RFC 7693) in its keyed mode over the MD5 that every engine can make of a subject's text.
The MD5 only carries a subject out of the engine in a fixed size; it is kept nowhere.

Keys stand in a file, ``<id> <64 hexadecimal digits>`` a line, the newest last. New manifests use the newest;
older ones stay readable as long as their key stands in the file. Where a key is removed, the manifests that
were made with it can never be read again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.key_file import write_whole
from governance_pipeline.profiles.subject_sets import HASH_BYTES

_LINE = re.compile(r"([0-9a-f]{8}) ([0-9a-f]{64})")
_PERSON = b"gov-subject"


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """One key; ``id`` follows from it."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return hashlib.sha256(b"id of " + self.secret).hexdigest()[:8]

    def hashed(self, digests: Iterable[str]) -> bytes:
        """The hashes of subjects, given as the MD5 of their text, one after the other."""
        made = hashlib.blake2b
        return b"".join(
            made(digest.encode(), digest_size=HASH_BYTES, key=self.secret, person=_PERSON).digest()
            for digest in digests
        )


class SubjectKeys:
    """The keys in a file, which is made with a first key where there is none.

    Args:
        path: the file; only its owner may read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def all(self) -> tuple[SubjectKey, ...]:
        """The keys, oldest first; none where there is no file yet.

        Raises:
            CannotEvaluate: the file cannot be read, or a line is no key.
        """
        try:
            lines = self._path.read_text(encoding="ascii").splitlines()
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise CannotEvaluate(
                f"the keys of subject manifests cannot be read from {self._path}: {error}",
                hint="restore the file from its backup: manifests cannot be read without their key",
            ) from error
        return tuple(self._key(number, line) for number, line in enumerate(lines, 1) if line.strip())

    def newest(self) -> SubjectKey:
        """The key for new manifests; made where there is none.

        Raises:
            CannotEvaluate: see :meth:`all`; or the file cannot be written.
        """
        return (self.all() or (self.rotate(),))[-1]

    def rotate(self) -> SubjectKey:
        """Add a key, which new manifests use from now on.

        Raises:
            CannotEvaluate: see :meth:`newest`.
        """
        known, key = self.all(), SubjectKey(token_bytes(32))
        self._write([*known, key])
        return key

    def _key(self, number: int, line: str) -> SubjectKey:
        found = _LINE.fullmatch(line.strip())
        key = SubjectKey(bytes.fromhex(found[2])) if found else None
        if found is None or key is None or key.id != found[1]:
            raise CannotEvaluate(
                f"{self._path}:{number}: this is not a key of subject manifests",
                hint="a line is a key's id and its 64 hexadecimal digits; restore the file from its backup",
            )
        return key

    def _write(self, keys: Iterable[SubjectKey]) -> None:
        """All or nothing: a half-written file would make every manifest unreadable."""
        text = "".join(f"{key.id} {key.secret.hex()}\n" for key in keys)
        try:
            write_whole(self._path, text, 0o600)
        except OSError as error:
            raise CannotEvaluate(
                f"the keys of subject manifests cannot be written to {self._path}: {error}",
                hint="make the folder writable, or name another file under subjectKeys in governance.yaml",
            ) from error
