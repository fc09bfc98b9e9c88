from __future__ import annotations

from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.impact import starts
from governance_pipeline.lineage.ranking import affected
from governance_pipeline.testing import a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.risk import RiskScore
from tests.lineage.sample import NIGHT, a_project

MODEL = Entity.model("mortgage_approval")


def a_graph() -> LineageGraph:
    return build_graph(a_project(), [a_version(snapshot="lending.training_set")])


def risk(entity: Entity, score: float, tier: str) -> tuple[Entity, RiskScore]:
    return entity, RiskScore(NIGHT, entity, score, tier)


def test_what_is_downstream_comes_by_risk_with_its_owners_and_the_way_to_it() -> None:
    graph = a_graph()
    risks = dict([risk(MODEL, 80.0, "critical"), risk(Entity.dataset("lending.features"), 20.0, "low")])
    found = affected(graph, starts(graph, Entity.dataset("lending.incomes")), risks)
    told = [(str(one.entity), one.risk, one.owners) for one in found]
    assert told[0] == ("model:mortgage_approval", 80.0, ("ben",))
    deployed = next(one for one in found if one.entity == Entity.deployment("scoring-service"))
    assert (deployed.risk, deployed.owners) == (80.0, ("ben",))
    assert deployed.path[-1].target == deployed.entity
    assert deployed.path[0].source.dataset_name == "lending.incomes"
    assert told.index(("dataset:lending.features", 20.0, ("ada",))) > told.index(told[0])
    assert [one.risk or 0.0 for one in found] == sorted((one.risk or 0.0 for one in found), reverse=True)
    assert Entity.dataset("lending.incomes") not in {one.entity for one in found}


def test_a_column_reaches_only_what_is_made_of_it() -> None:
    graph = a_graph()
    found = affected(graph, [Entity.column("lending.incomes", "subject_id")], {}, columns=True)
    made = Entity.column("lending.features", "subject_id")
    assert {one.entity for one in found} == {made, Entity.dataset("lending.features")}
    reached = {
        one.entity for one in affected(graph, [Entity.column("lending.incomes", "debts")], {}, columns=True)
    }
    assert Entity.column("lending.features", "debt_ratio") in reached
    assert Entity.column("lending.features", "bureau_score") not in reached
