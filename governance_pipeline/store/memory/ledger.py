"""The ledger in memory: the counterpart of the SQL one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from governance_pipeline.ledger.entries import KeyNow, Payload, write_entry
from governance_pipeline.ledger.offline import StoredEntry
from governance_pipeline.store.memory.transaction import MemoryTransaction
from governance_pipeline.store.values import instant


class MemoryLedger:
    """See :class:`ports.Ledger`."""

    def __init__(self, transaction: MemoryTransaction, signs: KeyNow | None) -> None:
        self._transaction = transaction
        self._signs = signs

    def hold(self) -> None:
        """Nothing to do: a unit of work in memory is the only one."""

    def append(self, kind: str, about: str, at: datetime, told: Mapping[str, Any]) -> None:
        key = self._signs() if self._signs else None
        moment = instant(at, "the time of an act")
        entry, payload = write_entry(self.size(), kind, about, moment, told, key)
        self._transaction.put("ledger_entries", (entry.index,), {"entry": entry})
        self._transaction.put("ledger_payloads", (payload.digest,), {"payload": payload})

    def size(self) -> int:
        return len(self._transaction.rows("ledger_entries", order=_index))

    def entries(self, first: int = 0) -> Iterator[StoredEntry]:
        rows = self._transaction.rows(
            "ledger_entries", lambda row: bool(row["entry"].index >= first), order=_index
        )
        yield from (row["entry"] for row in rows)

    def payloads(self, digests: Collection[str]) -> Sequence[Payload]:
        rows = self._transaction.rows(
            "ledger_payloads", lambda row: row["payload"].digest in digests, order=_digest
        )
        return [row["payload"] for row in rows]

    def erase(self, digests: Collection[str]) -> int:
        found = len(self.payloads(digests))
        self._transaction.remove("ledger_payloads", lambda row: row["payload"].digest in digests)
        return found


def _index(row: Mapping[str, Any]) -> int:
    return int(row["entry"].index)


def _digest(row: Mapping[str, Any]) -> str:
    return str(row["payload"].digest)
