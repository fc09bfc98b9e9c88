"""Checkpoints with time stamps (RFC 3161): nobody can claim later that they were made earlier."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.ledger.offline import Checkpoint
from governance_pipeline.stages.witnesses.folder import ENDING, file_name

if TYPE_CHECKING:
    from rfc3161_client import Verifier

STAMP = ".tsr"
_SECONDS = 20


class TimeStampWitness:
    """An authority, and the folder where its stamps are kept beside what they stamp.

    Args:
        roots: PEM file of the certificates that are trusted to sign for it.
    """

    def __init__(self, url: str, roots: Path, folder: Path) -> None:
        self._url, self._roots, self._folder = url, roots, folder

    def take(self, note: str, checkpoint: Checkpoint) -> None:
        path = self._folder / file_name(note, checkpoint)
        stamp = path.with_suffix(STAMP)
        if stamp.exists():
            return
        answer = self._stamped(note.encode())
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(note, encoding="utf-8", newline="\n")
            stamp.write_bytes(answer)
        except OSError as error:
            raise self._refused(error.strerror or str(error)) from error

    def notes(self) -> Iterator[str]:
        """Those that are stamped; a note without a stamp, or with one that does not hold, is an error."""
        verifier = self._verifier()
        for path in sorted(self._folder.glob(f"*{ENDING}")) if self._folder.exists() else ():
            try:
                note, stamp = path.read_bytes(), path.with_suffix(STAMP).read_bytes()
            except OSError as error:
                raise self._refused(f"{path.name}: {error.strerror}") from error
            self._require(verifier, stamp, note, path.name)
            yield note.decode("utf-8", "replace")

    def _stamped(self, note: bytes) -> bytes:
        """The authority's answer, which holds."""
        import requests
        from rfc3161_client import TimestampRequestBuilder

        asked = TimestampRequestBuilder().data(note).build()
        try:
            answer = requests.post(
                self._url,
                data=asked.as_bytes(),
                headers={"Content-Type": "application/timestamp-query"},
                timeout=_SECONDS,
                allow_redirects=False,
            )
            answer.raise_for_status()
        except requests.RequestException as error:
            raise self._refused(f"it does not answer ({type(error).__name__})") from error
        self._require(self._verifier(asked.nonce), answer.content, note, "its answer")
        return answer.content

    def _verifier(self, nonce: int | None = None) -> Verifier:
        from cryptography.x509 import load_pem_x509_certificates
        from rfc3161_client import VerifierBuilder

        try:
            roots = load_pem_x509_certificates(self._roots.read_bytes())
        except (OSError, ValueError) as error:
            raise self._refused(f"its certificates {self._roots} cannot be read: {error}") from error
        return VerifierBuilder(roots=list(roots), nonce=nonce).build()

    def _require(self, verifier: Verifier, stamp: bytes, note: bytes, name: str) -> None:
        from rfc3161_client import VerificationError, decode_timestamp_response

        try:
            verifier.verify_message(decode_timestamp_response(stamp), note)
        except (VerificationError, ValueError) as error:
            raise self._refused(f"{name} is no time stamp that holds: {error}") from error

    def _refused(self, why: str) -> CannotEvaluate:
        return CannotEvaluate(
            f"the time stamps of {self._url.partition('?')[0].rpartition('@')[2]} cannot be used: {why}",
            hint=f"see ledger.copies in governance.yaml, and the folder {self._folder}",
        )
