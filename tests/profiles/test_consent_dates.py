"""A ledger that holds dates: a date is a whole day in the ledger's calendar, read to protect the person."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Calendar, LawfulBasis, PurposeUse
from governance_pipeline.charter.settings import ConsentLedger
from governance_pipeline.nightly import run_night
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.testing import DATASET, NIGHT, FakeEngine, a_services, a_small_project
from tests.profiles.support import KINDS, contract, plan, settings, url_of, write

TRAINING = (PurposeUse("model_training", LawfulBasis.CONSENT),)
LEDGER = ConsentLedger(dataset="lending.consents")
NEW_YORK = "America/New_York"  # its night of 10 March 2026 ends on 11 March at 04:00 UTC

DATES, STAMPS, INSTANTS = pa.date32(), pa.timestamp("us"), pa.timestamp("us", tz="UTC")
Moment = date | datetime | None


def on(day: int) -> date:
    return date(2026, 3, day)


def at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC)


@dataclass(frozen=True)
class Act:
    begins: Moment
    made: Moment
    status: str = "given"
    ends: Moment = None


GIVEN = Act(on(1), on(1))


def withdrawn(begins: Moment, made: Moment) -> Act:
    return Act(begins, made, "withdrawn")


def ledger(acts: dict[str, list[Act]], begins: pa.DataType, made: pa.DataType) -> pa.Table:
    def column(values: list[Moment], type_: pa.DataType) -> pa.Array:
        naive = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in values]
        return pa.array(naive if type_ == STAMPS else values, type_)

    rows = [(subject, act) for subject, found in acts.items() for act in found]
    return pa.table(
        {
            "subject_id": pa.array([subject for subject, _ in rows], pa.string()),
            "purpose": pa.array(["model_training"] * len(rows), pa.string()),
            "basis": pa.array(["consent"] * len(rows), pa.string()),
            "status": pa.array([act.status for _, act in rows], pa.string()),
            "valid_from": column([act.begins for _, act in rows], begins),
            "valid_to": column([act.ends for _, act in rows], begins),
            "recorded_at": column([act.made for _, act in rows], made),
        }
    )


def states(request, root, kind, acts, begins, made, *, zone=NEW_YORK, ledger_zone=NEW_YORK) -> dict[str, str]:
    """The state of each subject on the night of 10 March 2026, each alone in a table."""
    url = url_of(kind, request)
    consents = write(kind, root, ledger(acts, begins, made), url, name="consents")
    plans = [
        plan(
            contract(
                write(kind, root, pa.table({"subject": [subject]}), url, name=f"people{number}"),
                subject_key="subject",
                purposes=TRAINING,
                calendar=Calendar(zone),
            ),
            consent=ConsentPlan(LEDGER, consents, zone=ZoneInfo(ledger_zone)),
        )
        for number, subject in enumerate(acts)
    ]
    engine = IbisEngine(settings(url), root, {})
    try:
        found = [engine.scan(one).consent[0] for one in plans]
    finally:
        engine.close()
    told = ("valid", "withdrawn", "expired", "absent")
    return {
        subject: " and ".join(state for state in told if getattr(tally, state))
        for subject, tally in zip(acts, found, strict=True)
    }


@pytest.mark.parametrize("zone", [NEW_YORK, "Asia/Tokyo", "UTC"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_withdrawn_on_a_day_is_withdrawn_for_all_of_it(tmp_path, request, kind, zone):
    acts = {
        "on the night's day": [GIVEN, withdrawn(on(10), on(10))],
        "from the next day on, announced": [GIVEN, withdrawn(on(11), on(10))],
        "from the day after next on": [GIVEN, withdrawn(on(12), on(10))],
        "made on the next day": [GIVEN, withdrawn(on(11), on(11))],
        "given on the same day": [Act(on(10), on(10)), withdrawn(on(10), on(10))],
        "given again a day later": [withdrawn(on(9), on(9)), Act(on(10), on(10))],
        "valid to the night's day": [replace(GIVEN, ends=on(10))],
        "valid to the next day": [replace(GIVEN, ends=on(11))],
        "valid to the day after next": [replace(GIVEN, ends=on(12))],
    }
    found = states(request, tmp_path, kind, acts, DATES, DATES, zone=zone, ledger_zone=zone)
    assert found == {
        "on the night's day": "withdrawn",
        "from the next day on, announced": "withdrawn",
        "from the day after next on": "valid",
        "made on the next day": "valid",
        "given on the same day": "withdrawn",
        "given again a day later": "valid",
        "valid to the night's day": "expired",
        "valid to the next day": "expired",
        "valid to the day after next": "valid",
    }


@pytest.mark.parametrize("made", [STAMPS, INSTANTS], ids=["naive", "zoned"])
@pytest.mark.parametrize("kind", KINDS)
def test_days_and_the_instants_they_were_recorded_at_are_ordered_in_the_ledgers_calendar(
    tmp_path, request, kind, made
):
    acts = {
        # 02:00 UTC on 3 March is still 2 March in New York: this consent begins before the withdrawal does
        "withdrawn from the 3rd, consent on the 2nd": [withdrawn(on(3), at(2, 10)), Act(None, at(3, 2))],
        "withdrawn in the morning, given at noon": [withdrawn(on(3), at(3, 14)), Act(on(3), at(3, 17))],
        "given in the morning, withdrawn at noon": [Act(on(3), at(3, 14)), withdrawn(on(3), at(3, 17))],
        "withdrawn from the 4th, consent at noon on it": [withdrawn(on(4), at(3, 10)), Act(None, at(4, 17))],
    }
    assert states(request, tmp_path, kind, acts, DATES, made) == {
        "withdrawn from the 3rd, consent on the 2nd": "withdrawn",
        "withdrawn in the morning, given at noon": "valid",
        "given in the morning, withdrawn at noon": "withdrawn",
        "withdrawn from the 4th, consent at noon on it": "valid",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_hour_of_a_consent_does_not_outdo_a_withdrawal_of_which_only_the_day_is_known(
    tmp_path, request, kind
):
    acts = {
        "withdrawn that day": [withdrawn(None, on(3)), Act(at(3, 15), on(3))],
        "withdrawn the day before": [withdrawn(None, on(2)), Act(at(3, 15), on(3))],
    }
    found = states(request, tmp_path, kind, acts, STAMPS, DATES)
    assert found == {"withdrawn that day": "withdrawn", "withdrawn the day before": "valid"}


@pytest.mark.parametrize(("ledger_zone", "state"), [("Asia/Tokyo", "withdrawn"), (NEW_YORK, "valid")])
@pytest.mark.parametrize("kind", KINDS)
def test_a_ledgers_dates_are_days_of_its_own_calendar_and_not_of_the_table_that_is_looked_up(
    tmp_path, request, kind, ledger_zone, state
):
    """The night of 10 March ends at 00:00 UTC; in Tokyo the 11th has begun by then, in New York not."""
    acts = {"ann": [GIVEN, withdrawn(on(11), on(11))]}
    found = states(request, tmp_path, kind, acts, DATES, DATES, zone="UTC", ledger_zone=ledger_zone)
    assert found == {"ann": state}


def test_the_night_reads_the_ledger_in_the_calendar_of_its_contract(tmp_path):
    project = a_small_project(tmp_path)
    of = replace(project.contracts[DATASET], calendar=Calendar("Europe/Berlin"))
    holder = replace(of, dataset=LEDGER.dataset, calendar=Calendar("Asia/Tokyo"))
    project = replace(
        project,
        contracts={**project.contracts, DATASET: of, LEDGER.dataset: holder},
        settings=project.settings.model_copy(update={"consent": LEDGER}),
    )
    engine = FakeEngine()
    list(run_night(a_services(tmp_path, project=project, engine=engine), NIGHT, datasets=[DATASET]))
    [asked] = [one for one in engine.plans if one.contract.dataset == DATASET]
    assert asked.consent is not None
    assert asked.consent.zone == ZoneInfo("Asia/Tokyo")
