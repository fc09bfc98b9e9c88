"""Checkpoints as messages: what lies in somebody's mailbox is beyond the store's administrators."""

from __future__ import annotations

import hashlib
from datetime import date

from governance_pipeline.charter.ledger_copies import ChannelCopy
from governance_pipeline.ledger.offline import Checkpoint
from governance_pipeline.response.message import SUBJECT_LENGTH, plain
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.incident import Alert


class ChannelWitness:
    """A channel of governance.yaml; the outbox delivers, and tries again."""

    def __init__(self, copy: ChannelCopy, store: Store, project: str, night: date) -> None:
        self._copy, self._store, self._project, self._night = copy, store, project, night

    def take(self, note: str, checkpoint: Checkpoint) -> None:
        named = hashlib.sha256(f"{self._copy.name}\n{self._copy.to}\n{note}".encode()).hexdigest()[:16]
        body = (
            "WHAT THIS IS\n  The newest checkpoint of the ledger. Keep this message: with it,"
            " `governance ledger verify --checkpoint FILE`\n  finds whatever is cut from the ledger, or"
            f" changed in its first {checkpoint.size} entries.\n\n{note}\n"
        )
        alert = Alert(
            key=f"checkpoint-{checkpoint.size}-{named}",
            night=self._night,
            recipient=self._copy.to,
            channel=self._copy.name,
            subject=plain(f"[{self._project}] the ledger at {checkpoint.size} entries", SUBJECT_LENGTH),
            body=body,
        )
        with self._store.begin() as unit:
            unit.outbox.enqueue(alert)

    def notes(self) -> tuple[str, ...]:
        """None: what was sent cannot be asked back."""
        return ()
