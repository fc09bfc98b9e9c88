"""Received records beside the ledger's: the answer is that of one ledger which holds them all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import psycopg
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from governance_pipeline.charter.settings import ConsentLedger
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.profile import ConsentTally
from governance_pipeline.vocabulary.consent import ConsentRecord, ConsentStatus
from tests.profiles.support import KINDS, contract, plan, settings, statements_of, url_of, write
from tests.profiles.test_consent import INSTANTS, LEDGER, TRAINING, Record, ledger_table


class Given:
    """Records as the store holds them."""

    def __init__(self) -> None:
        self.held: list[ConsentRecord] = []
        self.turn = 0

    def hold(self, records: list[ConsentRecord]) -> None:
        self.held, self.turn = records, self.turn + 1

    def state(self) -> str:
        return f"{self.turn}" if self.held else ""

    def records(self) -> list[ConsentRecord]:
        return self.held


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    received = Given()
    root = tmp_path_factory.mktemp("received")
    engine = IbisEngine(settings(), root, {}, received)
    yield root, engine, received
    engine.close()


def said(record: Record) -> ConsentRecord:
    zoned = {
        "valid_from": record.begins and record.begins.replace(tzinfo=UTC),
        "valid_to": record.ends and record.ends.replace(tzinfo=UTC),
    }
    made = record.made.replace(tzinfo=UTC)
    return ConsentRecord(
        record.subject, record.purpose, record.basis or "", ConsentStatus(record.status), made, **zoned
    )


def tallied(opened, table: pa.Table, ledger: ConsentLedger = LEDGER) -> ConsentTally:
    root, engine, _ = opened
    location = write("parquet", root, pd.DataFrame({"subject": ["s0", "s1", "s2", "s3"]}))
    consents = write("parquet", root, table, name="consents")
    of = contract(location, subject_key="subject", purposes=(TRAINING,))
    profile = engine.scan(plan(of, consent=ConsentPlan(ledger, consents)))
    if "consent" in profile.unmeasured:
        raise ValueError(profile.unmeasured["consent"])
    return profile.consent[0]


RECORDS = st.builds(
    Record,
    subject=st.sampled_from(["s0", "s1", "s2"]),
    purpose=st.sampled_from(["model_training"] * 4 + ["ads"]),
    status=st.sampled_from(["given", "given", "withdrawn", "expired"]),
    begins=INSTANTS | st.none(),
    ends=st.none() | st.none() | INSTANTS,
    made=INSTANTS,
    basis=st.sampled_from(["consent"] * 4 + ["contract"]),
)


@example_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    mapped=st.lists(RECORDS, max_size=12),
    others=st.lists(RECORDS, min_size=1, max_size=12),
    salt=st.integers(0, 10**9),
)
def test_it_makes_no_difference_where_a_record_is(opened, mapped, others, salt):
    _, _, received = opened
    nobody = Record(f"nobody {salt}")  # no two ledgers of this test are the same file
    received.hold([])
    expected = tallied(opened, ledger_table([nobody, *mapped, *others]))
    received.hold([said(one) for one in others])
    assert tallied(opened, ledger_table([nobody, *mapped])) == expected


WITHDRAWN = ConsentRecord(
    "s1", "model_training", "consent", ConsentStatus.WITHDRAWN, datetime(2026, 3, 1, tzinfo=UTC)
)


def test_a_withdrawal_counts_in_the_words_and_types_of_the_ledger(opened):
    _, _, received = opened
    table = pa.table(
        {
            "who": ["s1", "s2"],
            "why": ["model_training"] * 2,
            "how": ["withdrawn", "withdrawn"],  # means consent here
            "since": pa.array([datetime(2026, 1, 1).date()] * 2, pa.date32()),  # noqa: DTZ001 - a day
            "note": ["x", "y"],
        }
    )
    ledger = ConsentLedger(
        dataset="lending.consents", subject="who", purpose="why", status="how", given=("withdrawn",),
        expired=(), basis=None, valid_from=None, valid_to=None, recorded_at="since",
    )  # fmt: skip
    received.hold([])
    assert tallied(opened, table, ledger).valid == 2
    received.hold([WITHDRAWN])
    found = tallied(opened, table, ledger)
    assert (found.valid, found.withdrawn, found.absent) == (1, 1, 2)


@pytest.mark.parametrize(
    ("change", "column"),
    [({"basis": "contract"}, "basis"), ({"valid_to": WITHDRAWN.recorded_at}, "valid_to")],
)
def test_what_the_mapping_has_no_column_for_is_not_measured_rather_than_wrong(opened, change, column):
    _, _, received = opened
    ledger = LEDGER.model_copy(update={"basis": None, "valid_from": None, "valid_to": None})
    table = ledger_table([Record("s1")]).drop_columns(["basis", "valid_from", "valid_to"])
    received.hold([replace(WITHDRAWN, **change)])
    with pytest.raises(ValueError, match=f"say {column}, for which the ledger has no column"):
        tallied(opened, table, ledger)


def test_a_ledger_that_has_no_status_cannot_take_withdrawals_and_says_so(opened):
    _, _, received = opened
    received.hold([WITHDRAWN])
    with pytest.raises(ValueError, match="a row for each act, and a status"):
        tallied(opened, ledger_table([Record("s1")]), LEDGER.model_copy(update={"status": None}))


@pytest.mark.parametrize(
    ("ids", "subject"),
    [
        (pa.array([7, 8], pa.int32()), "7"),
        (pa.array(["7", "8"]), "7"),
    ],
)
def test_an_id_is_compared_in_the_type_of_the_ledger(opened, ids, subject):
    root, engine, received = opened
    location = write("parquet", root, pa.table({"subject": ids}))
    rows = ledger_table([Record("7"), Record("8")])
    consents = write("parquet", root, rows.set_column(0, "subject_id", ids), name="consents")
    of = contract(location, subject_key="subject", purposes=(TRAINING,))
    received.hold([replace(WITHDRAWN, subject=subject)])
    profile = engine.scan(plan(of, consent=ConsentPlan(LEDGER, consents)))
    assert (profile.consent[0].valid, profile.consent[0].withdrawn) == (1, 1)
    received.hold([replace(WITHDRAWN, subject="nobody")])
    profile = engine.scan(plan(of, consent=ConsentPlan(LEDGER, consents)))
    assert bool(profile.unmeasured) == (ids.type == pa.int32())  # not left out without a word
    assert "nobody" not in str(profile.unmeasured)


BESIDE = [
    Record("a"), Record("b"), Record("c"), Record("old", ends=datetime(2026, 2, 1)),  # noqa: DTZ001 - naive
]  # fmt: skip
HEARD = [
    replace(WITHDRAWN, subject="b"),
    replace(WITHDRAWN, subject="old", status=ConsentStatus.GIVEN, valid_to=datetime(2027, 1, 1, tzinfo=UTC)),
    replace(WITHDRAWN, subject="new'; DROP", status=ConsentStatus.GIVEN, valid_from=WITHDRAWN.recorded_at),
    replace(WITHDRAWN, subject="c", purpose="ads"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_they_count_beside_a_ledger_of_every_kind(tmp_path, request, monkeypatch, kind):
    url = url_of(kind, request)
    people = pa.table({"subject": ["a", "b", "c", "old", "new'; DROP", "nobody"]})
    location = write(kind, tmp_path, people, url)
    consents = write(kind, tmp_path, ledger_table(BESIDE), url, name="consents")
    of = contract(location, subject_key="subject", purposes=(TRAINING,))
    received, asked = Given(), plan(of, consent=ConsentPlan(LEDGER, consents))
    received.hold(HEARD)
    statements = statements_of(monkeypatch)
    engine = IbisEngine(settings(url), tmp_path, {}, received)
    try:
        profile = engine.scan(asked)
        again = engine.scan(asked)
        received.hold([*HEARD, replace(WITHDRAWN, subject="a")])
        later = engine.scan(asked)
    finally:
        engine.close()
    assert not profile.unmeasured
    found = profile.consent[0]
    assert (found.valid, found.withdrawn, found.absent) == (4, 1, 1)  # a, c, old and the new one; b; nobody
    assert again.consent == profile.consent
    assert (later.consent[0].valid, later.consent[0].withdrawn) == (3, 2)
    assert not [one for one in statements if "DROP" in one], "no id stands in a statement"


@pytest.mark.postgres
def test_without_the_right_to_a_temporary_table_consent_alone_is_not_measured(tmp_path, postgres_url):
    location = write("postgres", tmp_path, pa.table({"subject": ["a"]}), postgres_url)
    consents = write("postgres", tmp_path, ledger_table(BESIDE), postgres_url, name="consents")
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("CREATE ROLE r_reader LOGIN")
        try:
            (name,) = owner.execute("SELECT current_database()").fetchone()
            owner.execute(f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
            owner.execute("GRANT SELECT ON things, consents TO r_reader")
            of = contract(location, subject_key="subject", purposes=(TRAINING,))
            received = Given()
            received.hold(HEARD)
            mine = postgres_url.replace("://postgres@", "://r_reader@")
            engine = IbisEngine(settings(mine), tmp_path, {}, received)
            try:
                profile = engine.scan(plan(of, consent=ConsentPlan(LEDGER, consents)))
            finally:
                engine.close()
        finally:
            owner.execute("DROP OWNED BY r_reader; DROP ROLE r_reader")
    assert profile.rows == 1
    assert profile.consent == ()
    assert "the right to make temporary tables" in profile.unmeasured["consent"]
