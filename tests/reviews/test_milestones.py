"""Which events call for a review, and whom the playbook asks: by hand from the rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.milestones import (
    ViewChange,
    feature_store_change,
    moved_alias,
    new_version,
    required_functions,
    retraining_due,
    review_id,
)
from governance_pipeline.testing import AS_OF, DATASET, NIGHT, a_model, a_playbook, a_version
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.night import ReviewOpened
from governance_pipeline.vocabulary.review import Milestone, MilestoneKind
from tests.reviews.support import consent_at, lab, late


def evidence(*indicators: str) -> Evidence:
    return Evidence("m", "s", "p", tuple(("dataset:a.b", name, "") for name in indicators))


def test_the_tier_says_who_decides():
    needed = required_functions(a_model(tier="medium"), evidence(), a_playbook())
    assert needed == {Function.ENGINEERING: 1, Function.PRIVACY: 1}


def test_each_breach_adds_its_functions_once_and_the_larger_number_holds():
    playbook = a_playbook()
    rules = playbook.reviews.model_dump(mode="json")
    rules["by_indicator"] = {
        "consent": [{"function": "privacy", "people": 2}],
        "bias": [{"function": "ethics"}, {"function": "compliance"}],
    }
    rules["by_tier"]["high"] = [{"function": "ethics", "people": 3}, *rules["by_tier"]["high"][:2]]
    playbook = a_playbook(reviews=rules)
    needed = required_functions(a_model(tier="high"), evidence("consent", "consent", "bias"), playbook)
    assert needed == {
        Function.COMPLIANCE: 1, Function.ETHICS: 3, Function.LEGAL: 1, Function.PRIVACY: 2,
    }  # fmt: skip


def test_a_tier_the_playbook_is_silent_about_asks_everybody():
    playbook = a_playbook()
    rules = playbook.reviews.model_dump(mode="json")
    del rules["by_tier"]["critical"]
    needed = required_functions(a_model(tier="critical"), evidence(), a_playbook(reviews=rules))
    assert set(needed) == set(Function)


def test_a_milestone_has_one_review_however_often_it_is_seen():
    first = new_version(NIGHT, a_version(version="2"))
    later = new_version(NIGHT + timedelta(days=9), a_version(version="2"))
    assert review_id(first) == review_id(later)
    assert review_id(first) != review_id(new_version(NIGHT, a_version(version="3")))
    assert "Version 2 of mortgage_approval was registered" in first.sentence


@pytest.mark.parametrize(("days", "due"), [(180, False), (181, True)])
def test_retraining_is_due_when_the_serving_version_is_older_than_the_playbook_allows(days: int, due: bool):
    serving = a_version(registered_at=AS_OF - timedelta(days=days))
    found = retraining_due(NIGHT, AS_OF, serving, a_playbook())
    assert (found is not None) == due
    if found:
        assert found.kind is MilestoneKind.RETRAINING_DUE
        assert "180 days" in found.sentence


def test_without_a_serving_version_nothing_is_due():
    assert retraining_due(NIGHT, AS_OF, None, a_playbook()) is None


def test_retraining_opens_one_review_over_all_later_nights(tmp_path: Path):
    found = lab(tmp_path, playbook=a_playbook(retraining={"max_age_days": 31}))
    opened = []
    for day in range(4):
        opened += [e for e in found.night(NIGHT + timedelta(days=day)) if isinstance(e, ReviewOpened)]
        found.clock.tick(days=1)
    kinds = [(event.milestone.kind, event.milestone.version) for event in opened]
    assert kinds.count((MilestoneKind.RETRAINING_DUE, "1")) == 1
    assert kinds.count((MilestoneKind.NEW_VERSION, "2")) == 1


def test_a_nights_breaches_decide_whom_the_new_version_asks(tmp_path: Path):
    calm = lab(tmp_path / "calm")
    calm.night()
    assert set(calm.review().required) == {Function.LEGAL, Function.PRIVACY, Function.ETHICS}
    rules = a_playbook().reviews.model_dump(mode="json")
    rules["by_indicator"] = {"recency": [{"function": "business"}], "consent": [{"function": "security"}]}
    found = lab(
        tmp_path / "late",
        {"lending.applications": late(80), DATASET: consent_at(1.0)},
        playbook=a_playbook(reviews=rules),
    )
    found.night()
    assert set(found.review().required) == {*calm.review().required, Function.BUSINESS}


def test_what_changed_around_a_model_is_one_milestone_for_each_recorded_night_it_is_compared_with() -> None:
    version, first = a_version(), date(2026, 3, 1)
    views = [
        ViewChange(Entity(EntityKind.FEATURE_VIEW, f"lending/v{number}"), f"sha256:{number}", "is gone")
        for number in range(5)
    ]

    def of_views(night: date, base: date, changes: Sequence[ViewChange]) -> Milestone:
        return feature_store_change(night, version, changes, base)

    def of_alias(night: date, base: date) -> Milestone:
        return moved_alias(night, version, "champion", "1", base)

    second, third = first + timedelta(days=1), first + timedelta(days=2)
    assert of_views(second, first, views).id == of_views(third, first, views[::-1]).id
    assert of_views(third, first, views).id != of_views(third, second, views).id
    assert of_views(third, first, views).id != of_views(third, first, views[:4]).id
    assert of_views(third, first, views).sentence.endswith("lending/v2 is gone; and 2 more changes.")
    assert of_alias(second, first).id == of_alias(third, first).id != of_alias(third, second).id
