"""Consent as of the night: cases worked out by hand, and the rule's definition word for word as oracle."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import LawfulBasis, Location, PurposeUse
from governance_pipeline.charter.settings import ConsentLedger
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.subject_keys import SubjectKey
from tests.profiles.support import KINDS, contract, plan, scan, settings, url_of, write

AS_OF = datetime(2026, 3, 11, tzinfo=UTC)  # the end of the night of 10 March
TRAINING = PurposeUse("model_training", LawfulBasis.CONSENT)
LEDGER = ConsentLedger(dataset="lending.consents")


@dataclass(frozen=True)
class Record:
    subject: str
    purpose: str = "model_training"
    status: str = "given"
    begins: datetime | None = datetime(2026, 1, 1)
    ends: datetime | None = None
    made: datetime | None = datetime(2026, 1, 1)
    basis: str | None = "consent"


def ledger_table(records: list[Record]) -> pa.Table:
    instants = pa.timestamp("us")
    return pa.table(
        {
            "subject_id": pa.array([r.subject for r in records], pa.string()),
            "purpose": pa.array([r.purpose for r in records], pa.string()),
            "basis": pa.array([r.basis for r in records], pa.string()),
            "status": pa.array([r.status for r in records], pa.string()),
            "valid_from": pa.array([r.begins for r in records], instants),
            "valid_to": pa.array([r.ends for r in records], instants),
            "recorded_at": pa.array([r.made for r in records], instants),
        }
    )


def tally(
    root,
    records,
    subjects,
    *,
    kind="parquet",
    url=None,
    uses=(TRAINING,),
    conflict="most_protective",
    **changes,
):
    location = write(kind, root, pa.table({"subject": pa.array(subjects)}), url)
    consents = write(kind, root, ledger_table(records), url, name="consents")
    of = contract(location, subject_key="subject", purposes=uses, **changes)
    profile = scan(root, of, url=url, consent=ConsentPlan(LEDGER, consents, conflict))
    assert not profile.unmeasured
    return profile.consent


def one(root, *records, conflict="most_protective", **changes) -> str:
    """The state of one subject who has one row."""
    (found,) = tally(root, [Record("someone else"), *records], ["ann"], conflict=conflict, **changes)
    states = (
        "valid", "withdrawn", "expired", "absent", "wrong_purpose", "wrong_basis", "void", "other_basis"
    )  # fmt: skip
    (state,) = [name for name in states if getattr(found, name)]
    assert getattr(found, state) == found.subjects == found.rows == 1
    assert found.rows_valid == (state in ("valid", "other_basis"))
    return state


def day(month: int, number: int) -> datetime:
    return datetime(2026, month, number)


ANN = Record("ann")
CASES = {
    "given": ([ANN], "valid"),
    "nothing": ([], "absent"),
    "another purpose": ([replace(ANN, purpose="marketing")], "wrong_purpose"),
    "the purpose in other letters": ([replace(ANN, purpose="Model_Training")], "wrong_purpose"),
    "ends after the night": ([replace(ANN, ends=day(3, 12))], "valid"),
    "ends with the night": ([replace(ANN, ends=day(3, 11))], "expired"),
    "begins with the end of the night": ([replace(ANN, begins=day(3, 11))], "valid"),
    "begins after the night": ([replace(ANN, begins=day(3, 12))], "absent"),
    "made after the night": ([replace(ANN, made=day(3, 11))], "absent"),
    "withdrawn": ([ANN, replace(ANN, status="withdrawn", begins=day(2, 1), made=day(2, 1))], "withdrawn"),
    "withdrawn in place": ([replace(ANN, status="withdrawn")], "withdrawn"),
    "withdrawn after the night": (
        [ANN, replace(ANN, status="withdrawn", begins=day(3, 12), made=day(3, 12))], "valid"),
    "withdrawn for another purpose": (
        [ANN, replace(ANN, purpose="marketing", status="withdrawn", begins=day(2, 1), made=day(2, 1))],
        "valid"),
    "given again": (
        [ANN, replace(ANN, status="withdrawn", begins=day(2, 1), made=day(2, 1)),
         replace(ANN, begins=day(3, 1), made=day(3, 1))], "valid"),
    "given again on the day of the withdrawal": (
        [replace(ANN, status="withdrawn", begins=day(2, 1), made=datetime(2026, 2, 1, 9)),
         replace(ANN, begins=day(2, 1), made=datetime(2026, 2, 1, 15))], "valid"),
    "given again, all loaded at once": (
        [replace(ANN, status="withdrawn", begins=day(2, 1)), replace(ANN, begins=day(3, 1))], "valid"),
    "given and withdrawn at the same instant": ([ANN, replace(ANN, status="withdrawn")], "withdrawn"),
    "renewed before it ran out": (
        [replace(ANN, ends=day(2, 1)), replace(ANN, begins=day(1, 15), made=day(1, 15))], "valid"),
    "the renewal ran out": (
        [ANN, replace(ANN, begins=day(2, 1), made=day(2, 1), ends=day(3, 1))], "expired"),
    "a status nobody knows": ([replace(ANN, status="maybe")], "withdrawn"),
    "a status that is missing": ([replace(ANN, status=None)], "withdrawn"),
    "a status of expired": ([replace(ANN, status="expired")], "expired"),
    "no beginning": ([replace(ANN, begins=None)], "valid"),
    "given, nobody knows when": ([replace(ANN, made=None)], "absent"),
    "withdrawn, nobody knows when": ([ANN, replace(ANN, status="withdrawn", made=None)], "withdrawn"),
    "given on another basis": ([replace(ANN, basis="contract")], "wrong_basis"),
    "given on another basis that ended": ([replace(ANN, basis="contract", ends=day(2, 1))], "absent"),
    "given on another basis and agreed to": (
        [ANN, replace(ANN, basis="contract", begins=day(2, 1), made=day(2, 1))], "valid"),
    "withdrawn, then on another basis": (
        [replace(ANN, status="withdrawn"), replace(ANN, basis="contract", begins=day(2, 1), made=day(2, 1))],
        "withdrawn"),
    "given on the vocabulary's consent": (
        [replace(ANN, basis="https://w3id.org/dpv/legal/eu/gdpr#A6-1-a-explicit-consent")], "valid"),
    "given on the vocabulary's contract": ([replace(ANN, basis="eu-gdpr:A6-1-b")], "wrong_basis"),
    "given on a basis not named": ([replace(ANN, basis=None)], "valid"),
}  # fmt: skip


@pytest.mark.parametrize("conflict", ["most_protective", "latest_recorded"])
@pytest.mark.parametrize("case", CASES)
def test_a_subject_is_in_the_state_the_ledger_says(tmp_path, case, conflict):
    records, state = CASES[case]
    assert one(tmp_path, *records, conflict=conflict) == state


def test_the_two_rules_differ_where_a_withdrawal_and_a_consent_were_made_out_of_order(tmp_path):
    # the withdrawal of the first consent was made last, after a second consent began
    records = [
        ANN,
        replace(ANN, begins=day(3, 1), made=day(2, 1)),
        replace(ANN, status="withdrawn", begins=day(1, 1), made=day(2, 15)),
    ]
    assert one(tmp_path, *records) == "withdrawn"
    assert one(tmp_path, *records, conflict="latest_recorded") == "withdrawn"
    backdated = [
        replace(ANN, status="withdrawn", begins=day(2, 1), made=day(2, 1)),
        replace(ANN, begins=day(1, 1), made=day(3, 1)),
    ]
    assert one(tmp_path, *backdated) == "withdrawn"
    assert one(tmp_path, *backdated, conflict="latest_recorded") == "valid"


@pytest.mark.parametrize("basis", [b for b in LawfulBasis if b is not LawfulBasis.CONSENT])
def test_another_declared_basis_holds_unless_the_ledger_holds_an_objection(tmp_path, basis):
    use = (PurposeUse("model_training", basis),)
    assert one(tmp_path, uses=use) == "other_basis"
    assert one(tmp_path, replace(ANN, ends=day(2, 1)), uses=use) == "other_basis"
    assert one(tmp_path, replace(ANN, status="withdrawn", basis=basis.value), uses=use) == "withdrawn"


@pytest.mark.parametrize("kind", KINDS)
def test_every_engine_counts_subjects_and_rows_alike(tmp_path, request, kind):
    url = url_of(kind, request)
    records = [
        Record("a"), Record("b", ends=day(2, 1)), Record("c", status="withdrawn"), Record("d", purpose="ads"),
        Record("a", purpose="ads", status="withdrawn"),
    ]  # fmt: skip
    subjects = ["a", "a", "a", "b", "c", "c", "d", "e", None]
    training, ads = tally(
        tmp_path,
        records,
        subjects,
        kind=kind,
        url=url,
        uses=(TRAINING, PurposeUse("ads", LawfulBasis.CONTRACT)),
    )
    assert (training.subjects, training.rows) == (5, 8)
    assert (training.valid, training.expired, training.withdrawn) == (1, 1, 1)
    assert (training.wrong_purpose, training.absent, training.other_basis) == (1, 1, 0)
    assert (training.rows_valid, training.covered, training.basis) == (3, 1, "consent")
    assert (ads.other_basis, ads.withdrawn, ads.rows_valid, ads.covered) == (4, 1, 5, 4)


def test_subjects_that_came_after_the_night_are_not_counted(tmp_path):
    at = pa.array([day(3, 10), day(3, 11), None], pa.timestamp("us"))
    location = write("parquet", tmp_path, pa.table({"subject": ["a", "b", "c"], "at": at}))
    consents = write("parquet", tmp_path, ledger_table([Record("a")]), name="consents")
    of = contract(location, subject_key="subject", event_time="at", purposes=(TRAINING,))
    (found,) = scan(tmp_path, of, consent=ConsentPlan(LEDGER, consents)).consent
    assert (found.subjects, found.valid, found.absent) == (2, 1, 1)


def test_numbers_and_text_can_name_the_same_subject(tmp_path):
    (found,) = tally(tmp_path, [Record("1"), Record("2", status="withdrawn")], [1, 2, 3])
    assert (found.valid, found.withdrawn, found.absent) == (1, 1, 1)


def test_dates_in_the_ledger_are_local_midnights(tmp_path):
    ledger = ledger_table([]).to_pandas()
    ledger.loc[0] = ["a", "model_training", "consent", "given", "2026-03-11", None, "2026-03-10"]
    ledger.loc[1] = ["b", "model_training", "consent", "given", "2026-03-01", "2026-03-11", "2026-03-01"]
    ledger.loc[2] = ["c", "model_training", "consent", "given", "2026-03-01", "2026-03-12", "2026-03-11"]
    ledger.to_csv(tmp_path / "consents.csv", index=False)
    location = write("parquet", tmp_path, pa.table({"subject": ["a", "b", "c"]}))
    of = contract(location, subject_key="subject", purposes=(TRAINING,))
    (found,) = scan(tmp_path, of, consent=ConsentPlan(LEDGER, Location("csv", path="consents.csv"))).consent
    assert (found.valid, found.expired, found.absent) == (1, 1, 1)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"subject_key": "who"}, "subject column 'who' is not in the table"),
        ({"ledger": {"status": "state"}}, "ledger has no column 'state'"),
        ({"ledger": {"valid_to": "level"}}, "'level' is of type int64, not a time"),
        ({"location": Location("parquet", path="gone.parquet")}, "no file matches gone.parquet"),
        ({"location": Location("sql", connection="pg", table="t")}, "in another database"),
    ],
)
def test_a_ledger_that_cannot_be_joined_is_named_and_the_rest_is_measured(tmp_path, changed, reason):
    table = ledger_table([Record("a")]).append_column("level", pa.array([1]))
    consents = write("parquet", tmp_path, table, name="consents")
    location = write("parquet", tmp_path, pa.table({"subject": ["a"]}))
    of = contract(location, subject_key=changed.get("subject_key", "subject"), purposes=(TRAINING,))
    ledger = LEDGER.model_copy(update=changed.get("ledger", {}))
    profile = scan(tmp_path, of, consent=ConsentPlan(ledger, changed.get("location", consents)))
    assert profile.consent == ()
    assert reason in profile.unmeasured["consent"]
    assert profile.rows == 1


@pytest.mark.parametrize("conflict", ["most_protective", "latest_recorded"])
@pytest.mark.parametrize("order", [("given", "withdrawn"), ("withdrawn", "given")])
def test_of_what_was_said_at_once_the_worst_counts(tmp_path, conflict, order):
    records = [Record(f"s{n}", status=status) for status in order for n in range(50)]
    (found,) = tally(tmp_path, records, [f"s{n}" for n in range(50)], conflict=conflict)
    assert found.withdrawn == 50


def test_an_empty_ledger_covers_nobody(tmp_path):
    (found,) = tally(tmp_path, [], ["a", "b"])
    assert (found.subjects, found.absent, found.covered) == (2, 2, 0)


def test_a_ledger_that_changes_is_read_again(tmp_path):
    location = write("parquet", tmp_path, pa.table({"subject": ["a"]}))
    of = contract(location, subject_key="subject", purposes=(TRAINING,))
    engine = IbisEngine(settings(), tmp_path, {})
    for status, valid in (("given", 1), ("withdrawn", 0), ("given", 1)):
        consents = write(
            "parquet", tmp_path, ledger_table([Record("a", status=status)] * (valid + 1)), name="consents"
        )
        (found,) = engine.scan(plan(of, consent=ConsentPlan(LEDGER, consents))).consent
        assert found.valid == valid
    engine.close()


@pytest.mark.parametrize(("many", "times"), [(0, 1), (40, 3)])
def test_the_ledger_is_decided_once_for_all_that_a_project_asks(tmp_path, monkeypatch, many, times):
    decided: list[str] = []
    rows = Session.rows

    def noted(session, statement):
        decided.extend([statement] if statement.startswith("CREATE TABLE consent_") else [])
        return rows(session, statement)

    monkeypatch.setattr(Session, "rows", noted)
    location = write("parquet", tmp_path, pa.table({"subject": ["a", "b", "c"]}))
    records = [Record("a", status="withdrawn"), Record("b", purpose="ads"), Record("c")]
    consents = write("parquet", tmp_path, ledger_table(records), name="consents")
    used = ("model_training", "ads", *(f"further {n}" for n in range(many)))
    asked = ConsentPlan(LEDGER, consents, purposes=used)
    ads = replace(TRAINING, purpose="ads")
    engine = IbisEngine(settings(), tmp_path, {})
    of_both = contract(location, subject_key="subject", purposes=(ads, TRAINING))
    of_ads = contract(location, subject_key="subject", purposes=(ads,))
    for_ads, for_training = engine.scan(plan(of_both, consent=asked)).consent
    assert (for_ads.valid, for_ads.wrong_purpose) == (1, 2)
    assert (for_training.valid, for_training.withdrawn, for_training.wrong_purpose) == (1, 1, 1)
    assert engine.scan(plan(of_ads, consent=asked)).consent == (for_ads,)
    of_ledger = plan(contract(consents), consent=asked)
    (people,) = engine.withdrawn(of_ledger, "model_training", [SubjectKey(bytes(32))]).values()
    assert len(people) == 1
    assert len(decided) == times
    engine.close()


# --- the definition, word for word ---------------------------------------------------------------


def state_by_definition(records: list[Record], conflict: str) -> str:
    """What consent.py's docstring says, for one subject, record by record."""
    worst = ["valid", "expired", "withdrawn"]
    as_of = AS_OF.replace(tzinfo=None)
    current, aside = [], set()
    for record in records:
        given = record.status == "given"
        if record.made is None and given:
            continue
        made = as_of if record.made is None else record.made
        if record.made is not None and record.made >= as_of:
            continue
        begins = made if record.begins is None else record.begins
        if begins > as_of:
            continue
        expired = record.ends is not None and record.ends <= as_of
        if given and record.basis not in (None, "consent"):
            aside |= set() if expired else {record.purpose}
            continue
        state = "withdrawn" if not given else "expired" if expired else "valid"
        current.append((record.purpose, begins, made, state))
    mine = [(b, m, s) for purpose, b, m, s in current if purpose == "model_training"]
    if not mine and "model_training" in aside:
        return "wrong_basis"
    if not mine:
        return "wrong_purpose" if current or aside else "absent"
    if conflict == "latest_recorded":
        newest = max((m, b) for b, m, _ in mine)
        return max((s for b, m, s in mine if (m, b) == newest), key=worst.index)
    standing = [
        s for b, m, s in mine if not any(b2 >= b and m2 >= m and (b2, m2) != (b, m) for b2, m2, _ in mine)
    ]
    return max(standing, key=worst.index)


