"""The project's signing keys: Ed25519 (RFC 8032), the newest signs.

Private keys stand in a file, ``<id> <64 hexadecimal digits>`` a line, the newest last, readable by its owner
only. Public keys stand beside it in ``<file>.public.json``; whoever verifies holds a copy of that.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from secrets import token_bytes
from typing import TYPE_CHECKING

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.key_file import write_whole
from governance_pipeline.ledger.offline import BrokenProof, PublicKey, read_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_LINE = re.compile(r"([0-9a-f]{16}) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One private key."""

    secret: bytes = field(repr=False)

    @property
    def public(self) -> bytes:
        return _loaded(self.secret)[1]

    @property
    def id(self) -> str:
        return PublicKey(self.public).id

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return _loaded(self.secret)[0].sign(message)


@lru_cache(maxsize=8)
def _loaded(secret: bytes) -> tuple[Ed25519PrivateKey, bytes]:
    """The key as it signs, and its public half: to derive that takes longer than to sign."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.from_private_bytes(secret)
    return private, private.public_key().public_bytes_raw()


class SigningKeys:
    """The keys in a file, which is made with a first key where there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.public_path = path.with_name(f"{path.name}.public.json")
        self._known: tuple[str, tuple[SigningKey, ...]] | None = None

    def trusted(self) -> dict[str, PublicKey]:
        """The public keys by id; none where no key was made yet.

        Raises:
            CannotEvaluate: the file is damaged.
        """
        try:
            return read_keys(self.public_path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError, BrokenProof) as error:
            raise self._damaged(self.public_path, str(error)) from error

    def newest(self) -> SigningKey:
        """The key that signs; made where there is none.

        Raises:
            CannotEvaluate: a file cannot be read or written.
        """
        known = self._all()
        if known:
            return known[-1]
        return self.rotate(at=0)

    def rotate(self, *, at: int) -> SigningKey:
        """Add a key, which signs from the entry ``at`` on; the one before it does no more.

        Raises:
            CannotEvaluate: see :meth:`newest`.
        """
        known, trusted = self._all(), list(self.trusted().values())
        key = SigningKey(token_bytes(32))
        retired = [PublicKey(k.public, k.first, at if k.until is None else k.until) for k in trusted]
        public = [*retired, PublicKey(key.public, at)]
        secret = "".join(f"{one.id} {one.secret.hex()}\n" for one in (*known, key))
        self._write(self.public_path, _public_text(public), 0o644)
        self._write(self._path, secret, 0o600)
        return key

    def _all(self) -> tuple[SigningKey, ...]:
        try:
            text = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(self._path, str(error)) from error
        if self._known is None or self._known[0] != text:
            self._known = text, self._parsed(text)
        return self._known[1]

    def _parsed(self, text: str) -> tuple[SigningKey, ...]:
        keys = []
        for number, line in enumerate(text.splitlines(), 1):
            found = _LINE.fullmatch(line.strip())
            key = SigningKey(bytes.fromhex(found[2])) if found else None
            if found is None or key is None or key.id != found[1]:
                raise self._damaged(self._path, f"line {number} is no signing key")
            keys.append(key)
        return tuple(keys)

    def _damaged(self, path: Path, why: str) -> CannotEvaluate:
        return CannotEvaluate(
            f"the signing keys cannot be read from {path}: {why}",
            hint="restore the file from its backup; nothing can be signed without it",
        )

    def _write(self, path: Path, text: str, mode: int) -> None:
        try:
            write_whole(path, text, mode)
        except OSError as error:
            raise CannotEvaluate(
                f"the signing keys cannot be written to {path}: {error}",
                hint="make the folder writable, or name another file under ledger.keys in governance.yaml",
            ) from error


def _public_text(keys: Sequence[PublicKey]) -> str:
    listed = [
        {"public": base64.b64encode(k.public).decode(), "first": k.first, "until": k.until} for k in keys
    ]
    return json.dumps({"keys": listed}, indent=1) + "\n"
