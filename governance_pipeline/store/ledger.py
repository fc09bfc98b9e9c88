"""The ledger in a database: one entry per act, numbered without a gap."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from governance_pipeline.ledger.entries import KeyNow, Payload, write_entry
from governance_pipeline.ledger.offline import StoredEntry
from governance_pipeline.ledger.signing import SigningKey
from governance_pipeline.store.tables import ledger_entries, ledger_payloads
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import instant

_AT_ONCE = 5_000


class SqlLedger:
    """See :class:`ports.Ledger`. Entries wait in memory until something reads them or the unit ends.

    Args:
        signs: gives the key that signs; None leaves entries unsigned.

    Attributes:
        leaves: of the entries that this unit has made.
    """

    def __init__(self, transaction: Transaction, signs: KeyNow | None) -> None:
        self._transaction = transaction
        self._signs = signs
        self._key: SigningKey | None = None
        self._next: int | None = None
        self._waiting: list[tuple[StoredEntry, Payload]] = []
        self.leaves: list[bytes] = []

    def hold(self) -> None:
        """Make this the only unit that writes acts until it ends.

        Comes before the act itself is written: two units that waited for each other's rows, one of them
        holding the ledger, would never end.
        """
        if self._next is None:
            self._transaction.lock("ledger")
            self._next = self._stored_size()
            self._key = self._signs() if self._signs else None

    def append(self, kind: str, about: str, at: datetime, told: Mapping[str, Any]) -> None:
        self.hold()
        assert self._next is not None
        moment = instant(at, "the time of an act")
        entry, payload = write_entry(self._next, kind, about, moment, told, self._key)
        self._waiting.append((entry, payload))
        self.leaves.append(entry.leaf)
        self._next += 1

    def flush(self) -> None:
        """Write what waits."""
        if not self._waiting:
            return
        entries = [
            {"index": e.index, "leaf": e.leaf, "key": e.key, "signature": e.signature}
            for e, _ in self._waiting
        ]
        payloads = [{"digest": p.digest, "salt": p.salt, "body": p.body} for _, p in self._waiting]
        self._waiting.clear()
        if len(entries) == 1:
            self._transaction.insert_both((ledger_entries, ledger_payloads), (entries[0], payloads[0]))
            return
        self._transaction.run(ledger_entries.insert(), entries)
        self._transaction.run(ledger_payloads.insert(), payloads)

    def size(self) -> int:
        self.flush()
        return self._stored_size() if self._next is None else self._next

    def entries(self, first: int = 0) -> Iterator[StoredEntry]:
        self.flush()
        column = ledger_entries.c.index
        while True:
            rows = self._transaction.rows(
                select(ledger_entries).where(column >= first).order_by(column).limit(_AT_ONCE)
            )
            for row in rows:
                yield StoredEntry(row["index"], bytes(row["leaf"]), row["key"], bytes(row["signature"]))
            if len(rows) < _AT_ONCE:
                return
            first = rows[-1]["index"] + 1

    def payloads(self, digests: Collection[str]) -> Sequence[Payload]:
        self.flush()
        found: list[Payload] = []
        wanted = sorted(digests)
        for start in range(0, len(wanted), _AT_ONCE):
            part = ledger_payloads.c.digest.in_(wanted[start : start + _AT_ONCE])
            rows = self._transaction.rows(select(ledger_payloads).where(part))
            found += [Payload(row["digest"], bytes(row["salt"]), bytes(row["body"])) for row in rows]
        return found

    def erase(self, digests: Collection[str]) -> int:
        self.flush()
        return self._transaction.run(
            delete(ledger_payloads).where(ledger_payloads.c.digest.in_(sorted(digests)))
        )

    def _stored_size(self) -> int:
        newest = self._transaction.row(select(func.max(ledger_entries.c.index).label("newest")))
        return 0 if newest is None or newest["newest"] is None else int(newest["newest"]) + 1
