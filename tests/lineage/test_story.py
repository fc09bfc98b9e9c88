from __future__ import annotations

import pytest

from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.story import sentence, story
from governance_pipeline.testing import a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, KnownBy
from tests.lineage.sample import a_project


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
