"""Acts and the ledger are one: entered by whoever writes them, checked against what the tables say."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from governance_pipeline.errors import CannotEvaluate, Conflict, NotFound, UsageError
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.entries import read_entry
from governance_pipeline.ledger.signing import SigningKeys
from governance_pipeline.store.engine import database_url as parsed
from governance_pipeline.store.engine import make_engine
from governance_pipeline.store.ledger_check import LedgerReport, verify_ledger
from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.store.ports import Store, Unit
from governance_pipeline.store.rotation import rotate_key
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus
from governance_pipeline.vocabulary.incident import IncidentAct, IncidentStatus
from governance_pipeline.vocabulary.review import ReviewAct
from tests.store.examples import (
    INCOMES,
    NIGHT,
    NOON,
    incident,
    incident_event,
    measurement,
    milestone,
    night_record,
    review_event,
    risk,
)


def write_then_collide(unit: Unit) -> None:
    unit.reviews.append(review_event(sequence=3))
    unit.reviews.append(review_event(sequence=3))


@pytest.fixture
def log(tmp_path: Path) -> CheckpointLog:
    return CheckpointLog(tmp_path / "checkpoints", "lending", SigningKeys(tmp_path / "signing-keys"))


@pytest.fixture
def kept(database_url: str, log: CheckpointLog) -> Iterator[Store]:
    """A store whose ledger is signed and witnessed."""
    opened = open_store(database_url, witness=log)
    yield opened
    opened.close()


def live(store: Store) -> None:
    """A short life: a night, an incident that is acknowledged, a review that is commented."""
    with store.begin() as unit:
        unit.measurements.replace(NIGHT, [measurement()], entities=[INCOMES])
        unit.risks.replace(NIGHT, [risk()])
        unit.incidents.put(incident(), incident_event())
        unit.reviews.open(milestone(), "REV-1", review_event())
        unit.nights.seal(night_record())
    with store.begin() as unit:
        acknowledged = incident(sequence=2, status=IncidentStatus.ACKNOWLEDGED)
        unit.incidents.put(
            acknowledged, incident_event(sequence=2, act=IncidentAct.ACKNOWLEDGED, actor="ana")
        )
        unit.reviews.append(
            review_event(sequence=2, act=ReviewAct.COMMENTED, actor="lena", data={"text": "Why?"})
        )


def kinds(store: Store) -> list[str]:
    with store.begin() as unit:
        return [read_entry(entry).kind for entry in unit.ledger.entries()]


LIFE = [
    "incident.opened",
    "review.milestone",
    "review.opened",
    "night.sealed",
    "incident.acknowledged",
    "review.commented",
]


def test_every_act_is_entered_by_whoever_writes_it(store: Store):
    live(store)
    assert kinds(store) == LIFE


def test_what_is_refused_or_undone_is_not_entered(kept: Store, log: CheckpointLog):
    live(kept)
    with kept.begin() as unit:
        assert not unit.reviews.open(milestone(), "REV-1", review_event())
    with pytest.raises(Conflict), kept.begin() as unit:
        write_then_collide(unit)
    assert kinds(kept) == LIFE
    report = verify_ledger(kept, log)
    assert report.holds
    assert report.witnessed == len(LIFE)


def test_a_life_verifies(kept: Store, log: CheckpointLog):
    live(kept)
    report = verify_ledger(kept, log)
    assert report.faults == ()
    assert (report.size, report.witnessed, report.checkpoints, report.erased) == (6, 6, 2, 0)


def test_acts_of_many_are_numbered_without_a_gap(database_url: str, log: CheckpointLog):
    log.keys.newest()
    barrier = threading.Barrier(8)

    def act(worker: int) -> None:
        own = open_store(database_url, witness=log)
        barrier.wait()
        for turn in range(5):
            with own.begin() as unit:
                one = f"INC-{worker}-{turn}"
                unit.incidents.put(incident(one), incident_event(one))
        own.close()

    workers = [threading.Thread(target=act, args=(number,)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    opened = open_store(database_url)
    report = verify_ledger(opened, log)
    opened.close()
    assert report.faults == ()
    assert report.size == report.witnessed == 40


def consented(store: Store) -> None:
    """Three records of two people are received, and one of them is forgotten."""
    given = [
        ConsentRecord(name, purpose, "consent", ConsentStatus.GIVEN, NOON)
        for name, purpose in (("ann", "ads"), ("ann", "research"), ("bob", "ads"))
    ]
    with store.begin() as unit:
        assert unit.consents.take(given, NOON) == 3
    with store.begin() as unit:
        assert unit.consents.take(given, NOON) == 0  # said before
        assert unit.consents.forget("eve", NOON) == 0
        assert unit.consents.forget("ann", NOON) == 2


def test_received_consent_is_entered_by_its_number_and_names_nobody(kept: Store, log: CheckpointLog):
    consented(kept)
    assert kinds(kept) == ["consent.received", "consent.forgotten"]
    with kept.begin() as unit:
        entries = [read_entry(entry) for entry in unit.ledger.entries()]
        told = {one.digest: one.told for one in unit.ledger.payloads([entry.payload for entry in entries])}
    assert [told[entry.payload] for entry in entries] == [
        {"received": 3, "held": 3},
        {"forgotten": 2, "held": 1},
    ]
    assert {entry.about for entry in entries} == {"consent"}
    assert verify_ledger(kept, log).faults == ()
    with kept.begin() as unit:
        unit.consents.forget("bob", NOON)
    assert verify_ledger(kept, log).faults == ()


_ONE_MORE = (
    "INSERT INTO consent_records SELECT 'x', subject, purpose, basis, status, recorded_at, valid_from,"
    " valid_to, notice, jurisdiction, received_at FROM consent_records"
)


@pytest.mark.parametrize(
    ("statement", "code"),
    [("DELETE FROM consent_records", "record_gone"), (_ONE_MORE, "record_changed")],
)
def test_received_consent_that_comes_or_goes_behind_our_back_is_found(
    kept: Store, log: CheckpointLog, database_url: str, statement: str, code: str
):
    consented(kept)
    changed(database_url, statement)
    (fault,) = verify_ledger(kept, log).faults
    assert fault.code == code
    assert "received records of consent" in fault.sentence


def changed(url: str, *statements: str) -> None:
    """What somebody does who owns the database: the triggers are no hindrance to them."""
    engine = make_engine(parsed(url))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        else:
            for act in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS ledger_entries_no_{act}"))
        for statement in statements:
            assert connection.execute(text(statement)).rowcount
    engine.dispose()


TAMPERING = {
    "UPDATE measurements SET value = 0.0": ["record_changed"],
    "UPDATE measurements SET outcome = 'pass'": ["record_changed"],
    "DELETE FROM measurements": ["record_changed"],
    "UPDATE risks SET score = 0.5": ["record_changed"],
    "UPDATE nights SET missing = '[]', received = expected": ["record_changed"],
    "DELETE FROM nights": ["record_gone"],
    "UPDATE review_events SET actor = 'mallory' WHERE sequence = 2": ["record_changed"],
    "DELETE FROM review_events WHERE sequence = 2": ["record_gone"],
    "UPDATE reviews SET sentence = 'Nothing to see.'": ["record_changed"],
    "UPDATE incidents SET status = 'resolved'": ["record_changed"],
    "UPDATE incident_events SET note = '' WHERE sequence = 1": ["record_changed"],
    "INSERT INTO review_events SELECT review, 3, 'withdrawn', at, actor, data FROM review_events"
    " WHERE sequence = 2": ["never_entered"],
    "UPDATE ledger_entries SET key = '' WHERE \"index\" = 3": ["unknown_key"],
    'UPDATE ledger_entries SET "index" = 9 WHERE "index" = 5': ["out_of_place"],
    'UPDATE ledger_entries SET leaf = signature WHERE "index" = 1': ["unreadable"],
    'DELETE FROM ledger_entries WHERE "index" = 5': ["never_entered", "truncated"],
}


@pytest.mark.parametrize("statement", TAMPERING)
def test_what_is_changed_behind_our_back_is_found(
    kept: Store, log: CheckpointLog, database_url: str, statement: str
):
    live(kept)
    changed(database_url, statement)
    found = {fault.code for fault in verify_ledger(kept, log).faults}
    assert found >= set(TAMPERING[statement])


def test_a_changed_payload_is_found(kept: Store, log: CheckpointLog, database_url: str):
    live(kept)
    with kept.begin() as unit:
        victim = read_entry(list(unit.ledger.entries())[5])
    changed(database_url, f"UPDATE ledger_payloads SET body = salt WHERE digest = '{victim.payload}'")
    faults = verify_ledger(kept, log).faults
    assert ("payload_changed", 5) in [(fault.code, fault.entry) for fault in faults]


def test_an_old_backup_is_found_whatever_is_done_after(tmp_path: Path, log: CheckpointLog):
    url, backup = f"sqlite:///{tmp_path}/store.db", tmp_path / "backup.db"
    store = open_store(url, witness=log)
    with store.begin() as unit:
        unit.incidents.put(incident(), incident_event())
    store.close()
    shutil.copy(tmp_path / "store.db", backup)
    store = open_store(url, witness=log)
    with store.begin() as unit:
        unit.incidents.put(incident("INC-2"), incident_event("INC-2"))
    store.close()

    for left_behind in tmp_path.glob("store.db*"):
        left_behind.unlink()
    shutil.copy(backup, tmp_path / "store.db")
    restored = open_store(url, witness=log)
    assert [fault.code for fault in verify_ledger(restored, log).faults] == ["truncated"]
    for name in ("INC-3", "INC-4"):
        with restored.begin() as unit:
            unit.incidents.put(incident(name), incident_event(name))
    assert "root_differs" in [fault.code for fault in verify_ledger(restored, log).faults]
    restored.close()


def test_a_partly_repeated_night_is_entered_as_that(kept: Store, log: CheckpointLog):
    live(kept)
    with kept.begin() as unit:
        unit.measurements.replace(NIGHT, [replace(measurement(), value=1.5)], entities=[INCOMES])
        unit.nights.amend(NIGHT, NOON + timedelta(hours=2))
    assert kinds(kept)[-1] == "night.amended"
    assert verify_ledger(kept, log).holds


def test_what_an_entry_tells_can_be_erased_and_the_proofs_stay(kept: Store, log: CheckpointLog):
    live(kept)
    with kept.begin() as unit:
        told = read_entry(list(unit.ledger.entries())[5]).payload
        assert unit.ledger.payloads([told])[0].told["actor"] == "lena"
        assert unit.ledger.erase([told]) == 1
    report = verify_ledger(kept, log)
    assert report.faults == ()
    assert report.erased == 1


def test_a_rotated_key_signs_from_then_on(kept: Store, log: CheckpointLog):
    live(kept)
    old = log.keys.newest().id
    new = rotate_key(kept, log.keys, NOON).id
    with kept.begin() as unit:
        unit.incidents.put(incident("INC-9"), incident_event("INC-9"))
    with kept.begin() as unit:
        signed = [entry.key for entry in unit.ledger.entries()]
    assert signed == [old] * 7 + [new]
    assert verify_ledger(kept, log).faults == ()


REFUSED = {
    "sqlite": (
        "UPDATE ledger_entries SET key = 'x'",
        "DELETE FROM ledger_entries",
        'INSERT OR REPLACE INTO ledger_entries SELECT * FROM ledger_entries WHERE "index" = 0',
    ),
    "postgresql": (
        "UPDATE ledger_entries SET key = 'x'",
        "DELETE FROM ledger_entries",
        "TRUNCATE ledger_entries",
    ),
}


def test_the_database_itself_refuses_to_change_an_entry(kept: Store, database_url: str):
    live(kept)
    engine = make_engine(parsed(database_url))
    for statement in REFUSED[engine.dialect.name]:
        with pytest.raises(DBAPIError, match="never changed or removed"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()
    assert len(kinds(kept)) == len(LIFE)


def test_a_lost_or_damaged_file_of_checkpoints_is_told(kept: Store, log: CheckpointLog):
    live(kept)
    sound = log.path.read_text(encoding="utf-8")
    log.path.unlink()
    assert [fault.code for fault in verify_ledger(kept, log).faults] == ["no_checkpoint"]
    log.path.write_text(sound.replace("lending\n6\n", "lending\n7\n"), encoding="utf-8")
    assert [fault.code for fault in verify_ledger(kept, log).faults] == ["checkpoint_broken"]
    with pytest.raises(CannotEvaluate, match="not signed by a trusted key"), kept.begin() as unit:
        unit.incidents.put(incident("INC-5"), incident_event("INC-5"))


def test_a_checkpoint_that_a_power_cut_left_half_written_is_written_anew(kept: Store, log: CheckpointLog):
    live(kept)
    sound = log.path.read_text(encoding="utf-8")
    log.path.write_text(sound + "lending\n7\nAAA", encoding="utf-8")
    with kept.begin() as unit:
        unit.incidents.put(incident("INC-5"), incident_event("INC-5"))
    assert log.path.read_text(encoding="utf-8").startswith(sound + "lending\n7\n")
    assert verify_ledger(kept, log).holds


def test_entries_that_nobody_signed_are_told(database_url: str, log: CheckpointLog):
    unsigned = open_store(database_url)
    live(unsigned)
    log.keys.newest()
    codes = {fault.code for fault in verify_ledger(unsigned, log).faults}
    unsigned.close()
    assert codes == {"unknown_key", "no_checkpoint"}


@pytest.mark.postgres
def test_the_role_that_works_on_postgres_can_only_add(postgres_url: str, log: CheckpointLog):
    upgrade_store(postgres_url)
    role = f"worker_{abs(hash(postgres_url)) % 10**9}"
    run_as_owner(postgres_url, lambda c: c.execute(text(f"CREATE ROLE {role} LOGIN")))
    try:
        upgrade_store(postgres_url, role=role)
        as_role = parsed(postgres_url).set(username=role).render_as_string(hide_password=False)
        worker = open_store(as_role, witness=log)
        live(worker)
        report: LedgerReport = verify_ledger(worker, log)
        worker.close()
        assert report.faults == ()
        engine = make_engine(parsed(as_role))
        for act in (
            "UPDATE ledger_entries SET key = ''",
            "DELETE FROM ledger_entries",
            "TRUNCATE ledger_entries",
        ):
            with pytest.raises(DBAPIError, match="permission denied"), engine.begin() as connection:
                connection.execute(text(act))
        engine.dispose()
    finally:
        run_as_owner(postgres_url, lambda c: c.execute(text(f"DROP OWNED BY {role}; DROP ROLE {role}")))


@pytest.mark.postgres
def test_a_role_that_is_not_there_or_owns_the_tables_is_refused(postgres_url: str, tmp_path: Path):
    with pytest.raises(NotFound, match="no role 'nobody_here'"):
        upgrade_store(postgres_url, role="nobody_here")
    owner = run_as_owner(postgres_url, lambda c: c.scalar(text("SELECT current_user")))
    with pytest.raises(UsageError, match="owns the tables"):
        upgrade_store(postgres_url, role=str(owner))
    with pytest.raises(UsageError, match="roles are Postgres's"):
        upgrade_store(f"sqlite:///{tmp_path}/s.db", role="x")


def run_as_owner(url: str, act: Callable) -> object:
    engine = make_engine(parsed(url))
    try:
        with engine.begin() as connection:
            return act(connection)
    finally:
        engine.dispose()
