from __future__ import annotations

import pytest

from governance_pipeline.lineage.build import build, build_graph
from governance_pipeline.lineage.story import sentence, story, tell
from governance_pipeline.testing import a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy
from tests.lineage.sample import a_breach, a_project


def test_the_story_of_a_feature_names_its_columns_how_they_are_used_and_where_that_is_known_from() -> None:
    graph = build_graph(a_project(), [])
    told = story(graph, Entity.column("lending.training_set", "bureau_score"), upstream=True)
    here, above, source = (f"column {name}" for name in ("bureau_score", "bureau_score", "score"))
    assert told == (
        (
            f"{here.capitalize()} of lending.training_set is computed from {above} of lending.features "
            "(declared in datasets/training_set.odcs.yaml:11)."
        ),
        (
            f"{above.capitalize()} of lending.features is computed from {source} of lending.bureau_scores "
            "as: b.score (found in datasets/features.odcs.yaml:12)."
        ),
    )


def test_there_is_one_sentence_per_edge_and_each_names_its_evidence() -> None:
    graph = build_graph(a_project(), [a_version(snapshot="lending.training_set")])
    for node in graph.nodes:
        for upstream in (True, False):
            for told in story(graph, node, upstream=upstream):
                assert any(edge.evidence in told for edge in graph.edges)
    assert len({sentence(edge) for edge in graph.edges}) == len(graph.edges)


@pytest.mark.parametrize(
    ("source", "target", "kind", "expected"),
    [
        ("dataset:a.x", "dataset:a.y", EdgeKind.FEEDS, "a.y is built from a.x"),
        ("source:raw.x", "dataset:a.y", EdgeKind.FEEDS, "a.y is built from raw.x, which has no contract"),
        ("dataset:a.x", "model:m", EdgeKind.FEEDS, "Model m reads features from a.x"),
        ("dataset:a.x", "version:m/2", EdgeKind.TRAINS, "Version 2 of model m is trained on a.x"),
        ("column:a.x#c", "model:m", EdgeKind.TRAINS, "Model m learns from column c of a.x"),
        ("version:m/2", "model:m", EdgeKind.VERSION_OF, "Version 2 of model m is registered"),
        ("model:m", "dataset:a.p", EdgeKind.PREDICTS, "a.p holds what model m predicts"),
        ("model:m", "deployment:api", EdgeKind.DEPLOYED_TO, "Model m runs in deployment api"),
        ("dataset:a.x", "job:dbt/y", EdgeKind.READ_BY, "Job dbt/y reads a.x"),
        ("job:dbt/y", "dataset:a.y", EdgeKind.WRITES, "Job dbt/y writes a.y"),
        ("feature:v#f", "feature_view:v", EdgeKind.PART_OF, "Feature v#f is part of feature view v"),
        ("person:ada", "dataset:a.x", EdgeKind.OWNS, "ada answers for a.x"),
        ("vendor:bureau", "dataset:a.x", EdgeKind.SUPPLIES, "a.x is supplied by vendor bureau"),
        ("role:dw/analyst", "dataset:a.x", EdgeKind.GRANTED, "Role dw/analyst may use a.x"),
        (
            "role:dw/ann",
            "role:dw/analyst",
            EdgeKind.MEMBER_OF,
            "Role dw/ann has the rights of role dw/analyst",
        ),
        ("purpose:credit_decision", "dataset:a.x", EdgeKind.ALLOWS, "a.x is used for credit decision"),
    ],
)
def test_every_kind_of_edge_has_its_sentence(source: str, target: str, kind: EdgeKind, expected: str) -> None:
    edge = Edge(Entity.parse(source), Entity.parse(target), kind, KnownBy.OBSERVED, "events")
    assert sentence(edge) == f"{expected} (observed in events)."


def test_an_edge_without_evidence_says_so_and_long_sql_is_cut() -> None:
    edge = Edge(
        Entity.column("a.x", "c"), Entity.column("a.y", "d"), EdgeKind.FEEDS, transformation="x +\n" * 200
    )
    told = sentence(edge)
    assert told.endswith("... (no evidence is recorded).")
    assert len(told) < 300
    assert "\n" not in told


def test_every_kind_of_edge_can_be_told() -> None:
    for kind in EdgeKind:
        assert sentence(Edge(Entity.dataset("a.x"), Entity.dataset("a.y"), kind, evidence="f:1"))


def test_a_lawyer_reads_who_answers_who_supplies_which_job_and_for_how_many_there_is_a_basis() -> None:
    built = build(a_project(), [a_version(version="7", snapshot="lending.training_set")])
    consent = a_breach("incomes", "consent", sentence="Of 400 people 99.2 % have a basis.")
    told = tell(
        built.graph,
        Entity.version("mortgage_approval", "7"),
        nodes=built.nodes,
        measured=[consent, a_breach("incomes", "drift", "income")],
    )
    sentences = [one.sentence for one in told]
    registry = "registry/mortgage_approval.yaml"
    expected = [
        f"Version 7 of model mortgage_approval is trained on lending.training_set (found in {registry}).",
        (
            "Column debt_ratio of lending.training_set is computed from column debt_ratio of "
            "lending.features (declared in datasets/training_set.odcs.yaml:10)."
        ),
        "lending.features is made by job build_features (declared in datasets/features.odcs.yaml:3).",
        (
            "Column debt_ratio of lending.features is computed from column income of lending.incomes "
            "as: i.debts / i.income (found in datasets/features.odcs.yaml:11)."
        ),
        "ada answers for lending.incomes (declared in datasets/incomes.odcs.yaml:3).",
        "Of 400 people 99.2 % have a basis (measured on the night of 2026-03-04).",
        (
            "lending.bureau_scores is supplied by vendor bureau "
            "(declared in datasets/bureau_scores.odcs.yaml:3)."
        ),
    ]
    assert [one for one in expected if one not in sentences] == []
    assert not any("drift" in one for one in sentences)
    assert all(one.evidence and one.evidence in one.sentence for one in told)
    assert len(set(sentences)) == len(sentences)
