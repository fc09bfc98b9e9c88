from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from governance_pipeline.charter.contract import Population
from governance_pipeline.indicators.representation import conclude, measure
from governance_pipeline.indicators.statistics.population import against_declared, chi_square
from governance_pipeline.profiles.profile import GroupCell, GroupTable
from governance_pipeline.testing import (
    MODEL,
    a_column,
    a_column_profile,
    a_contract,
    a_playbook,
    a_profile,
    dataset_inputs,
)
from governance_pipeline.vocabulary.outcome import Outcome
from tests.indicators.statistics.published import published, table

PEOPLE = Population({"white": 0.7, "black": 0.2, "asian": 0.1})


def representation(counts, population=PEOPLE, *, other=0, labels=(), policy=None):
    """By facet; ``counts`` are rows by group, ``labels`` (group, favourable, unfavourable)."""
    rows = sum(counts.values()) + other
    column = a_column_profile("race", "category", rows, categories=counts, other=other)
    cells = [
        GroupCell((group,), None, decision, count)
        for group, yes, no in labels
        for decision, count in ((1, yes), (0, no))
    ]
    groups = (GroupTable(MODEL, ("race",), tuple(cells)),) if labels else ()
    playbook = a_playbook(representation=policy or {})
    inputs = dataset_inputs(
        contract=a_contract(columns=(a_column("race", population=population),)),
        profile=a_profile(columns={"race": column}, groups=groups),
        playbook=playbook,
    )
    found = conclude(list(measure(inputs)), playbook)
    assert len({one.key for one in found}) == len(found)
    for one in found:
        json.dumps(one.details, allow_nan=False)
        assert one.sentence.endswith(".")
    return {one.facet: one for one in found}


def test_rows_like_the_population_pass():
    found = representation({"white": 705, "black": 197, "asian": 98})
    assert set(found) == {"race=white:share", "race=black:share", "race=asian:share"}
    assert {one.outcome for one in found.values()} == {Outcome.PASS}


def test_a_group_that_is_missing_from_the_data_fails_with_an_interval_on_its_gap():
    found = representation({"white": 880, "black": 20, "asian": 100})["race=black:share"]
    assert found.outcome is Outcome.FAIL
    assert found.value == pytest.approx(0.18)
    # Wilson for 20 of 1,000 is 1.30 to 3.07 %
    assert found.interval == pytest.approx((0.2 - 0.0307, 0.2 - 0.0130), abs=1e-4)
    assert found.sentence == (
        "Of 1,000 rows 2 % are of race 'black', of the population 20 %: 18 percentage points fewer (95 % "
        "interval of the gap 16.9 to 18.7), above the limit of 10 even at its smallest."
    )
    assert found.details["chi_square"] == pytest.approx(180**2 / 700 + 180**2 / 200)


def test_a_group_that_is_not_there_at_all_is_seen_and_a_small_one_is_not_counted_out():
    none = representation({"white": 900, "asian": 100})["race=black:share"]
    assert none.outcome is Outcome.FAIL
    few = representation({"white": 890, "asian": 100}, other=4)["race=black:share"]
    assert few.outcome is Outcome.FAIL
    assert few.details["share"] == none.details["share"] * 1000 / 994
    assert "at most 1 %" in few.sentence


def test_a_large_group_that_gives_a_small_one_away_is_withheld():
    """With all rows known, 994 white rows would tell of six others."""
    found = representation({"white": 994, "black": 6}, Population({"white": 0.8, "black": 0.2}))
    assert found["race=white:share"].outcome is Outcome.INSUFFICIENT
    assert found["race=black:share"].outcome is Outcome.FAIL
    text = json.dumps([(one.sentence, dict(one.details)) for one in found.values()])
    assert "994" not in text


def test_everybody_else_is_a_group_where_shares_leave_room():
    found = representation(
        {"white": 700, "black": 100, "green": 200}, Population({"white": 0.7, "black": 0.25})
    )
    assert found["race=everybody else:share"].outcome is Outcome.FAIL
    assert found["race=everybody else:share"].details["declared"] == pytest.approx(0.05)


def test_few_rows_and_a_column_that_was_not_counted():
    assert representation({"white": 20, "black": 5})["race"].outcome is Outcome.INSUFFICIENT
    inputs = dataset_inputs(contract=a_contract(columns=(a_column("race", population=PEOPLE),)))
    (unread,) = measure(inputs)
    assert unread.outcome is Outcome.NOT_RUN
    assert list(measure(dataset_inputs())) == []


