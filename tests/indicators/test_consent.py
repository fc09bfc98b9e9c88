import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binomtest

from governance_pipeline.charter.contract import LawfulBasis, PurposeUse
from governance_pipeline.indicators.consent import CONSENT
from governance_pipeline.profiles.profile import ConsentTally, ConsentThen, Moment
from governance_pipeline.testing import a_contract, a_profile, a_tally, dataset_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome


def measured(*tallies: ConsentTally, **changes: Any) -> list[Measurement]:
    changes.setdefault("profile", a_profile(consent=tallies))
    assert CONSENT.measure_dataset is not None
    return list(CONSENT.measure_dataset(dataset_inputs(**changes)))


def only(tally: ConsentTally, **changes: Any) -> Measurement:
    (found,) = measured(tally, **changes)
    return found


def test_full_coverage_passes() -> None:
    found = only(a_tally())
    assert (found.outcome, found.value, found.n, found.facet) == (Outcome.PASS, 1.0, 1000, "model_training")
    assert found.sentence == (
        "All 1,000 people in lending.incomes have a valid consent for model training; "
        "the playbook asks for 99 %."
    )


def test_the_sentence_counts_people_by_state() -> None:
    found = only(a_tally(valid=900, withdrawn=60, expired=25, absent=15))
    assert found.outcome is Outcome.FAIL
    assert found.value == 0.9
    assert found.sentence == (
        "900 of 1,000 people in lending.incomes (90 %) have a valid consent for model training; "
        "60 withdrew it, 25 gave one that has expired and 15 never gave one; the playbook asks for 99 %."
    )
    assert found.details["states"] == {"withdrawn": 60, "expired": 25, "absent": 15}


@pytest.mark.parametrize(("valid", "outcome"), [(990, "pass"), (989, "warn"), (950, "warn"), (949, "fail")])
def test_the_share_itself_is_judged_and_a_bound_is_still_kept(valid: int, outcome: str) -> None:
    assert only(a_tally(valid=valid, withdrawn=1000 - valid)).outcome == outcome


@pytest.mark.parametrize(("valid", "n"), [(940, 1000), (0, 50), (50, 50), (30, 60)])
def test_the_interval_is_wilsons_as_scipy_has_it(valid: int, n: int) -> None:
    found = only(a_tally(subjects=n, valid=valid, absent=n - valid))
    expected = binomtest(valid, n).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_a_small_state_is_named_but_cannot_be_worked_out() -> None:
    found = only(a_tally(valid=900, withdrawn=60, expired=35, absent=5))
    assert "60 withdrew it and fewer than 11 never gave one" in found.sentence
    assert "35" not in found.sentence
    assert found.details["states"] == {"withdrawn": 60, "absent": "fewer than 11", "expired": "not shown"}


def test_few_people_without_a_basis_are_not_counted_out() -> None:
    found = only(a_tally(valid=997, withdrawn=3))
    assert found.outcome is Outcome.PASS
    assert found.value == 0.99  # the least that "fewer than 11 of 1,000" leaves open
    assert found.sentence == (
        "All but fewer than 11 of 1,000 people in lending.incomes have a valid consent for model training; "
        "the playbook asks for 99 %."
    )


def test_few_people_with_a_basis_are_not_counted_out() -> None:
    found = only(a_tally(valid=4, withdrawn=500, absent=496))
    assert (found.outcome, found.value, found.interval) == (Outcome.FAIL, None, None)
    assert found.sentence.startswith("Fewer than 11 of 1,000 people in lending.incomes have a valid consent")
    assert "500" in found.sentence
    assert "496" not in found.sentence  # 1,000 - 500 - 496 would be the four


def test_a_dataset_about_few_people_is_judged_without_numbers() -> None:
    bad = only(a_tally(subjects=8, valid=5, withdrawn=3))
    good = only(a_tally(subjects=8, valid=8))
    assert (bad.outcome, good.outcome) == (Outcome.FAIL, Outcome.PASS)
    assert (bad.value, bad.n, bad.interval) == (None, 0, None)
    assert bad.details["subjects"] == "fewer than 11"
    assert "the share is below what the playbook asks for" in bad.sentence


def numbers(text: str) -> set[int]:
    return {int(found.replace(",", "")) for found in re.findall(r"\d[\d,]*", text)}


small = st.integers(1, 10)


@given(st.integers(30, 5000), small, small)
def test_two_small_groups_of_equal_consequence_are_published_alike(n: int, one: int, other: int) -> None:
    first = only(a_tally(subjects=n, valid=n - one, withdrawn=one))
    second = only(a_tally(subjects=n, valid=n - other, withdrawn=other))
    assume(first.outcome is second.outcome)
    assert first == second


@given(st.integers(60, 5000), small, small, st.integers(30, 50))
def test_people_moving_between_hidden_states_change_nothing_published(
    n: int, one: int, other: int, pool: int
) -> None:
    def with_absent(absent: int) -> ConsentTally:
        return a_tally(
            subjects=n + 300, valid=n + 300 - 200 - pool, withdrawn=200, absent=absent, expired=pool - absent
        )

    assume(n + 100 - pool >= 11)
    assert only(with_absent(one)) == only(with_absent(other))


counts = st.tuples(*[st.integers(0, 60)] * 6)


