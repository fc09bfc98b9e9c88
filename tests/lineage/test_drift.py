from __future__ import annotations

from typing import Any

from governance_pipeline.charter.contract import Column
from governance_pipeline.lineage.build import build
from governance_pipeline.lineage.drift import Difference, Drift, Known, drift
from governance_pipeline.vocabulary.entity import Entity
from tests.lineage.sample import FEATURES_SQL, a_project, changed


def known(**changes: dict[str, Any]) -> Known:
    """The sample's lineage, with some contracts changed by name."""
    built = build(a_project(changed(**changes)), [])
    return Known(built.graph, built.nodes)


def told(found: tuple[Drift, ...]) -> list[tuple[str, str]]:
    return [(str(one.difference), str(one.about)) for one in found]


def test_the_same_lineage_has_not_changed() -> None:
    assert drift(known(), known()) == ()


def test_new_origins_and_lost_ones_are_told_in_the_words_of_the_story() -> None:
    sql = FEATURES_SQL.replace("i.debts / i.income", "i.debts / b.score")
    found = drift(known(), known(features={"job_sql": sql}))
    ratio = "column:lending.features#debt_ratio"
    assert [one for one in told(found) if one[1] == ratio] == [
        ("new", ratio),
        ("changed", ratio),
        ("gone", ratio),
    ]
    (changed,) = [one for one in found if one.difference is Difference.CHANGED and one.before is not None]
    assert "is computed from column debts of lending.incomes as: i.debts / b.score" in changed.sentence
    assert changed.sentence.endswith("Before: i.debts / i.income.")


def test_another_owner_another_tag_and_another_type_are_told() -> None:
    columns = (Column("subject_id"), Column("debts", personal=True), Column("income", "number"))
    found = drift(known(), known(incomes={"owner": "ben", "columns": columns}))
    sentences = [one.sentence for one in found]
    assert "ben answers for lending.incomes (declared in datasets/incomes.odcs.yaml:3)." in sentences
    assert any("Column debts of lending.incomes: tags were none, are personal" in one for one in sentences)
    assert any("Column income of lending.incomes: type was not known, is number" in one for one in sentences)


def test_only_what_a_model_comes_from_is_told_where_that_is_asked() -> None:
    before, after = known(), known(predictions={"owner": "ben"}, incomes={"owner": "ben"})
    assert {one.about.name for one in drift(before, after)} == {"lending.incomes", "lending.predictions"}
    of_model = drift(before, after, of=Entity.model("mortgage_approval"))
    assert {one.about.name for one in of_model} == {"lending.incomes"}
