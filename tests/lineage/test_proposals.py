"""What proposed changes would do, each worked out by hand on the sample: features.debt_ratio is
incomes.debts / incomes.income, features.bureau_score is bureau_scores.score; the model reads both.
"""

from __future__ import annotations

import pytest

from governance_pipeline.errors import UsageError
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.new_sql import read_new_sql
from governance_pipeline.lineage.proposals import (
    Change,
    Consequence,
    Effect,
    Rewritten,
    consequences,
    consequences_of_sql,
    rewritten,
)
from governance_pipeline.testing import a_version
from governance_pipeline.vocabulary.entity import Entity
from tests.lineage.sample import FEATURES_SQL, a_project

INCOME = Entity.column("lending.incomes", "income")
FEATURES = Entity.dataset("lending.features")


def a_graph() -> LineageGraph:
    return build_graph(a_project(), [a_version(snapshot="lending.training_set")])


def effects(found: tuple[Consequence, ...]) -> dict[str, Effect]:
    return {str(one.affected.entity): one.effect for one in found}


def test_a_dropped_column_breaks_what_is_computed_from_it_and_the_rest_loses_its_origin() -> None:
    told = effects(consequences(a_graph(), INCOME, Change.DROP, {}))
    assert told["column:lending.features#debt_ratio"] is Effect.BREAKS
    assert told["dataset:lending.features"] is Effect.BREAKS
    assert told["model:mortgage_approval"] is Effect.LOSES_ORIGIN
    assert told["deployment:scoring-service"] is Effect.LOSES_ORIGIN
    assert "column:lending.features#bureau_score" not in told


def test_the_worst_comes_first() -> None:
    order = [one.effect for one in consequences(a_graph(), INCOME, Change.DROP, {})]
    assert order == sorted(order, key=list(Effect).index)
    assert order[0] is Effect.BREAKS


def test_a_feature_that_is_dropped_breaks_the_model_but_not_a_version_that_has_learned() -> None:
    snapshot = Entity.column("lending.training_set", "debt_ratio")
    told = effects(consequences(a_graph(), snapshot, Change.DROP, {}))
    assert told["model:mortgage_approval"] is Effect.BREAKS
    assert told["version:mortgage_approval/1"] is Effect.LOSES_ORIGIN


def test_a_new_type_may_break_and_a_feed_that_stops_makes_stale() -> None:
    retyped = effects(consequences(a_graph(), INCOME, Change.RETYPE, {}))
    assert retyped["column:lending.features#debt_ratio"] is Effect.MAY_BREAK
    assert retyped["model:mortgage_approval"] is Effect.MAY_CHANGE
    stopped = consequences(a_graph(), Entity.dataset("lending.bureau_scores"), Change.STOP, {})
    assert set(effects(stopped).values()) == {Effect.GOES_STALE}
    assert "deployment:scoring-service" in effects(stopped)


@pytest.mark.parametrize(
    ("node", "change"),
    [("model:mortgage_approval", Change.DROP), ("dataset:lending.incomes", Change.RETYPE)],
)
def test_what_cannot_be_changed_so_is_refused_with_what_can(node: str, change: Change) -> None:
    with pytest.raises(UsageError) as refused:
        consequences(a_graph(), Entity.parse(node), change, {})
    assert f"--{change} asks for a column" in str(refused.value.hint)


def of_sql(
    sql: str, node: Entity = FEATURES
) -> tuple[tuple[Rewritten, ...], dict[str, Effect], tuple[str, ...]]:
    graph, project = a_graph(), a_project()
    new = read_new_sql(project, node, sql)
    differing = rewritten(graph, node, new)
    told = consequences_of_sql(graph, node.dataset_name, differing, {})
    return differing, effects(told), new.not_understood


def test_the_same_sql_changes_nothing() -> None:
    assert of_sql(FEATURES_SQL) == ((), {}, ())


def test_new_sql_tells_lost_and_gained_origins_and_what_follows() -> None:
    differing, told, _ = of_sql(FEATURES_SQL.replace("i.debts / i.income", "i.debts / b.score"))
    assert differing == (
        Rewritten("debt_ratio", ("lending.incomes.income",), ("lending.bureau_scores.score",)),
    )
    assert told["model:mortgage_approval"] is Effect.MAY_CHANGE
    assert Effect.BREAKS not in told.values()


def test_another_expression_over_the_same_columns_is_a_change() -> None:
    differing, _, _ = of_sql(FEATURES_SQL.replace("i.debts / i.income", "i.income / i.debts"))
    assert differing == (Rewritten("debt_ratio"),)


def test_a_column_that_is_no_longer_made_is_dropped() -> None:
    differing, told, _ = of_sql(FEATURES_SQL.replace(",\n       b.score AS bureau_score", ""))
    assert differing == (Rewritten("bureau_score", ("lending.bureau_scores.score",), dropped=True),)
    assert told["column:lending.training_set#bureau_score"] is Effect.BREAKS


def test_sql_that_is_not_understood_drops_nothing() -> None:
    differing, told, reasons = of_sql("SELECT * FROM raw.feed")
    assert (differing, told) == ((), {})
    assert reasons == ("line 1: SELECT * from a table whose columns are not known",)


def test_the_logic_of_one_column_can_be_asked_about() -> None:
    node = Entity.column("lending.features", "debt_ratio")
    differing, told, _ = of_sql("SELECT debts AS debt_ratio FROM lending.incomes", node)
    assert differing == (Rewritten("debt_ratio", ("lending.incomes.income",), ()),)
    assert told["model:mortgage_approval"] is Effect.MAY_CHANGE
