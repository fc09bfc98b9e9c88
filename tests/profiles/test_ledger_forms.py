"""Ledgers of every form, on every engine: a column for each purpose, TC strings, notices, laws, guardians."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from governance_pipeline.charter.consent_ledger import ConsentLedger
from governance_pipeline.charter.contract import LawfulBasis, PurposeUse
from governance_pipeline.charter.purposes import Purpose, ledger_words
from governance_pipeline.profiles import ledger_forms
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.profile import ConsentTally
from tests.profiles.support import KINDS, contract, scan, url_of, write
from tests.profiles.tc_strings import written
from tests.profiles.test_consent import day

ON_CONSENT = LawfulBasis.CONSENT
MADE = pa.timestamp("us")


def tallies(
    root, request, kind: str, table: pa.Table, ledger: dict[str, Any], *uses: str, **plan: Any
) -> dict[str, ConsentTally]:
    url = url_of(kind, request)
    subjects = [one for one in dict.fromkeys(table.column("subject_id").to_pylist()) if one is not None]
    location = write(kind, root, pa.table({"subject": [*subjects, "stranger"]}), url)
    consents = write(kind, root, table, url, name="consents")
    purposes = tuple(PurposeUse(name, ON_CONSENT) for name in uses)
    of = contract(location, subject_key="subject", purposes=purposes)
    mapping = ConsentLedger.model_validate({"dataset": "lending.consents", **ledger})
    profile = scan(root, of, url=url, consent=ConsentPlan(mapping, consents, **plan))
    assert not profile.unmeasured, profile.unmeasured
    return {tally.purpose: tally for tally in profile.consent}


WIDE = {
    "purpose": "none", "basis": None, "status": None, "valid_from": None, "valid_to": None,
    "recorded_at": "at", "given": ["opt-in"], "columns": {"mail_ok": "mailing", "ads": "ads"},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_with_a_column_for_each_purpose(tmp_path, request, kind):
    table = pa.table(
        {
            "subject_id": ["a", "a", "b", "c", "d"],
            "mail_ok": pa.array([True, False, True, None, True], pa.bool_()),
            "ads": ["opt-in", None, "opt-out", "opt-in", " "],
            "at": pa.array([day(1, 1), day(2, 1), day(1, 1), day(1, 1), day(3, 12)], MADE),
        }
    )
    found = tallies(tmp_path, request, kind, table, WIDE, "mailing", "ads")
    mailing, ads = found["mailing"], found["ads"]
    # a: given, then taken away; b: given; c: says nothing of it; d: said it after the night
    assert (mailing.valid, mailing.withdrawn, mailing.wrong_purpose, mailing.absent) == (1, 1, 1, 2)
    assert (ads.valid, ads.withdrawn, ads.absent) == (2, 1, 2)


def test_two_columns_for_one_purpose_must_both_give(tmp_path, request):
    table = pa.table(
        {
            "subject_id": ["a", "b", "c", "d"],
            "mail_ok": [True, True, None, None],
            "ads": ["yes", "no", "yes", None],
            "at": pa.array([day(1, 1)] * 4, MADE),
        }
    )
    ledger = {**WIDE, "columns": {"mail_ok": "mailing", "ads": "mailing"}}
    found = tallies(tmp_path, request, "parquet", table, ledger, "mailing")["mailing"]
    assert (found.valid, found.withdrawn, found.absent) == (2, 1, 2)


STRINGS = {
    "basis": None, "status": None, "valid_from": None, "valid_to": None, "recorded_at": "at",
    "tcf": {"column": "tc"},
}  # fmt: skip
NUMBERED = {
    "ads": Purpose(title="Ads", tcf=2),
    "improve": Purpose(title="Improve", tcf=10, written=("tcf-li:7",)),
    "measure": Purpose(title="Measure", written=("tcf-li:8",)),
}
WORDS = ledger_words(NUMBERED)


@pytest.mark.parametrize("kind", KINDS)
def test_tc_strings_are_decoded_in_the_engine(tmp_path, request, kind):
    strings = {
        "all": written({2, 10}, {8}), "older": written({1, 3, 24}), "one": written({2}) + ".IAAA",
        "interest": written(set(), {8}), "version 1": "B" + written({2, 10})[1:], "short": written({2})[:20],
        "odd": "it's \\ no string", "none": None,
    }  # fmt: skip
    table = pa.table(
        {
            "subject_id": list(strings),
            "tc": pa.array(list(strings.values()), pa.string()),
            "at": pa.array([day(1, 1)] * len(strings), MADE),
        }
    )
    found = tallies(tmp_path, request, kind, table, STRINGS, *NUMBERED, words=WORDS)
    assert (found["ads"].valid, found["ads"].withdrawn, found["ads"].absent) == (2, 5, 2)
    assert found["measure"].valid == 2
    assert (found["improve"].valid, found["improve"].withdrawn) == (0, 7)  # both bits must be set


@pytest.mark.parametrize("number", range(1, 12))
def test_every_purposes_bit_is_found(tmp_path, request, number):
    words = ledger_words({"p": Purpose(title="P", tcf=number)})
    subjects = [f"s{one}" for one in range(1, 25)]
    table = pa.table(
        {
            "subject_id": subjects,
            "tc": [written({one}, set(range(1, 25)) - {one}) for one in range(1, 25)],
            "at": pa.array([day(1, 1)] * 24, MADE),
        }
    )
    found = tallies(tmp_path, request, "parquet", table, STRINGS, "p", words=words)["p"]
    assert (found.valid, found.withdrawn) == (1, 23)


VENDORS = {
    "ours": written({2}, vendors={7}), "in a range": written({2}, vendors={6, 7, 8}, ranged=True),
    "another's": written({2}, vendors={8}), "nobody's": written({2}),
    "not the purpose": written({3}, vendors={7}),
    "restricted": written({2}, vendors={7}, restrictions=[(2, 0, [(1, 10)])]),
    "restricted elsewhere": written({2}, vendors={7}, restrictions=[(3, 0, [(1, 10)])]),
    "on interest only": written({2}, vendors={7}, restrictions=[(2, 2, [(7, 7)])]),
    "cut off": written({2}, vendors={7})[:40],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_our_vendor_must_be_agreed_to_and_not_restricted(tmp_path, request, kind):
    table = pa.table(
        {
            "subject_id": list(VENDORS),
            "tc": list(VENDORS.values()),
            "at": pa.array([day(1, 1)] * len(VENDORS), MADE),
        }
    )
    ledger = {**STRINGS, "tcf": {"column": "tc", "vendor": 7}}
    found = tallies(tmp_path, request, kind, table, ledger, "ads", words=WORDS)["ads"]
    assert (found.valid, found.withdrawn, found.absent) == (3, 6, 1)


def test_too_many_ways_of_choosing_vendors_are_not_decoded(tmp_path, request, monkeypatch):
    monkeypatch.setattr(ledger_forms, "MAX_TAILS", 2)
    table = pa.table(
        {
            "subject_id": ["a", "b", "c"],
            "tc": [written({2}, vendors={number}) for number in (1, 2, 3)],
            "at": pa.array([day(1, 1)] * 3, MADE),
        }
    )
    ledger = {**STRINGS, "tcf": {"column": "tc", "vendor": 7}}
    with pytest.raises(AssertionError, match="agree to vendors in more than 2 different ways"):
        tallies(tmp_path, request, "parquet", table, ledger, "ads", words=WORDS)


RICH = {
    "valid_to": None, "jurisdiction": "law", "jurisdictions": ["EU", "UK"], "notice": "notice",
    "guardians": {"minor": "minor", "consent": "guardian"}, "bases": {"Einwilligung": "consent"},
}  # fmt: skip
GOOD = {
    "subject_id": "good", "purpose": "training", "basis": "Einwilligung", "status": "given", "law": "EU",
    "notice": "v3", "minor": False, "guardian": None,
}  # fmt: skip
ACTS = {
    "good": (GOOD, "valid"),
    "british": ({"law": "UK"}, "valid"),
    "another law": ({"law": "US-CA"}, "void"),
    "no law": ({"law": None}, "void"),
    "older notice": ({"notice": "v2"}, "void"),
    "no notice": ({"notice": None}, "void"),
    "a minor alone": ({"minor": True}, "void"),
    "a minor, the guardian said no": ({"minor": True, "guardian": "no"}, "void"),
    "a minor with a guardian": ({"minor": True, "guardian": "guardian 7"}, "valid"),
    "nobody said whether a minor": ({"minor": None}, "valid"),
    "contract": ({"basis": "contract"}, "wrong_basis"),
    "withdrawn under another law": ({"law": "US-CA", "status": "withdrawn"}, "withdrawn"),
    "a minor withdraws alone": ({"minor": True, "status": "withdrawn"}, "withdrawn"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_consent_counts_on_its_notice_under_its_law_and_with_its_guardian(tmp_path, request, kind):
    rows = [{**GOOD, **changes, "subject_id": name} for name, (changes, _) in ACTS.items()]
    # a void consent does not undo the withdrawal before it, nor end the consent before it
    rows += [{**GOOD, "subject_id": name} for name in ("kept", "gone")]
    rows += [{**GOOD, "subject_id": "kept", "notice": "v2"}, {**GOOD, "subject_id": "gone", "status": "no"}]
    rows += [{**GOOD, "subject_id": "gone", "law": "US-CA"}]
    made = [day(1, 1)] * (len(ACTS) + 2) + [day(2, 1), day(2, 1), day(3, 1)]
    table = pa.Table.from_pylist(rows)
    for name in ("valid_from", "recorded_at"):
        table = table.append_column(name, pa.array(made, MADE))
    notices = (("training", ("v3", "v4")),)
    found = tallies(tmp_path, request, kind, table, RICH, "training", notices=notices)["training"]
    expected = [*(state for _, state in ACTS.values()), "valid", "withdrawn"]
    for state in ("valid", "withdrawn", "void", "wrong_basis"):
        assert getattr(found, state) == expected.count(state), state
    assert found.absent == 1


def test_a_notice_must_tell_of_the_narrower_purpose_too(tmp_path, request):
    purposes = {
        "wide": Purpose(title="Wide", notices=("v1", "v2")),
        "narrow": Purpose(title="Narrow", parent="wide", covered_by_parent=True, notices=("v2",)),
    }
    rows = [{**GOOD, "purpose": "wide", "subject_id": version, "notice": version} for version in ("v1", "v2")]
    table = pa.Table.from_pylist(rows)
    for name in ("valid_from", "recorded_at"):
        table = table.append_column(name, pa.array([day(1, 1)] * 2, MADE))
    notices = tuple((name, purpose.notices) for name, purpose in purposes.items())
    found = tallies(
        tmp_path, request, "parquet", table, RICH, *purposes, words=ledger_words(purposes), notices=notices
    )
    assert (found["wide"].valid, found["narrow"].valid, found["narrow"].void) == (2, 1, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {"gone": "ads"}}, "no column 'gone'"),
        ({"tcf": {"column": "gone"}, "columns": {}}, "no column 'gone'"),
        ({"guardians": {"minor": "gone", "consent": "ads"}}, "no column 'gone'"),
        ({"notice": "gone"}, "no column 'gone'"),
    ],
)
def test_a_mapping_to_a_column_that_is_not_there_is_told(tmp_path, request, changes, said):
    table = pa.table(
        {"subject_id": ["a"], "mail_ok": [True], "ads": ["x"], "at": pa.array([day(1, 1)], MADE)}
    )
    with pytest.raises(AssertionError, match=said):
        tallies(tmp_path, request, "parquet", table, {**WIDE, **changes}, "ads", words=WORDS)


def test_late_records_and_corrections_count_from_when_they_were_recorded(tmp_path, request):
    """Bitemporal: what was said in January and recorded in April is not known in March."""
    rows = [
        {**GOOD, "subject_id": "late"},
        {**GOOD, "subject_id": "late", "status": "withdrawn"},
        {**GOOD, "subject_id": "corrected", "status": "withdrawn"},
        {**GOOD, "subject_id": "corrected"},
    ]
    begins = [day(1, 1), day(1, 15), day(2, 1), day(2, 1)]
    made = [day(1, 1), day(4, 1), day(2, 1), day(2, 2)]
    table = pa.Table.from_pylist(rows)
    table = table.append_column("valid_from", pa.array(begins, MADE))
    table = table.append_column("recorded_at", pa.array(made, MADE))
    found = tallies(tmp_path, request, "parquet", table, RICH, "training")["training"]
    assert (found.valid, found.withdrawn) == (2, 0)
    known = table.set_column(table.schema.get_field_index("recorded_at"), "recorded_at",
                             pa.array([made[0], day(3, 1), *made[2:]], MADE))  # fmt: skip
    found = tallies(tmp_path, request, "parquet", known, RICH, "training")["training"]
    assert (found.valid, found.withdrawn) == (1, 1)
    assert replace(found, valid=0) != found
