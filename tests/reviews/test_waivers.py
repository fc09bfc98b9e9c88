"""Waivers: by whom, for how long, never for what; and wherever the number shows, they show."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.errors import Conflict, NotFound, Refused
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.service import Table
from governance_pipeline.reviews.waivers import in_force, waive, written
from governance_pipeline.testing import DATASET, NIGHT, a_playbook
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewStatus, Verdict
from tests.reviews.support import Lab, lab, late

FINDING = f"dataset:{DATASET} recency"
UNTIL = date(2026, 3, 20)


def reviewed(root: Path, *, never: tuple[str, ...] = (), **rule: Any) -> Lab:
    """A table is late; engineering and legal together may waive that for 20 days."""
    rules = a_playbook().reviews.model_dump(mode="json")
    by = [{"function": "engineering"}, {"function": "legal"}]
    rules |= {"waivers": {"recency": {"by": by, "longest_days": 20, **rule}}, "never": list(never)}
    found = lab(root, {DATASET: late(90)}, playbook=a_playbook(reviews=rules))
    found.night()
    return found


def give(found: Lab, person: str, function: Function, **changes: Any) -> ReviewState:
    table = Table(found.project, found.services.store, found.graph(), found.clock())
    said = {"finding": FINDING, "until": UNTIL, "control": "Read by hand.", "reason": "The feed moves."}
    return waive(table, found.review().id, person=person, function=function, **{**said, **changes})


def test_a_waiver_is_in_force_once_everybody_has_given_it(tmp_path: Path):
    found = reviewed(tmp_path)
    assert FINDING in {written(key) for key in found.review().evidence.findings}
    state = give(found, "eva", Function.ENGINEERING)
    assert state.waivers[0].missing == {"legal": 1}
    assert state.waived(NIGHT) == ()
    state = give(found, "eva", Function.ENGINEERING)  # once more is not another person
    assert state.waivers[0].missing == {"legal": 1}
    state = give(found, "lea", Function.LEGAL)
    assert [w.approvers for w in state.waived(UNTIL)] == [(("engineering", "eva"), ("legal", "lea"))]
    assert state.waived(UNTIL + timedelta(days=1)) == ()


@pytest.mark.parametrize(
    ("person", "function", "changes", "why"),
    [
        ("pia", Function.PRIVACY, {}, "privacy does not waive recency"),
        ("pia", Function.LEGAL, {}, "do not hold the function legal"),
        ("ada", Function.ENGINEERING, {}, "they trained version 2"),
        ("eva", Function.ENGINEERING, {"until": date(2026, 3, 26)}, "until 25 March 2026 at most"),
        ("eva", Function.ENGINEERING, {"until": date(2026, 3, 4)}, "from today"),
        ("eva", Function.ENGINEERING, {"control": " "}, "compensating control"),
    ],
)
def test_what_the_playbook_does_not_give_is_refused(
    tmp_path: Path, person: str, function: Function, changes: dict[str, Any], why: str
):
    found = reviewed(tmp_path)
    before = found.review()
    with pytest.raises(Refused, match=why):
        give(found, person, function, **changes)
    assert found.review() == before


def test_nobody_waives_what_the_playbook_never_accepts_or_has_no_rule_for(tmp_path: Path):
    found = reviewed(tmp_path, never=("recency",))
    with pytest.raises(Refused, match="lets nobody waive recency"):
        give(found, "eva", Function.ENGINEERING)
    found = lab(tmp_path, {DATASET: late(90)})
    found.night()
    with pytest.raises(Refused, match="lets nobody waive recency"):
        give(found, "eva", Function.ENGINEERING)


def test_a_finding_that_the_review_does_not_have_is_named_with_those_it_has(tmp_path: Path):
    with pytest.raises(NotFound) as raised:
        give(reviewed(tmp_path), "eva", Function.ENGINEERING, finding="dataset:lending.incomes drift")
    assert FINDING in raised.value.hint


def test_where_a_waiver_is_required_nobody_approves_without_one_and_everybody_may_object(tmp_path: Path):
    found = reviewed(tmp_path, required=True)
    with pytest.raises(Refused, match="only once it is waived"):
        found.decide("pia", Function.PRIVACY)
    found.decide("pia", Function.PRIVACY, Verdict.REQUEST_CHANGES)
    give(found, "eva", Function.ENGINEERING)
    give(found, "lea", Function.LEGAL)
    assert found.decide("pia", Function.PRIVACY).status is ReviewStatus.IN_REVIEW


def test_an_approval_ends_with_its_waiver(tmp_path: Path):
    found = reviewed(tmp_path)
    give(found, "eva", Function.ENGINEERING)
    give(found, "lea", Function.LEGAL)
    state = found.approve()
    assert state.valid_until is not None
    assert state.valid_until.date() == UNTIL
    assert state.status_at(state.valid_until + timedelta(seconds=1)) is ReviewStatus.EXPIRED
    with pytest.raises(Conflict):
        give(found, "lea", Function.LEGAL)


def test_the_waiver_shows_in_the_incident_that_owners_are_told_of(tmp_path: Path):
    found = reviewed(tmp_path)
    give(found, "eva", Function.ENGINEERING)
    give(found, "lea", Function.LEGAL)
    with found.services.store.begin() as unit:
        assert list(in_force(unit, NIGHT)) == [("dataset:" + DATASET, "recency", "")]
        assert list(in_force(unit, UNTIL + timedelta(days=1))) == []
    found.clock.now += timedelta(days=1)
    found.night(NIGHT + timedelta(days=1))
    with found.services.store.begin() as unit:
        (incident,) = [one for one in unit.incidents.list() if one.indicator == "recency"]
    assert "Waived until 20 March 2026 by eva, lea" in incident.sentence
    assert "meanwhile: Read by hand." in incident.sentence
