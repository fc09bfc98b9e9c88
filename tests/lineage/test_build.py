from __future__ import annotations

from dataclasses import replace

import pytest

from governance_pipeline.charter.contract import Column, ColumnSource, Location
from governance_pipeline.lineage.build import build, build_graph
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.testing import a_version
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy
from tests.lineage.sample import a_project, a_table, contracts

MODEL = Entity.model("mortgage_approval")


def column(dataset: str, name: str) -> Entity:
    return Entity.column(f"lending.{dataset}", name)


def dataset(name: str) -> Entity:
    return Entity.dataset(f"lending.{name}")


def edge(graph: LineageGraph, source: Entity, target: Entity) -> Edge:
    found = [one for one in graph.edges if (one.source, one.target) == (source, target)]
    assert len(found) == 1, f"{len(found)} edges from {source} to {target}"
    return found[0]


def sources(graph: LineageGraph, target: Entity) -> set[str]:
    return {str(one.source) for one in graph.incoming(target)}


def test_every_dataset_column_model_version_and_deployment_is_a_node() -> None:
    graph = build_graph(a_project(), [a_version(), a_version(version="2")])
    kinds = {kind: sum(node.kind is kind for node in graph.nodes) for kind in EntityKind}
    assert kinds[EntityKind.DATASET] == 5
    assert kinds[EntityKind.COLUMN] == 3 + 2 + 3 + 3 + 3
    assert kinds[EntityKind.MODEL] == 1
    assert kinds[EntityKind.VERSION] == 2
    assert kinds[EntityKind.DEPLOYMENT] == 1


def test_the_jobs_sql_gives_discovered_column_edges_with_their_expression_and_place() -> None:
    graph = build_graph(a_project(), [])
    assert sources(graph, column("features", "debt_ratio")) == {
        "column:lending.incomes#debts",
        "column:lending.incomes#income",
    }
    found = edge(graph, column("incomes", "debts"), column("features", "debt_ratio"))
    assert found.known_by is KnownBy.DISCOVERED
    assert found.transformation == "i.debts / i.income"
    assert found.evidence == "datasets/features.odcs.yaml:11"


def test_a_declared_upstream_is_declared_and_one_only_in_the_sql_is_discovered() -> None:
    graph = build_graph(a_project(), [])
    declared = edge(graph, dataset("incomes"), dataset("features"))
    assert (declared.known_by, declared.evidence) == (KnownBy.DECLARED, "datasets/features.odcs.yaml:3")
    assert edge(graph, dataset("bureau_scores"), dataset("features")).known_by is KnownBy.DISCOVERED


def test_a_declared_column_source_is_an_edge_with_the_columns_own_line() -> None:
    found = edge(
        build_graph(a_project(), []),
        column("features", "bureau_score"),
        column("training_set", "bureau_score"),
    )
    assert (found.known_by, found.evidence) == (KnownBy.DECLARED, "datasets/training_set.odcs.yaml:11")


def test_a_declared_edge_keeps_its_evidence_and_takes_the_expression_that_was_discovered() -> None:
    declared = Column("debt_ratio", sources=(ColumnSource("lending.incomes", "debts"),))
    tables = [
        replace(one, columns=(one.columns[0], replace(declared, line=99), one.columns[2]))
        if one.dataset == "lending.features"
        else one
        for one in contracts()
    ]
    found = edge(
        build_graph(a_project(tables), []), column("incomes", "debts"), column("features", "debt_ratio")
    )
    assert found.known_by is KnownBy.DECLARED
    assert found.evidence == "datasets/features.odcs.yaml:99"
    assert found.transformation == "i.debts / i.income"


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        ("debts / income", {"incomes#debts", "incomes#income"}),
        ("incomes.debts * 2", {"incomes#debts"}),
        ("lending.incomes.debts", {"incomes#debts"}),
        ("CASE WHEN score > 3 THEN debts ELSE 0 END", {"bureau_scores#score", "incomes#debts"}),
        ("SELECT max(debts) AS made FROM lending.incomes", {"incomes#debts"}),
        ("WITH x AS (SELECT income FROM incomes) SELECT income AS made FROM x", {"incomes#income"}),
        ("upper(note)", {"derived#note"}),
        ("42", set()),
    ],
)
def test_transform_logic_is_read_as_an_expression_or_a_query(logic: str, expected: set[str]) -> None:
    derived = a_table(
        "derived",
        [Column("made", transform_logic=logic), "note"],
        upstream=("lending.incomes", "lending.bureau_scores"),
    )
    built = build(a_project([*contracts()[:2], derived], models={}), [])
    assert sources(built.graph, column("derived", "made")) == {f"column:lending.{one}" for one in expected}
    assert built.not_understood == ()


@pytest.mark.parametrize(
    ("logic", "reason"),
    [
        ("subject_id", "subject_id could be a column of lending.bureau_scores and lending.incomes"),
        ("missing + 1", "missing is a column of no dataset this one is built from"),
        ("debts / / income", "the SQL could not be read"),
        ("(SELECT max(x) FROM y) + 1", "a query of its own"),
    ],
)
def test_logic_that_is_not_clear_gives_no_edge_and_says_where_and_why(logic: str, reason: str) -> None:
    derived = a_table(
        "derived",
        [Column("made", transform_logic=logic)],
        upstream=("lending.incomes", "lending.bureau_scores"),
    )
    built = build(a_project([*contracts()[:2], derived], models={}), [])
    assert sources(built.graph, column("derived", "made")) == set()
    assert len(built.not_understood) == 1
    assert built.not_understood[0].startswith("datasets/derived.odcs.yaml:10: column made: ")
    assert reason in built.not_understood[0]


