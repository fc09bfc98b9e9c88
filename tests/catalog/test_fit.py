"""What a reader brings is fit to be kept, whatever other tools call their things."""

from __future__ import annotations

from pathlib import Path

from governance_pipeline.catalog.fit import fit
from governance_pipeline.nightly import run_night
from governance_pipeline.stages.places import recorded_places
from governance_pipeline.testing import NIGHT, a_services, a_small_project
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node, Reading
from governance_pipeline.vocabulary.night import PlaceRead
from tests.catalog.feast_registries import FLOAT, a_registry, a_view

HOSTILE = Entity.source("a\x00b\ud800c")


def test_nul_characters_and_half_surrogates_are_replaced():
    node = Node(HOSTILE, "by", "e\x00", "r\x00", "d\ud800", ("o\x00",), ("t\x00",), facts={"n\x00": "v\x00"})
    edge = Edge(HOSTILE, Entity.source("b"), EdgeKind.FEEDS, evidence="e\x00", transformation="t\ud800")
    found = fit(Reading("by", (edge,), (node,), ("why\x00",)))
    assert "\x00" not in str(found)
    assert "\ud800" not in str(found)
    assert found.edges[0].source == found.nodes[0].entity
    assert found.nodes[0].entity.name.startswith("a\N{REPLACEMENT CHARACTER}b")


def test_names_that_are_empty_or_too_long_are_left_out_with_their_edges_and_told():
    long, short, nameless = Entity.source("é" * 1000), Entity.source("b"), Entity(EntityKind.PERSON, "")
    edges = (Edge(long, short, EdgeKind.FEEDS), Edge(nameless, short, EdgeKind.OWNS))
    found = fit(Reading("by", edges, (Node(long, "by"), Node(short, "by"))))
    assert found.edges == ()
    assert [node.entity for node in found.nodes] == [short]
    assert [why.rpartition(": ")[2] for why in found.not_understood] == [
        "its name is too long",
        "it has no name",
    ]


def test_texts_that_nobody_reads_to_the_end_are_cut():
    found = fit(Reading("by", nodes=(Node(Entity.source("a"), "by", description="x" * 100_000),)))
    assert len(found.nodes[0].description) < 30_000


def test_what_is_fit_stays_as_it_is():
    edge = Edge(Entity.source("ä"), Entity.source("b"), EdgeKind.FEEDS, evidence="e")
    reading = Reading("by", (edge,), (Node(Entity.source("ä"), "by", owners=("Zoë",)),), ("why",))
    assert fit(reading) == reading


def test_a_night_over_a_registry_with_hostile_names_is_recorded(tmp_path: Path):
    registry = a_registry()
    a_view(registry, "a\x00b#c/" + "'; drop table x --", features={"é" * 900: FLOAT, "ok": FLOAT, "": FLOAT})
    (tmp_path / "registry.db").write_bytes(registry.SerializeToString())
    settings = {"catalog": [{"feast": {"registry": "registry.db"}}]}
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings=settings))
    (told,) = [event for event in run_night(services, NIGHT) if isinstance(event, PlaceRead)]
    assert told.error is None
    assert any("its name is too long" in why for why in told.not_understood)
    (kept,) = recorded_places(services.store, services.project, NIGHT).readings
    assert Entity(EntityKind.FEATURE, "lending/a%00b%23c/'; drop table x --#ok") in {
        node.entity for node in kept.nodes
    }
