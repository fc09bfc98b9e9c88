"""Unknown origins, lost labels and purposes that do not match, on graphs small enough to see through."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from governance_pipeline.charter.contract import Column, LawfulBasis, PurposeUse
from governance_pipeline.charter.purposes import Purpose
from governance_pipeline.lineage.build import build
from governance_pipeline.lineage.gaps import Gap, GapKind, gaps
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.labels import aggregates, unlabelled
from governance_pipeline.lineage.purposes import mismatches
from governance_pipeline.testing import a_model
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node
from tests.lineage.sample import a_project, changed

MODEL = a_model(purpose="marketing", training={"snapshot": "a.snap", "purpose": "training", "label": "y"})


def column(name: str) -> Entity:
    return Entity.column(*name.split("#"))


def feeds(source: str, target: str, transformation: str = "") -> Edge:
    return Edge(
        column(source), column(target), EdgeKind.FEEDS, evidence="sql:1", transformation=transformation
    )


def tagged(name: str, *tags: str, **facts: str) -> Node:
    entity = column(name) if "#" in name else Entity.dataset(name)
    return Node(entity, "contracts", tags=tags, facts=facts)


def reached(edges: list[Edge], nodes: list[Node]) -> dict[str, str]:
    found = unlabelled(LineageGraph.of(edges, [node.entity for node in nodes]), nodes)
    return {one.column.name: f"{one.label} of {one.origin.name}" for one in found}


def test_a_label_passes_through_computations_on_rows_and_is_told_with_its_nearest_origin() -> None:
    edges = [feeds("a.x#name", "b.y#hash", "sha256(name)"), feeds("b.y#hash", "c.z#h")]
    assert reached(edges, [tagged("a.x#name", "personal")]) == {
        "b.y#hash": "personal of a.x#name",
        "c.z#h": "personal of a.x#name",
    }


def test_a_column_that_is_labelled_or_classified_is_no_gap_and_what_is_made_of_it_still_is() -> None:
    edges = [feeds("a.x#name", "b.y#h"), feeds("b.y#h", "c.z#h"), feeds("a.x#name", "b.y#k")]
    nodes = [
        tagged("a.x#name", "personal"),
        tagged("b.y#h", "personal"),
        tagged("b.y#k", "classification=public"),
    ]
    assert reached(edges, nodes) == {"c.z#h": "personal of b.y#h"}


@pytest.mark.parametrize(
    ("transformation", "facts", "passes"),
    [
        ("avg(income)", {}, False),
        ("avg(income)", {"subject": "person"}, True),
        ("sum(income) OVER (PARTITION BY person)", {}, True),
        ("DIRECT AGGREGATION, masked: sha256(x)", {}, False),
        ("DIRECT TRANSFORMATION", {}, True),
        ("income * 2", {}, True),
    ],
)
def test_an_aggregate_ends_a_label_unless_the_table_is_about_people(
    transformation: str, facts: dict[str, str], *, passes: bool
) -> None:
    edges = [feeds("a.x#income", "b.y#mean", transformation)]
    nodes = [tagged("a.x#income", "personal"), tagged("b.y", **facts)]
    assert bool(reached(edges, nodes)) is passes


def test_a_protected_attribute_is_a_label_of_its_own() -> None:
    edges = [feeds("a.x#race", "b.y#r")]
    nodes = [tagged("a.x#race", "sensitive", "personal"), tagged("b.y#r", "personal")]
    assert reached(edges, nodes) == {"b.y#r": "sensitive of a.x#race"}


@pytest.mark.parametrize(
    ("tag", "counts"), [("pii=true", True), ("PII", True), ("personal=false", False), ("web", False)]
)
def test_tags_of_other_tools_count_as_they_are_written(tag: str, *, counts: bool) -> None:
    assert bool(reached([feeds("a.x#name", "b.y#h")], [tagged("a.x#name", tag)])) is counts


def test_what_a_window_and_a_word_are() -> None:
    assert aggregates("count(*)")
    assert not aggregates("rank() OVER (ORDER BY max(x) OVER ())")
    assert not aggregates("as the (old) job did it")


def flow(*names: str) -> list[Edge]:
    nodes = map(Entity.parse, names)
    return [Edge(here, there, EdgeKind.FEEDS, evidence="e") for here, there in pairwise(nodes)]


def used(dataset: str, purpose: str, basis: str = "contract") -> Edge:
    words = f"on the basis of {basis}"
    return Edge(
        Entity.parse(f"purpose:{purpose}"), Entity.dataset(dataset), EdgeKind.ALLOWS, transformation=words
    )


def told(edges: list[Edge], purposes: dict[str, Purpose] | None = None) -> dict[str, str]:
    found = mismatches(LineageGraph.of(edges), [MODEL], purposes or {})
    return {one.dataset.name: f"{one.purpose} not {' '.join(one.allowed)}" for one in found}


SERVICE = flow("dataset:a.orders", "dataset:a.features", f"model:{MODEL.name}")


def test_data_for_service_delivery_that_reaches_a_marketing_model_is_told_with_the_way() -> None:
    found = mismatches(LineageGraph.of([*SERVICE, used("a.orders", "service_delivery")]), [MODEL], {})
    assert [(one.dataset.name, one.purpose, one.allowed) for one in found] == [
        ("a.orders", "marketing", ("service_delivery",))
    ]
    assert [str(edge.target) for edge in found[0].path] == ["dataset:a.features", f"model:{MODEL.name}"]


def test_a_consent_on_the_way_ends_it_and_a_contract_does_not() -> None:
    collected = used("a.orders", "service_delivery")
    assert told([*SERVICE, collected, used("a.features", "marketing", "consent")]) == {}
    assert "a.orders" in told([*SERVICE, collected, used("a.features", "marketing", "contract")])


def test_training_has_a_purpose_of_its_own() -> None:
    trains = Edge(Entity.dataset("a.snap"), Entity.model(MODEL.name), EdgeKind.TRAINS, evidence="e")
    assert told([trains, used("a.snap", "marketing")]) == {"a.snap": "training not marketing"}
    assert told([trains, used("a.snap", "training")]) == {}


def test_a_wider_purpose_counts_where_the_narrower_says_that_it_is_covered() -> None:
    edges = [*SERVICE, used("a.orders", "growth")]
    narrow = Purpose(title="Marketing", parent="growth")
    wide = Purpose(title="Growth")
    assert told(edges, {"marketing": narrow, "growth": wide})
    covered = narrow.model_copy(update={"covered_by_parent": True})
    assert told(edges, {"marketing": covered, "growth": wide}) == {}


def found_in(**changes: dict[str, Any]) -> tuple[Gap, ...]:
    project = a_project(changed(**changes))
    built = build(project, [])
    return gaps(built.graph, built.nodes, project.models.values(), {})


def test_a_feature_and_a_snapshot_whose_origin_is_unknown_are_told() -> None:
    assert [
        one for one in found_in() if one.kind is GapKind.UNKNOWN_ORIGIN and "approved" not in one.about.name
    ] == []
    unowned = found_in(bureau_scores={"owner": None})
    assert [str(one.about) for one in unowned if "nobody answers" in one.sentence] == [
        "column:lending.features#bureau_score",
        "column:lending.training_set#bureau_score",
        "dataset:lending.training_set",
    ]
    untold = found_in(features={"job_sql": "", "upstream": ()})
    sentences = {one.sentence for one in untold}
    assert "Column debt_ratio of lending.features comes from nothing that is known." in sentences
    assert any(
        "lending.training_set comes from lending.features, of which nothing" in one for one in sentences
    )


def test_the_label_of_an_income_is_missed_in_the_ratio_that_is_made_of_it() -> None:
    personal = [Column("subject_id"), Column("debts"), Column("income", personal=True)]
    lost = [one for one in found_in(incomes={"columns": tuple(personal)}) if one.kind is GapKind.LOST_LABEL]
    assert [one.about.name for one in lost] == [
        "lending.features#debt_ratio",
        "lending.training_set#debt_ratio",
    ]
    assert "made from column income of lending.incomes, which is personal data" in lost[0].sentence
    assert all(edge.evidence for one in lost for edge in one.path)


def test_a_purpose_is_told_in_words() -> None:
    use = (PurposeUse("service_delivery", LawfulBasis.CONTRACT, 9),)
    (gap,) = [one for one in found_in(incomes={"purposes": use}) if one.about.name == "lending.incomes"][:1]
    assert gap.kind is GapKind.PURPOSE
    assert gap.sentence.startswith("lending.incomes is used for service delivery, and reaches model ")
