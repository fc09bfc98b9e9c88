"""One person withdraws on night 31: which versions learned from them, what followed, and who is left out."""

from __future__ import annotations

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from examples.lending.generator.faults import CONSENT_ENDS, ONE_WITHDRAWS, VERSION_2
from governance_pipeline.reviews.service import list_reviews
from governance_pipeline.stages.impact import learned_from, withdrawal_impact
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured, ReviewOpened
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import MilestoneKind
from tests.story.conftest import LAST_NIGHT, NIGHTS, Story, open_services

pytestmark = pytest.mark.story


@pytest.fixture(scope="module")
def person(story: Story) -> str:
    """The one who withdrew on night 31, as the ledger has them."""
    files = sorted((story.root / "data" / "consents").glob("*.parquet"))
    [file] = [path for path in files if path.stem == str(night_of(story, ONE_WITHDRAWS))]
    rows = pq.read_table(file).to_pylist()
    [one] = [row["subject_id"] for row in rows if row["status"] == "withdrawn"]
    return str(one)


def night_of(story: Story, number: int) -> object:
    return next(night.night for night in story.nights if night.number == number)


def measured(story: Story, number: int) -> dict[str, Measurement]:
    found = (event.measurement for event in story.events(IndicatorMeasured, number))
    return {one.facet: one for one in found if one.indicator == "withdrawals"}


def test_version_1_learned_from_the_person_and_version_2_did_not(story: Story, person: str):
    with open_services(story.root) as opened:
        answers = {one.version: one.learned for one in learned_from(opened, person)}
    assert answers == {"1": True, "2": False}


def test_the_impact_reaches_the_service_that_serves_version_1(story: Story):
    with open_services(story.root) as opened:
        first, second = withdrawal_impact(opened, LAST_NIGHT)
    assert (first.version, first.deployments, second.version) == ("1", ("scoring-service",), "2")
    assert first.withdrawn == "at least 649"
    assert second.withdrawn == "nobody"
    assert first.owed == "left out at the next training"


def test_withdrawals_are_exactly_those_of_the_ledger_among_the_snapshots_people(story: Story):
    """Counted here from the files: 6 % of those whom version 1 learned from, and the one of night 31."""
    snapshot = ds.dataset(story.root / "data" / "training_snapshot").to_table().to_pandas()
    ledger = ds.dataset(story.root / "data" / "consents").to_table().to_pandas()
    gone = set(ledger.loc[ledger["status"] == "withdrawn", "subject_id"]) & set(snapshot["subject_id"])
    [found] = [one for facet, one in measured(story, NIGHTS).items() if facet == "1"]
    assert found.n == snapshot["subject_id"].nunique()
    assert found.details["withdrawn"] == f"at least {len(gone) // 11 * 11}"


def test_a_review_is_opened_once_on_the_night_that_passes_the_limit(story: Story):
    opened = [e for e in story.events(ReviewOpened) if e.milestone.kind is MilestoneKind.WITHDRAWALS]
    [review] = opened
    assert CONSENT_ENDS <= story.number(review.milestone.night) < CONSENT_ENDS + 5
    assert {"privacy", "legal"} <= set(review.functions)
    with open_services(story.root) as services:
        assert review.review in {state.id for _, state in list_reviews(services.store)}


def test_the_next_version_is_proved_to_have_learned_from_none_of_them(story: Story):
    found = measured(story, VERSION_2)
    proof = found["exclusion@2"]
    assert proof.outcome is Outcome.PASS
    assert "Version 2 has learned from nobody who had withdrawn" in proof.sentence
    assert proof.details["had withdrawn"] == "at least 649"
    assert found["2"].outcome is Outcome.PASS
    assert found["1"].outcome is Outcome.FAIL


def test_before_anybody_withdraws_nothing_is_said(story: Story):
    for number in range(1, CONSENT_ENDS):
        found = measured(story, number)
        assert {one.outcome for one in found.values()} == {Outcome.PASS}
