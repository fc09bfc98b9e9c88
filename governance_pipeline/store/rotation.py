"""Taking a new signing key, so that the old one vouches for it."""

from __future__ import annotations

from datetime import datetime

from governance_pipeline.ledger.signing import SigningKey, SigningKeys
from governance_pipeline.store.ports import Store


def rotate_key(store: Store, keys: SigningKeys, at: datetime) -> SigningKey:
    """Sign with a new key from the next entry on. That entry tells of it, and the checkpoint after it
    is the new key's first.

    Raises:
        CannotEvaluate: the key files cannot be read or written.
        StoreUnavailable: nothing was changed.
    """
    keys.newest()  # there is an old one
    with store.begin() as unit:
        unit.ledger.hold()
        size = unit.ledger.size()
        key = keys.rotate(at=size + 1)
        unit.ledger.append("key.rotated", key.id, at, {"key": key.id, "public": key.public.hex()})
    return key
