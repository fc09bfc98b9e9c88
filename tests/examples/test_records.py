"""The records are the study's, and nothing of them is changed on the way."""

from __future__ import annotations

import pytest

from examples.lending.generator.records import read_loanapp, usable_records


def test_all_records_of_the_study_are_read():
    assert len(read_loanapp()) == 1989  # Hunter and Walker (1996), table 1


def test_the_records_left_out_are_those_with_gaps():
    raw = read_loanapp()
    gaps = raw[["unit", "married", "dep", "male"]].isna().any(axis=1) | (raw["term"] > 999_999)
    assert len(usable_records()) == 1989 - gaps.sum() == 1965


def test_no_value_is_missing_in_the_records_used():
    assert not usable_records().isna().any(axis=None)


def test_approval_rates_by_race_are_those_of_the_study():
    raw = read_loanapp()
    rates = usable_records().assign(hit=lambda r: r["action"] == "approved").groupby("race")["hit"].mean()
    assert rates["black"] == pytest.approx(raw.loc[raw["black"] == 1, "approve"].mean(), abs=0.01)
    assert rates["white"] == pytest.approx(raw.loc[raw["white"] == 1, "approve"].mean(), abs=0.01)
    assert rates["hispanic"] == pytest.approx(raw.loc[raw["hispan"] == 1, "approve"].mean(), abs=0.01)


def test_every_late_payment_class_of_the_study_has_its_own_name():
    raw, used = read_loanapp(), usable_records()
    shares = used["late_payments"].value_counts(normalize=True)
    for ours, theirs in [
        ("none", "mortperf"),
        ("one_or_two", "mortlat1"),
        ("more_than_two", "mortlat2"),
        ("no_mortgage", "mortno"),
    ]:
        assert shares[ours] == pytest.approx(raw[theirs].mean(), abs=0.005)