@given(counts)
def test_no_tally_publishes_a_number_between_1_and_10(parts: tuple[int, ...]) -> None:
    names = ("valid", "withdrawn", "expired", "absent", "wrong_purpose", "other_basis")
    tally = replace(a_tally(), subjects=sum(parts), **dict(zip(names, parts, strict=True)))
    found = only(tally)
    shares_left_out = re.sub(r"[\d.,]+ %", "", found.sentence).replace("fewer than 11", "")
    assert not numbers(shares_left_out) & set(range(1, 11))
    states = found.details.get("states")
    assert not isinstance(states, dict) or not set(range(1, 11)) & {v for v in states.values() if v != ""}


@given(counts)
def test_the_published_share_never_contradicts_the_outcome(parts: tuple[int, ...]) -> None:
    names = ("valid", "withdrawn", "expired", "absent", "wrong_purpose", "other_basis")
    found = only(replace(a_tally(), subjects=sum(parts), **dict(zip(names, parts, strict=True))))
    if found.value is not None:
        assert found.threshold is not None
        assert found.threshold.judge(found.value) is found.outcome
        assert found.interval is not None
        assert 0 <= found.interval[0] <= found.value + 0.02
        assert found.interval[1] <= 1


def test_another_lawful_basis_is_respected() -> None:
    tally = a_tally(basis=LawfulBasis.CONTRACT, valid=0, other_basis=980, withdrawn=20)
    found = only(tally)
    assert (found.outcome, found.value) == (Outcome.WARN, 0.98)
    assert "980 of 1,000 people in lending.incomes (98 %) have a valid basis (contract, no objection)" in (
        found.sentence
    )
    assert "20 objected" in found.sentence


def test_consent_for_another_purpose_is_no_consent() -> None:
    found = only(a_tally(valid=900, wrong_purpose=100))
    assert found.outcome is Outcome.FAIL
    assert "100 gave one for another purpose only" in found.sentence


def test_every_purpose_is_measured_for_itself() -> None:
    contract = a_contract(
        purposes=(
            PurposeUse("model_training", LawfulBasis.CONSENT),
            PurposeUse("marketing", LawfulBasis.CONSENT),
        )
    )
    found = measured(a_tally(), a_tally(purpose="marketing", valid=0, absent=1000), contract=contract)
    assert {one.facet: one.outcome for one in found} == {
        "model_training": Outcome.PASS,
        "marketing": Outcome.FAIL,
    }


def test_a_purpose_that_was_not_counted_is_not_run_with_the_reason() -> None:
    (found,) = measured(profile=a_profile(consent=(), unmeasured={"consent": "the consent ledger is gone"}))
    assert found.outcome is Outcome.NOT_RUN
    assert found.sentence == (
        "Consent for model training could not be counted in lending.incomes: the consent ledger is gone."
    )


def test_nobody_to_ask_is_insufficient_and_never_a_pass() -> None:
    assert only(a_tally(subjects=0, valid=0)).outcome is Outcome.INSUFFICIENT


@pytest.mark.parametrize("tally", [a_tally(valid=999), a_tally(valid=1010, absent=-10), a_tally(subjects=-1)])
def test_counts_that_do_not_add_up_are_not_run(tally: ConsentTally) -> None:
    assert only(tally).outcome is Outcome.NOT_RUN


def test_rows_about_nobody_turn_a_pass_into_a_warning() -> None:
    found = only(a_tally(), profile=a_profile(consent=(a_tally(),), rows_without_subject=40))
    assert found.outcome is Outcome.WARN
    assert found.sentence.endswith("40 records name no person, so no basis can be shown for them.")
    few = only(a_tally(), profile=a_profile(consent=(a_tally(),), rows_without_subject=2))
    assert few.sentence.endswith("Fewer than 11 records name no person, so no basis can be shown for them.")


def test_a_dataset_without_purposes_is_not_measured() -> None:
    assert measured(contract=a_contract(purposes=())) == []


def then(covered: int, moment: Moment = Moment.EVENT, subjects: int = 1000) -> ConsentThen:
    return ConsentThen("model_training", moment, subjects, covered, subjects, covered)


def told(tally: ConsentTally, *others: ConsentThen) -> dict[str, object]:
    found = only(tally, profile=a_profile(consent=(tally,), consent_then=others))
    return {key: found.details[key] for key in found.details if key.startswith("covered_at")}


def test_other_moments_are_told_beside_tonight_and_decide_nothing() -> None:
    tally = a_tally(valid=995, withdrawn=5)
    found = only(
        tally, profile=a_profile(consent=(tally,), consent_then=(then(700), then(900, Moment.TRAINING)))
    )
    assert found.outcome is Outcome.PASS
    assert found.details["covered_at_event_time"] == "70 % of the people"
    assert found.sentence.endswith(
        " When their own records came about: 70 % of the people."
        " When the model in service was trained: 90 % of the people."
    )


@pytest.mark.parametrize(
    ("covered", "said"),
    [
        (1000, "100 % of the people"), (995, "all but fewer than 11 people"), (4, "fewer than 11 people"),
        (939, "about as many people as tonight"), (940, "94 % of the people"), (0, "0 % of the people"),
        (929, "92.9 % of the people"),
    ],
)  # fmt: skip
def test_a_moment_gives_no_small_group_away(covered: int, said: str) -> None:
    assert told(a_tally(valid=940, withdrawn=60), then(covered)) == {"covered_at_event_time": said}


def test_two_moments_together_give_no_small_group_away() -> None:
    found = told(a_tally(valid=940, withdrawn=60), then(800), then(803, Moment.TRAINING))
    assert found["covered_at_training"] == "about as many people as tonight"


def test_of_few_people_no_moment_is_told() -> None:
    assert told(a_tally(subjects=8, valid=8), then(4, subjects=8)) == {}
