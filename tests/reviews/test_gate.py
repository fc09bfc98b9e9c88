"""The gate is closed unless everything needed is known and good: each way to keep it shut, alone."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.errors import CannotEvaluate, NotFound, SourceUnavailable, StoreUnavailable
from governance_pipeline.reviews.gate import evaluate_gate
from governance_pipeline.store.ports import Unit
from governance_pipeline.testing import DATASET, MODEL, NIGHT, SOURCE, a_playbook, register_version
from governance_pipeline.vocabulary.entity import Entity
from tests.reviews.support import Lab, consent_at, lab, late, people


def reviews(**changes: object) -> object:
    """The playbook with other rules for reviews."""
    base = a_playbook().reviews.model_dump(mode="json")
    return a_playbook(reviews={**base, **changes})


@pytest.fixture
def approved(tmp_path: Path) -> Lab:
    found = lab(tmp_path)
    found.night()
    found.approve()
    return found


def test_a_measured_and_approved_version_may_be_promoted(approved: Lab):
    report = approved.gate()
    assert report.reasons == ()
    assert report.is_open
    assert report.review_status == "approved"


def test_before_the_first_night_it_is_closed(tmp_path: Path):
    assert lab(tmp_path).codes() == ["never_measured", "review_missing"]


def test_evidence_grows_stale_after_the_playbooks_hours_and_not_before(approved: Lab):
    approved.clock.tick(hours=36)
    assert approved.codes() == []
    approved.clock.tick(seconds=1)
    assert approved.codes() == ["evidence_stale"]


def test_what_the_last_night_did_not_measure_keeps_it_closed(approved: Lab):
    with approved.services.store.begin() as unit:
        unit.measurements.replace(NIGHT, [], entities=[Entity.dataset(SOURCE)])
    assert approved.codes() == ["unmeasured"]
    assert SOURCE in approved.gate().reasons[0].sentence


def test_a_partial_night_is_no_evidence(tmp_path: Path):
    found = lab(tmp_path)
    from governance_pipeline.nightly import run_night

    list(run_night(found.services, NIGHT, datasets=[DATASET]))
    assert "never_measured" in found.codes()


def test_a_swapped_artefact_closes_it(approved: Lab):
    (approved.root / f"{MODEL}-2.bin").write_bytes(b"another model")
    report = approved.gate()
    assert not report.is_open
    problem = next(reason for reason in report.reasons if reason.code == "registry_problem")
    assert "is not the one that was registered as version 2" in problem.sentence


def test_a_version_registered_again_with_another_artefact_is_not_the_one_approved(approved: Lab):
    register_version(approved.root, "2", content=b"trained again")
    assert approved.codes() == ["approval_void"]
    assert "artefact" in approved.gate().reasons[0].sentence


def test_other_training_data_is_not_what_was_approved(approved: Lab):
    register_version(approved.root, "2", snapshot_digest="sha256:" + "9" * 64)
    assert approved.codes() == ["approval_void"]
    assert "training data" in approved.gate().reasons[0].sentence


def test_another_playbook_or_charter_is_not_what_was_approved(approved: Lab):
    approved.change(playbook_digest="sha256:" + "8" * 64)
    assert approved.codes() == ["approval_void"]
    assert "playbook" in approved.gate().reasons[0].sentence


def test_an_unknown_version_and_an_unknown_model_are_bad_usage(approved: Lab):
    with pytest.raises(NotFound, match="no registered version '3'") as raised:
        approved.gate("3")
    assert raised.value.exit_code == 2
    assert "1, 2" in raised.value.hint
    with pytest.raises(NotFound):
        evaluate_gate(approved.project, approved.services.store, "pricing", "1", approved.clock())


def test_a_registry_that_cannot_be_read_is_no_verdict(approved: Lab):
    (approved.root / "registry.json").write_text("[")
    with pytest.raises(CannotEvaluate) as raised:
        approved.gate()
    assert raised.value.exit_code == 3


def test_a_version_registered_by_day_has_no_review_yet(approved: Lab):
    register_version(approved.root, "3")
    assert approved.codes("3") == ["review_missing"]


def test_a_finding_stands_until_an_approval_knows_it(tmp_path: Path):
    found = lab(tmp_path, {DATASET: consent_at(0.9)})
    found.night()
    assert found.codes() == ["review_not_approved", "consent_fail"]
    found.approve()
    report = found.gate()
    assert report.is_open
    assert report.accepted == ((f"dataset:{DATASET}", "consent", "model_training"),)


def test_what_the_playbook_lets_nobody_accept_stays_closed_after_every_approval(tmp_path: Path):
    found = lab(tmp_path, {DATASET: consent_at(0.9)}, playbook=reviews(never=["consent"]))
    found.night()
    found.approve()
    (reason,) = found.gate().reasons
    assert reason.code == "consent_fail"
    assert "nobody" in reason.next_step


def test_new_trouble_after_the_approval_closes_it_before_and_after_the_next_night(approved: Lab):
    approved.engine.answers = {SOURCE: late(80)}
    approved.clock.tick(days=1)
    approved.night(NIGHT + timedelta(days=1))
    assert approved.codes() == ["review_not_approved", "recency_fail"]
    assert len(approved.review().void) == 3
    approved.approve()
    assert approved.codes() == []


def test_trouble_that_goes_away_leaves_the_approval_standing(tmp_path: Path):
    found = lab(tmp_path, {SOURCE: late(80)})
    found.night()
    found.approve()
    found.engine.answers = {}
    found.clock.tick(days=1)
    found.night(NIGHT + timedelta(days=1))
    assert found.codes() == []
    assert found.review().void == ()


def test_an_approval_runs_out(approved: Lab):
    approved.clock.tick(days=90)
    approved.night(approved.clock().date() - timedelta(days=1))
    assert approved.codes() == []
    approved.clock.tick(seconds=1)
    assert approved.codes() == ["review_not_approved"]
    assert approved.gate().review_status == "expired"


@pytest.mark.parametrize(("allow", "codes"), [(True, []), (False, ["recency_warn"])])
def test_a_warning_passes_only_where_the_playbook_lets_it(tmp_path: Path, allow: bool, codes: list[str]):
    # 30 of 26 hours: late, and less than half as late again.
    found = lab(tmp_path, {SOURCE: late(30)}, playbook=reviews(allow_warn=allow))
    found.night()
    assert [code for code in found.codes() if code != "review_not_approved"] == codes
    found.approve()
    assert found.codes() == []


def test_a_table_that_cannot_be_read_is_never_a_pass(tmp_path: Path):
    found = lab(tmp_path, {SOURCE: SourceUnavailable("gone")})
    found.night()
    assert {"recency_not_run", "quality_not_run"} <= set(found.codes())


def test_a_store_that_does_not_answer_is_no_verdict(approved: Lab):
    class Gone:
        def begin(self) -> AbstractContextManager[Unit]:
            raise StoreUnavailable("no answer")

        reading = begin

        def close(self) -> None: ...

    with pytest.raises(StoreUnavailable):
        evaluate_gate(approved.project, Gone(), MODEL, "2", approved.clock())


def test_a_rejection_closes_it_for_good(tmp_path: Path):
    from governance_pipeline.vocabulary.function import Function
    from governance_pipeline.vocabulary.review import Verdict

    found = lab(tmp_path)
    found.night()
    found.decide("eli", Function.ETHICS, Verdict.REJECT)
    assert found.codes() == ["review_not_approved"]
    assert "rejected" in found.gate().reasons[0].sentence


def test_somebody_who_has_left_since_still_counts_as_having_approved(approved: Lab):
    """The approval is an act of its day; what changed is the charter, and its digest says so."""
    approved.change(charter=people(eli="2026-03-05"))
    assert approved.codes() == []
