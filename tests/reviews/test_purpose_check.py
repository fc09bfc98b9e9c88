"""May this consumer use these datasets for this purpose: answers name clauses, and no is the default."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.charter.loader import load_project
from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.reviews.purpose_check import PurposeAnswer, check_purpose
from governance_pipeline.store.open import MEMORY, open_store
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from tests.charter.projects import change, line_of, new_project, write

SNAPSHOT = "lending.snapshot"
NIGHT = date(2026, 3, 1)
ENDED = datetime(2026, 3, 2, 3, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def ask(root: Path, *datasets: str, purpose: str = "model_training", **asked: Any) -> PurposeAnswer:
    store = open_store(MEMORY)
    snapshot = Entity.dataset(SNAPSHOT)
    if asked.get("measured", True):
        outcome = asked.get("outcome", Outcome.PASS)
        sentence = "All 1,000 people have a valid consent."
        found = Measurement(NIGHT, snapshot, "consent", outcome, sentence, "P-2", facet="model_training")
        with store.begin() as unit:
            unit.nights.seal(NightRecord(NIGHT, ENDED, ENDED, 1, 1, (), "sha256:0", {}))
            unit.measurements.replace(NIGHT, [found], entities=[snapshot])
    now = ENDED + timedelta(hours=asked.get("hours", 1))
    project = load_project(root)
    return check_purpose(project, store, datasets or (SNAPSHOT,), purpose, asked.get("consumer"), now)


def codes(answer: PurposeAnswer) -> list[str]:
    return [one.code for one in answer.rulings]


def test_a_listed_purpose_whose_consents_hold_is_allowed_by_its_line(root: Path) -> None:
    answer = ask(root)
    assert answer.allowed
    line = line_of(root, "datasets/snapshot.odcs.yaml", "{purpose: model_training")
    listed, agreed = answer.rulings
    assert (listed.code, listed.clause) == ("purpose_listed", f"datasets/snapshot.odcs.yaml:{line}")
    line = line_of(root, "playbook/playbook.yaml", "P-2:")
    assert (agreed.code, agreed.clause) == ("consent_holds", f"playbook/playbook.yaml:{line}")


def test_a_purpose_that_is_not_listed_is_refused(root: Path) -> None:
    answer = ask(root, purpose="marketing")
    assert not answer.allowed
    (ruling,) = answer.rulings
    assert ruling.code == "purpose_not_listed"
    assert ruling.sentence == "the contract of lending.snapshot lists model_training, and not marketing"
    assert ruling.clause.startswith("datasets/snapshot.odcs.yaml:")


def test_one_dataset_that_refuses_is_enough(root: Path) -> None:
    answer = ask(root, SNAPSHOT, "lending.incomes")
    assert not answer.allowed
    assert codes(answer) == ["purpose_listed", "consent_holds", "purpose_not_listed"]
    assert answer.rulings[-1].sentence.startswith("the contract of lending.incomes lists no purpose")


@pytest.mark.parametrize("outcome", [one for one in Outcome if one not in (Outcome.PASS, Outcome.WARN)])
def test_without_enough_consents_the_answer_is_no(root: Path, outcome: Outcome) -> None:
    answer = ask(root, outcome=outcome)
    assert (answer.allowed, answer.rulings[-1].code) == (False, f"consent_{outcome.value}")


def test_a_warning_is_allowed_only_where_the_playbook_says_so(root: Path) -> None:
    assert ask(root, outcome=Outcome.WARN).allowed
    change(root, "playbook/playbook.yaml", "reviews:\n", "reviews:\n  allow_warn: false\n")
    assert not ask(root, outcome=Outcome.WARN).allowed


def test_no_night_and_an_old_night_are_no(root: Path) -> None:
    assert codes(ask(root, measured=False)) == ["purpose_listed", "evidence_stale"]
    assert not ask(root, hours=37).allowed
    assert ask(root, hours=36).allowed


def test_a_model_may_use_what_it_declares_for_its_purpose(root: Path) -> None:
    assert ask(root, consumer="approval").allowed
    change(root, "models/approval.yaml", "  purpose: model_training", "  purpose: another")
    change(
        root, "datasets/snapshot.odcs.yaml", "{purpose: model_training, basis: consent}",
        "{purpose: model_training, basis: consent}\n          - {purpose: another, basis: contract}",
    )  # fmt: skip
    answer = ask(root, consumer="approval")
    assert not answer.allowed
    refused = next(one for one in answer.rulings if not one.allowed)
    line = line_of(root, "models/approval.yaml", "  purpose: another")
    assert (refused.code, refused.clause) == ("not_the_models_purpose", f"models/approval.yaml:{line}")


def test_a_model_may_not_use_what_it_does_not_read(root: Path) -> None:
    change(
        root, "datasets/consents.odcs.yaml", "value: consent_ledger}",
        "value: consent_ledger}\n      - {property: purposes,"
        " value: [{purpose: model_training, basis: contract}]}",
    )  # fmt: skip
    assert ask(root, "lending.consents").allowed
    assert "not_read_by_model" in codes(ask(root, "lending.consents", consumer="approval"))


def test_consumers_of_the_contract_are_the_only_ones(root: Path) -> None:
    change(root, "datasets/snapshot.odcs.yaml", "basis: consent}", "basis: consent, consumers: [approval]}")
    assert ask(root, consumer="approval").allowed
    for other in (None, "data-team"):
        answer = ask(root, consumer=other)
        assert (answer.allowed, "consumer_not_named" in codes(answer)) == (False, True)


def test_what_is_ruled_out_for_training_is_refused_for_it(root: Path) -> None:
    change(
        root, "datasets/consents.odcs.yaml", "value: consent_ledger}",
        "value: consent_ledger}\n      - {property: trainingUse, value: false}"
        "\n      - {property: purposes, value: [{purpose: model_training, basis: contract}]}",
    )  # fmt: skip
    assert codes(ask(root, "lending.consents")) == ["purpose_listed", "training_ruled_out"]


def test_a_wider_purpose_allows_a_narrower_one_only_where_the_playbook_says_so(root: Path) -> None:
    purposes = "purposes:\n  model_training: {title: T}\n  tuning: {title: U, parent: model_training}\n"
    write(root, "playbook/purposes.yaml", purposes)
    assert codes(ask(root, purpose="tuning")) == ["purpose_not_listed"]
    change(root, "playbook/purposes.yaml", "model_training}", "model_training, covered_by_parent: true}")
    answer = ask(root, purpose="tuning")
    assert answer.allowed
    assert "playbook/purposes.yaml:3" in answer.rulings[0].sentence
    assert codes(ask(root, purpose="nothing")) == ["purpose_unknown"]


def test_names_that_nobody_knows_are_no_question(root: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no dataset 'lending\.snapshots'"):
        ask(root, "lending.snapshots")
    with pytest.raises(NotFound, match="there is no model, team or person 'who'"):
        ask(root, consumer="who")
    with pytest.raises(UsageError):
        check_purpose(load_project(root), open_store(MEMORY), (), "x", None, ENDED)