def test_labels_are_compared_with_the_populations_or_with_the_reference_group():
    labels = [("white", 500, 200), ("black", 60, 140)]
    counts = {"white": 700, "black": 200, "asian": 100}
    known = replace(PEOPLE, favourable={"black": 0.6}, reference="white")
    found = representation(counts, known, labels=labels)
    declared = found[f"race=black:label@{MODEL}"]
    assert declared.outcome is Outcome.FAIL
    assert declared.details["difference"] == pytest.approx(0.3 - 0.6)
    beside = representation(counts, replace(PEOPLE, reference="white"), labels=labels)
    gap = beside[f"race=black:label@{MODEL}"]
    assert gap.details["difference"] == pytest.approx(0.3 - 5 / 7)
    assert "against 71.4 % of race 'white'" in gap.sentence
    assert beside[f"race=asian:label@{MODEL}"].outcome is Outcome.INSUFFICIENT
    assert not any("label" in facet for facet in representation(counts, labels=labels))


def test_a_rare_label_is_not_told():
    found = representation(
        {"white": 700, "black": 200, "asian": 100},
        replace(PEOPLE, reference="white"),
        labels=[("white", 500, 200), ("black", 195, 5)],
    )
    assert found[f"race=black:label@{MODEL}"].outcome is Outcome.INSUFFICIENT


def test_german_credit_has_the_published_gap_in_labels():
    """AIF360's statistical parity difference of good credit, 25 or younger against older."""
    expected = published("german_data_credit", "good-credit")
    frame = table("fairness/german_data_credit.csv.gz")
    age = next(name for name in frame.columns if name.lower().startswith("age"))
    label = frame.columns[-1]
    old, good = frame[age] > 25, frame[label] == frame[label].mode()[0]
    assert (len(frame), int(good.sum())) == (expected["rows"], expected["good"])
    labels = [
        (name, int(good[part].sum()), int((~good[part]).sum()))
        for name, part in (("old", old), ("young", ~old))
    ]
    counts = {"old": int(old.sum()), "young": int((~old).sum())}
    people = Population({"old": 0.8, "young": 0.2}, reference="old")
    found = representation(counts, people, labels=labels)[f"race=young:label@{MODEL}"]
    assert -found.details["difference"] == pytest.approx(-expected["spd"], abs=1e-6)
    assert round(found.details["difference"], 6) == expected["spd"]


def test_adult_has_the_published_gap_in_labels():
    expected = published("fairness_adult", "rows / >50K")
    parts = [
        table("fairness/adult.data.gz", header=None, skipinitialspace=True, na_values="?"),
        table("fairness/adult.test.gz", header=None, skipinitialspace=True, na_values="?", skiprows=1),
    ]
    frame = pd.concat(parts, ignore_index=True).dropna()
    assert len(frame) == expected["rows_complete"]
    high = frame[14].str.startswith(">50K")
    labels = [
        (sex, int(high[frame[9] == sex].sum()), int((~high[frame[9] == sex]).sum()))
        for sex in ("Male", "Female")
    ]
    people = Population({"Male": 0.5, "Female": 0.5}, reference="Male")
    counts = frame[9].value_counts().to_dict()
    found = representation(counts, people, labels=labels)
    assert round(found[f"race=Female:label@{MODEL}"].details["difference"], 6) == expected["spd_sex"]
    assert found["race=Female:share"].outcome is Outcome.FAIL


def test_the_family_wise_step_covers_all_groups_of_a_dataset():
    found = representation({"white": 880, "black": 20, "asian": 100})["race=black:share"]
    surprising = replace(found, details={**found.details, "p_value": 0.01})
    others = [replace(found, facet=f"g{i}", details={"p_value": 0.5}) for i in range(9)]
    first, *_ = conclude([surprising, *others], a_playbook())
    assert first.outcome is Outcome.PASS
    assert "among 10 comparisons of this dataset" in first.sentence


@pytest.mark.parametrize("counts", [{"a": 52, "b": 30, "c": 18}, {"a": 3, "b": 1, "c": 96}])
def test_the_chi_square_is_scipys(counts):
    from scipy.stats import chisquare

    shares = {"a": 0.5, "b": 0.3, "c": 0.2}
    n = sum(counts.values())
    expected = chisquare(list(counts.values()), [n * shares[group] for group in counts])
    assert chi_square(counts, shares) == pytest.approx((expected.statistic, expected.pvalue))
    assert chi_square({**counts, "d": 1}, shares)[1] == 0.0


def test_a_share_against_a_declared_one_is_tested_exactly_where_few_are_expected():
    from scipy.stats import binomtest

    assert against_declared(3, 40, 0.02).p_value == pytest.approx(binomtest(3, 40, 0.02).pvalue)
    assert against_declared(60, 100, 0.5).p_value == pytest.approx(0.0455, abs=1e-4)  # z = 2
