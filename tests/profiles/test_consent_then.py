"""Consent when each row came about, and when a snapshot was trained on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import LawfulBasis, PurposeUse
from governance_pipeline.charter.purposes import Purpose, ledger_words
from governance_pipeline.profiles import consent_then
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.profile import Moment
from tests.profiles.support import KINDS, contract, plan, scan, settings, url_of, write
from tests.profiles.test_consent import LEDGER, TRAINING, Record, day, ledger_table

MADE = pa.timestamp("us")
LONG_AGO = day(1, 1) - timedelta(days=200)
A = Record("a")


def rows_table(rows: list[tuple[str | None, datetime | None]]) -> pa.Table:
    subjects, times = zip(*rows, strict=True)
    return pa.table({"subject": pa.array(subjects, pa.string()), "at": pa.array(times, MADE)})


def then(root, records, rows, *, kind="parquet", url=None, uses=(TRAINING,), **changes):
    location = write(kind, root, rows_table(rows), url)
    consents = write(kind, root, ledger_table(records), url, name="consents")
    of = contract(location, subject_key="subject", event_time="at", purposes=uses)
    asked = ConsentPlan(LEDGER, consents, **{"at_event": True, **changes})
    return scan(root, of, url=url, consent=asked)


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_is_held_against_the_consent_of_its_own_time(tmp_path, request, kind):
    records = [
        Record("kept"), Record("over", ends=day(2, 1)),
        Record("gone"), Record("gone", status="withdrawn", begins=day(2, 1), made=day(2, 1)),
        Record("late"), Record("late", status="withdrawn", begins=day(1, 15), made=day(3, 1)),
        Record("again", status="withdrawn"), Record("again", begins=day(2, 1), made=day(2, 1)),
        Record("other", basis="contract"), Record("ads", purpose="ads"),
    ]  # fmt: skip
    names = ["kept", "over", "gone", "late", "again", "other", "ads", "stranger"]
    rows = [(name, at) for name in names for at in (day(1, 10), day(1, 20), day(2, 10), day(3, 10))]
    rows += [("kept", day(3, 11)), ("kept", None), (None, day(1, 10))]  # after the night, undated, of nobody
    profile = then(tmp_path, records, rows, kind=kind, url=url_of(kind, request))
    assert not profile.unmeasured
    (found,) = profile.consent_then
    assert (found.moment, found.subjects, found.rows) == (Moment.EVENT, 8, 32)
    assert found.covered == 1  # kept
    # kept 4, over 2, gone 2, late 1, again 2
    assert found.rows_covered == 11


@pytest.mark.parametrize("kind", KINDS)
def test_each_purpose_has_its_own_spans(tmp_path, request, kind):
    records = [
        Record("a"), Record("a", purpose="ads", begins=day(2, 1)),
        Record("b", ends=day(2, 1)), Record("b", begins=day(3, 1), made=day(3, 1)),
        Record("b", purpose="ads"),
        Record("c", purpose="surveys"),
    ]  # fmt: skip
    rows = [(name, at) for name in "abcd" for at in (day(1, 10), day(2, 10), day(3, 10))]
    uses = (PurposeUse("ads", LawfulBasis.CONSENT), TRAINING)
    profile = then(tmp_path, records, rows, kind=kind, url=url_of(kind, request), uses=uses)
    found = {
        one.purpose: (one.subjects, one.covered, one.rows, one.rows_covered) for one in profile.consent_then
    }
    # advertising: a from February on, b all the time; training: a all the time, b but for February
    assert found == {"ads": (4, 1, 12, 5), "model_training": (4, 1, 12, 5)}


def test_what_is_valid_on_a_day_covers_its_rows_from_the_day_on(tmp_path):
    table = pa.table(
        {
            "subject_id": ["a", "b", "b"],
            "purpose": ["model_training"] * 3,
            "basis": ["consent"] * 3,
            "status": ["given", "given", "withdrawn"],
            "valid_from": pa.array([day(2, 1), day(1, 1), day(2, 1)], MADE).cast(pa.date32()),
            "valid_to": pa.array([day(3, 1), None, None], MADE).cast(pa.date32()),
            "recorded_at": pa.array([day(1, 1)] * 3, MADE).cast(pa.date32()),
        }
    )
    consents = write("parquet", tmp_path, table, name="consents")
    hours = timedelta(hours=9)
    rows = [(name, at + hours) for name in "ab" for at in (day(1, 31), day(2, 1), day(2, 28), day(3, 1))]
    location = write("parquet", tmp_path, rows_table(rows))
    of = contract(location, subject_key="subject", event_time="at", purposes=(TRAINING,))
    (found,) = scan(tmp_path, of, consent=ConsentPlan(LEDGER, consents, at_event=True)).consent_then
    assert (found.rows, found.rows_covered) == (8, 3)  # a on 1 and 28 February, b on 31 January


def test_at_training_the_ledger_says_what_it_said_then(tmp_path):
    records = [A, replace(A, status="withdrawn", begins=day(2, 1), made=day(2, 1)),
               Record("b", begins=day(2, 5), made=day(2, 5)), Record("c")]  # fmt: skip
    rows = [("a", day(1, 10)), ("b", day(1, 10)), ("c", day(1, 10)), ("d", day(1, 10))]
    trained = datetime(2026, 1, 20, tzinfo=UTC)
    profile = then(tmp_path, records, rows, at_event=False, trained_at=trained)
    (found,) = profile.consent_then
    assert (found.moment, found.subjects, found.covered, found.at) == (Moment.TRAINING, 4, 2, trained)
    assert profile.consent[0].valid == 2  # tonight: b and c


def test_what_was_known_at_training_is_not_taken_for_what_is_known_now(tmp_path, monkeypatch):
    monkeypatch.setattr(consent_then, "_LARGE", 1)
    records = [Record("kept", begins=LONG_AGO), Record("late", begins=LONG_AGO, made=day(2, 5))]
    rows = [("kept", day(1, 10)), ("late", day(1, 10)), ("stranger", day(1, 10))]
    trained = datetime(2026, 1, 20, tzinfo=UTC)
    training, event = then(tmp_path, records, rows, trained_at=trained).consent_then
    assert (training.moment, training.covered) == (Moment.TRAINING, 1)  # nobody knew of the second one
    assert (event.moment, event.covered, event.rows_covered) == (Moment.EVENT, 2, 2)


def test_a_purpose_that_its_parent_covers_is_told_to_be_unmeasured(tmp_path):
    purposes = {
        "wide": Purpose(title="W"),
        "model_training": Purpose(title="T", parent="wide", covered_by_parent=True),
    }
    profile = then(tmp_path, [A], [("a", day(1, 10))], words=ledger_words(purposes))
    assert profile.consent_then == ()
    assert "no consent of its own at a past time" in profile.unmeasured["consent_then"]
    assert profile.consent[0].valid == 1


def test_another_basis_is_not_asked_for_at_other_times(tmp_path):
    uses = (PurposeUse("model_training", LawfulBasis.CONTRACT),)
    assert then(tmp_path, [A], [("a", day(1, 10))], uses=uses).consent_then == ()


# --- word for word -------------------------------------------------------------------------------

TIMES = st.integers(1, 8).map(lambda number: day(1, number))
RECORDS = st.builds(
    Record,
    subject=st.sampled_from(["a", "b"]),
    status=st.sampled_from(["given", "given", "withdrawn"]),
    begins=TIMES | st.just(LONG_AGO),
    ends=st.none() | TIMES,
    made=TIMES,
)
ROWS = st.lists(st.tuples(st.sampled_from(["a", "b", "stranger"]), TIMES), min_size=1, max_size=8)


def covered(records: list[Record], subject: str, at: datetime) -> bool:
    """No withdrawal that had begun stands: each was outdone by what the last begun consent says."""
    mine = [r for r in records if r.subject == subject and r.begins <= at]
    if not mine:
        return False
    last = max(r.begins for r in mine)
    latest = [r for r in mine if r.begins == last]
    if any(r.status == "withdrawn" for r in latest):
        return False
    made = max(r.made for r in latest)
    ends = [r.ends for r in latest if r.ends is not None]
    if ends and min(ends) <= at:
        return False
    return all(r.made <= made for r in mine if r.status == "withdrawn")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("then")
    opened = IbisEngine(settings(), root, {})
    yield root, opened
    opened.close()


@example_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(RECORDS, max_size=12),
    rows=ROWS,
    salt=st.integers(0, 10**9),
    steady=st.sampled_from([1, 9]),
    large=st.sampled_from([1, 100]),
)
@example(  # a consent that begins with a withdrawal and was made after it does not make the withdrawal later
    records=[
        Record("a", begins=day(1, 1), made=day(1, 2)),
        Record("a", begins=day(1, 2), made=day(1, 1)),
        Record("a", status="withdrawn", begins=day(1, 1), made=day(1, 1)),
    ],
    rows=[("a", day(1, 2))],
    salt=0,
    steady=1,
    large=1,
)
def test_rows_are_covered_as_the_words_say(engine, records, rows, salt, steady, large):
    """Some records are of people who are not in the table: where most held all the time, not all rows are
    looked at.
    """
    root, opened = engine
    others = [Record(f"n{salt}-{number}", begins=LONG_AGO) for number in range(steady)]
    location = write("parquet", root, rows_table(rows))
    consents = write("parquet", root, ledger_table([*records, *others]), name="consents")
    of = contract(location, subject_key="subject", event_time="at", purposes=(TRAINING,))
    asked = plan(of, consent=ConsentPlan(LEDGER, consents, at_event=True))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(consent_then, "_LARGE", large)
        (found,) = opened.scan(asked).consent_then
    good = [covered(records, subject, at) for subject, at in rows]
    assert (found.rows, found.rows_covered) == (len(rows), sum(good))
    people = {subject for subject, _ in rows}
    whole = sum(all(ok for (s, _), ok in zip(rows, good, strict=True) if s == one) for one in people)
    assert (found.subjects, found.covered) == (len(people), whole)