def test_a_table_without_a_contract_is_a_source_that_nobody_answers_for() -> None:
    derived = a_table("derived", ["x"], job_sql="SELECT f.x FROM raw.feed AS f", upstream=("raw.files",))
    graph = build_graph(a_project([derived], models={}), [])
    assert sources(graph, dataset("derived")) == {"source:raw.feed", "source:raw.files"}
    assert sources(graph, column("derived", "x")) == {"column:raw.feed#x"}


def test_a_physical_table_name_leads_to_the_dataset_it_holds() -> None:
    held = replace(
        a_table("incomes", ["debts"]),
        location=Location(kind="duckdb", path="/project/w.duckdb", schema="stage", table="inc_v2"),
    )
    derived = a_table("derived", ["debts"], job_sql="SELECT debts FROM stage.inc_v2")
    graph = build_graph(a_project([held, derived], models={}), [])
    assert sources(graph, column("derived", "debts")) == {"column:lending.incomes#debts"}


def test_the_dialect_is_that_of_the_database_the_table_is_in() -> None:
    """Back-ticked names are MySQL's; DuckDB would not read them."""
    derived = replace(
        a_table("derived", ["debts"], job_sql="SELECT `debts` FROM `lending`.`incomes`"),
        location=Location(kind="sql", connection="shop", table="derived"),
    )
    tables = [a_table("incomes", ["debts"]), derived]
    settings = {"connections": {"shop": {"url": "mysql+pymysql://u:p@h/shop"}}}
    built = build(a_project(tables, models={}, settings=settings), [])
    assert sources(built.graph, column("derived", "debts")) == {"column:lending.incomes#debts"}
    assert build(
        a_project([tables[0], replace(derived, location=tables[0].location)], models={}), []
    ).not_understood


def test_a_column_in_the_sql_that_the_contract_lacks_is_said() -> None:
    derived = a_table("derived", ["x"], job_sql="SELECT debts AS x, income AS y FROM lending.incomes")
    built = build(a_project([contracts()[0], derived], models={}), [])
    assert built.not_understood == (
        "datasets/derived.odcs.yaml:3: the SQL makes a column y the contract lacks",
    )


def test_a_model_is_joined_to_its_features_snapshot_predictions_and_deployment() -> None:
    graph = build_graph(a_project(), [])
    file = "models/mortgage_approval.yaml"
    for source, kind in (
        (column("features", "debt_ratio"), EdgeKind.TRAINS),
        (column("training_set", "debt_ratio"), EdgeKind.TRAINS),
        (column("training_set", "approved"), EdgeKind.TRAINS),
        (dataset("training_set"), EdgeKind.TRAINS),
        (dataset("features"), EdgeKind.FEEDS),
    ):
        found = edge(graph, source, MODEL)
        assert (found.kind, found.known_by, found.evidence) == (kind, KnownBy.DECLARED, file)
    assert {(str(one.target), one.kind) for one in graph.outgoing(MODEL)} == {
        ("dataset:lending.predictions", EdgeKind.PREDICTS),
        ("column:lending.predictions#predicted", EdgeKind.PREDICTS),
        ("deployment:scoring-service", EdgeKind.DEPLOYED_TO),
    }


def test_a_version_is_joined_to_its_model_and_to_the_snapshot_the_registry_names() -> None:
    graph = build_graph(a_project(), [a_version(snapshot="lending.training_set")])
    version = Entity.version("mortgage_approval", "1")
    assert edge(graph, version, MODEL).kind is EdgeKind.VERSION_OF
    trained = edge(graph, dataset("training_set"), version)
    assert (trained.known_by, trained.evidence) == (KnownBy.DISCOVERED, "registry/mortgage_approval.yaml")
    assert column("incomes", "debts") in graph.upstream(version)


def test_a_version_without_a_snapshot_of_its_own_has_the_declared_one() -> None:
    graph = build_graph(a_project(), [a_version(snapshot="")])
    trained = edge(graph, dataset("training_set"), Entity.version("mortgage_approval", "1"))
    assert (trained.known_by, trained.evidence) == (KnownBy.DECLARED, "models/mortgage_approval.yaml")


def test_a_column_and_its_dataset_are_not_joined() -> None:
    """Else every column would reach every other of its table."""
    graph = build_graph(a_project(), [])
    assert column("training_set", "bureau_score") not in graph.downstream(column("incomes", "debts"))
    assert dataset("features") not in graph.downstream(column("incomes", "debts"))


def test_the_graph_does_not_depend_on_the_order_of_files_or_versions() -> None:
    versions = [a_version(version="2"), a_version()]
    project = a_project()
    backwards = replace(project, contracts=dict(reversed(project.contracts.items())))
    assert build_graph(project, versions) == build_graph(backwards, versions[::-1])
