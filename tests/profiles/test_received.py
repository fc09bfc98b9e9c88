"""Received records beside the ledger's: the answer is that of one ledger which holds them all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
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
from tests.profiles.support import contract, plan, settings, write
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