INSTANTS = st.sampled_from([-4, -3, -3, -2, -2, -1, -1, 0, 1]).map(
    lambda days: AS_OF.replace(tzinfo=None) + timedelta(days=days)
)
RECORDS = st.builds(
    Record,
    subject=st.sampled_from(["s0", "s1", "s2"]),
    purpose=st.sampled_from(["model_training"] * 4 + ["ads"]),
    status=st.sampled_from(["given", "given", "withdrawn"]),
    begins=INSTANTS | INSTANTS | st.none(),
    ends=st.none() | st.none() | INSTANTS,
    made=INSTANTS | INSTANTS | st.none(),
    basis=st.sampled_from(["consent"] * 4 + ["contract", None]),
)


@pytest.fixture(scope="module")
def property_engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("consent")
    engine = IbisEngine(settings(), root, {})
    yield root, engine
    engine.close()


@pytest.mark.parametrize("conflict", ["most_protective", "latest_recorded"])
@example_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(RECORDS, max_size=30) | st.lists(RECORDS, min_size=8, max_size=30),
    salt=st.integers(0, 10**9),
)
def test_the_engine_decides_as_the_definition_does(property_engine, conflict, records, salt):
    root, engine = property_engine
    subjects = ["s0", "s1", "s2", "s3"]
    location = write("parquet", root, pd.DataFrame({"subject": subjects}))
    consents = write("parquet", root, ledger_table([*records, Record(f"nobody {salt}")]), name="consents")
    of = contract(location, subject_key="subject", purposes=(TRAINING,))
    profile = engine.scan(plan(of, consent=ConsentPlan(LEDGER, consents, conflict)))
    assert not profile.unmeasured
    (found,) = profile.consent
    expected = Counter(
        state_by_definition([r for r in records if r.subject == subject], conflict) for subject in subjects
    )
    assert {name: getattr(found, name) for name in expected} == dict(expected)
