"""governance ledger show, verify, keys and erase, over a project that has lived through two nights."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.cli.conftest import Command


def test_what_nights_did_is_shown_and_holds(shop: Path, governance: Command):
    shown = governance("ledger", "show", "--project", shop, "--last", 500)
    assert "night.sealed" in shown.out
    assert "review.opened" in shown.out
    done = governance("ledger", "verify", "--project", shop)
    assert done.code == 0
    assert "HOLDS" in done.out


def test_a_measurement_made_better_in_the_database_is_told(shop: Path, governance: Command):
    store = sqlite3.connect(shop / ".governance" / "store.db")
    with store:
        assert store.execute("UPDATE measurements SET outcome = 'pass' WHERE outcome <> 'pass'").rowcount
    store.close()
    done = governance("ledger", "verify", "--project", shop)
    assert done.code == 1
    assert "CHANGED" in done.out
    assert "is not what entry" in " ".join(done.out.split())
    found = governance("ledger", "verify", "--project", shop, "--format", "json").json
    assert found["holds"] is False
    assert {fault["code"] for fault in found["report"]["faults"]} == {"record_changed"}


def test_keys_are_listed_and_rotated(shop: Path, governance: Command):
    before = governance("ledger", "keys", "--project", shop, "--format", "json").json
    assert [key["signs"] for key in before["keys"]] == [True]
    assert "signs now" in governance("ledger", "keys", "--project", shop, "--rotate").out
    after = governance("ledger", "keys", "--project", shop, "--format", "json").json
    assert [key["signs"] for key in after["keys"]] == [False, True]
    assert Path(after["public_keys"]).exists()
    assert governance("ledger", "verify", "--project", shop).code == 0


def test_what_an_entry_tells_is_erased(shop: Path, governance: Command):
    done = governance("ledger", "erase", 0, 1, "--project", shop)
    assert "2 of 2 erased" in done.out
    shown = governance("ledger", "show", "--project", shop, "--last", 500, "--format", "json").json["entries"]
    assert [one["told"] for one in shown[:2]] == [None, None]
    assert [one["entry"]["kind"] for one in shown[-2:]] == ["payload.erased", "payload.erased"]
    verified = governance("ledger", "verify", "--project", shop)
    assert verified.code == 0
    assert "2 erased" in verified.out


def test_an_entry_that_is_not_there_is_not_erased(shop: Path, governance: Command):
    done = governance("ledger", "erase", 99999, "--project", shop)
    assert done.code == 2
    assert "no entry 99999" in done.err
