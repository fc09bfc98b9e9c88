"""Separation of duties by what is known: authors by git, people by all their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.charter.model import Code
from governance_pipeline.errors import CannotEvaluate, Refused
from governance_pipeline.reviews.interests import find_ties
from governance_pipeline.reviews.rights import Role
from governance_pipeline.testing import MODEL, NIGHT, a_charter, register_version
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import ReviewStatus, Verdict
from tests.catalog.test_git_authors import commit, git
from tests.reviews.support import PEOPLE, Lab, lab


@pytest.fixture
def reviewed(tmp_path: Path) -> Lab:
    found = lab(tmp_path)
    found.night()
    return found


def with_code(found: Lab, *paths: str) -> None:
    """Let the model's file name the project's folder as its repository."""
    model = found.project.models[MODEL].model_copy(update={"code": Code(paths=paths)})
    found.change(models={MODEL: model})


def known_as(found: Lab, person: str, *aliases: str) -> None:
    people = [
        {"id": name, "name": name.title(), "mail": f"{name}@example.org", "functions": held,
         "aliases": aliases if name == person else ()}
        for name, held in PEOPLE
    ]  # fmt: skip
    found.change(charter=a_charter(alert_channels=["log"], people=people))


def test_who_wrote_the_models_code_may_not_decide_on_it(reviewed: Lab):
    git(reviewed.root, "init", "-q")
    commit(reviewed.root, "train.py", "Lea <LEA@Example.org>")
    with_code(reviewed, "train.py")
    with pytest.raises(Refused, match="they wrote code of the model"):
        reviewed.decide("lea", Function.LEGAL)
    assert reviewed.decide("pia", Function.PRIVACY).status is ReviewStatus.IN_REVIEW


@pytest.mark.parametrize("author", ["P. Lind <plind@users.noreply.example>", "PLIND <other@example.org>"])
def test_an_alias_is_the_same_person_whatever_its_case(reviewed: Lab, author: str):
    git(reviewed.root, "init", "-q")
    commit(reviewed.root, "train.py", author)
    with_code(reviewed, "train.py")
    reviewed_by = find_ties(reviewed.project, reviewed.graph(), MODEL, None, NIGHT)
    assert "pia" not in reviewed_by.people
    assert any("charter.yaml does not know them" in line for line in reviewed_by.unknown)
    known_as(reviewed, "pia", "plind@Users.Noreply.example", "plind")
    found = find_ties(reviewed.project, reviewed.graph(), MODEL, None, NIGHT)
    assert Role.AUTHOR in found.people["pia"]
    assert found.unknown == []


def test_trainer_and_registrar_are_found_by_the_registrys_user_names(reviewed: Lab):
    register_version(reviewed.root, "2", trained_by="MLFLOW-PIA", registered_by="stranger")
    known_as(reviewed, "pia", "mlflow-pia")
    reviewed.night()
    with pytest.raises(Refused, match="they trained version 2"):
        reviewed.decide("pia", Function.PRIVACY)
    with reviewed.services.store.begin() as unit:
        version = unit.versions.get(MODEL, "2")
    ties = find_ties(reviewed.project, reviewed.graph(), MODEL, version, NIGHT)
    assert ties.unknown == ["'stranger' registered version 2, and charter.yaml does not know them"]


def test_where_authorship_cannot_be_read_nobody_approves_and_everybody_may_object(reviewed: Lab):
    with_code(reviewed, "train.py")
    with pytest.raises(
        CannotEvaluate, match="nobody can say whether Lea wrote what is judged: git cannot read"
    ):
        reviewed.decide("lea", Function.LEGAL)
    assert reviewed.decide("lea", Function.LEGAL, Verdict.REJECT).status is ReviewStatus.REJECTED
