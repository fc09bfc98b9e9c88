"""Questionnaires in playbook/assessments: read beside the playbook, and checked with the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

from governance_pipeline.charter.loader import check_project, load_project
from tests.charter.projects import new_project

GOOD = (
    "id: bias\ntitle: Bias\ntiers: [high]\nquestions:\n  - {id: groups, text: Which?, indicators: [bias]}\n"
)


def written(tmp_path: Path, **files: str) -> Path:
    root = new_project(tmp_path)
    folder = root / "playbook" / "assessments"
    shutil.rmtree(folder)
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return root


def test_a_questionnaire_is_read_with_the_digest_of_its_file(tmp_path: Path) -> None:
    project = load_project(written(tmp_path, bias=GOOD))
    assert list(project.assessments) == ["bias"]
    assert project.assessment_digest("bias") == project.digests["playbook/assessments/bias.yaml"]


def test_a_project_without_questionnaires_has_none(tmp_path: Path) -> None:
    root = new_project(tmp_path)
    shutil.rmtree(root / "playbook" / "assessments")
    assert load_project(root).assessments == {}


def test_its_mistakes_are_named_with_file_and_line(tmp_path: Path) -> None:
    bad = GOOD.replace("[bias]", "[beauty]") + "  - {id: groups, text: Again?, fact: [inputs]}\n"
    twice = GOOD + "  - {id: groups, text: Again?}\n"
    found = [str(one) for one in check_project(written(tmp_path, a=bad, b=twice, c=GOOD))]
    assert any("a.yaml:6" in one and "'fact' is not known" in one for one in found), found
    assert any("b.yaml:6" in one and "'groups' is used twice" in one for one in found), found
    assert any("c.yaml:1" in one and "'bias' is used twice" in one for one in found), found
    unknown = written(tmp_path / "other", a=GOOD.replace("[bias]", "[beauty]"))
    assert any("a.yaml:5" in str(one) and "beauty" in str(one) for one in check_project(unknown))
