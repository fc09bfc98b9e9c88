"""The night reads the catalogues of other tools."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.catalog import readers
from governance_pipeline.catalog.reader import Reader, Surroundings
from governance_pipeline.charter.base import FileModel
from governance_pipeline.lineage.surroundings import surroundings
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import NIGHT, a_services, a_small_project
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Node, Reading
from governance_pipeline.vocabulary.night import NightSealed, PlaceRead

MANIFEST = {
    "metadata": {},
    "nodes": {
        "model.shop.orders": {
            "resource_type": "model",
            "schema": "main",
            "name": "orders",
            "depends_on": {"nodes": ["source.shop.raw.feed"]},
        }
    },
    "sources": {"source.shop.raw.feed": {"resource_type": "source", "schema": "raw", "name": "feed"}},
}
DBT = {"dbt": {"manifest": "manifest.json"}}


def test_what_dbt_says_is_recorded_with_the_night(tmp_path: Path):
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"catalog": [DBT]}))
    (told,) = [event for event in run_night(services, NIGHT) if isinstance(event, PlaceRead)]
    assert (told.place, told.edges, told.nodes, told.error) == ("dbt:manifest.json", 1, 2, None)
    assert "no compiled code" in told.not_understood[0]
    with services.store.begin() as unit:
        by_dbt = [edge for edge in unit.lineage.of_night(NIGHT) if edge.by == "dbt:manifest.json"]
        nodes = unit.lineage.nodes_of_night(NIGHT)
    assert [(str(edge.source), str(edge.target)) for edge in by_dbt] == [
        ("source:raw.feed", "source:main.orders")
    ]
    assert [node.role for node in nodes if node.by == "dbt:manifest.json"] == ["model", "source"]


def test_a_place_that_cannot_be_read_is_told_and_keeps_what_the_night_before_knew(tmp_path: Path):
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"catalog": [DBT]}))
    list(run_night(services, NIGHT - timedelta(days=1)))
    (tmp_path / "manifest.json").write_text("{")
    events = list(run_night(services, NIGHT))
    (told,) = [event for event in events if isinstance(event, PlaceRead)]
    assert "manifest.json is no JSON file" in str(told.error)
    assert (told.edges, told.nodes) == (1, 2)
    assert isinstance(events[-1], NightSealed)
    with services.store.begin() as unit:
        assert Entity.source("main.orders") in {edge.target for edge in unit.lineage.of_night(NIGHT)}


def test_a_place_that_is_as_it_was_is_not_read_again_and_stays_in_the_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"catalog": [DBT]}))
    read: list[str] = []
    whole = readers.read_place
    monkeypatch.setattr(
        "governance_pipeline.stages.places.read_place",
        lambda place, around: read.append(place.by) or whole(place, around),
    )

    def night(number: int) -> tuple[PlaceRead, object]:
        when = NIGHT - timedelta(days=5 - number)
        (told,) = [event for event in run_night(services, when) if isinstance(event, PlaceRead)]
        with services.store.reading() as unit:
            known = [edge for edge in unit.lineage.of_night(when) if edge.by == told.place]
            return replace(told, night=NIGHT), (known, unit.lineage.nodes_of_night(when))

    first, graph = night(1)
    again, as_before = night(2)
    assert (len(read), first.unchanged, again.unchanged) == (1, False, True)
    assert replace(again, unchanged=False) == first
    assert as_before == graph
    assert night(2)[1] == graph, "the same night once more"
    (tmp_path / "manifest.json").write_text(json.dumps({**MANIFEST, "nodes": {}}))
    changed, after = night(3)
    assert (len(read), changed.unchanged, changed.edges) == (2, False, 0)
    assert after != graph
    (tmp_path / "manifest.json").unlink()
    assert night(4)[0].error is not None
    (tmp_path / "manifest.json").write_text(json.dumps({**MANIFEST, "nodes": {}}))
    assert not night(5)[0].unchanged, "the night before could not say"
    assert len(read) == 4


class Options(FileModel):
    place: str


class FakeEntry:
    """An entry point of an installed package."""

    name, value, dist = "datahub", "package:DATAHUB", None

    def __init__(self, loaded: object) -> None:
        self._loaded = loaded

    def load(self) -> object:
        return self._loaded


def _reads(options: Options, by: str, around: Surroundings) -> Reading:
    return Reading(by, nodes=(Node(Entity.source(options.place), by=by),))


def _fails(options: Options, by: str, around: Surroundings) -> Reading:
    raise ZeroDivisionError("no luck")


@pytest.mark.parametrize(
    ("loaded", "options", "nodes", "error"),
    [
        (Reader("datahub", Options, _reads), {"place": "x"}, 1, None),
        (Reader("datahub", Options, _reads), {"plaec": "x"}, 0, "options.place"),
        (Reader("datahub", Options, _fails), {"place": "x"}, 0, "ZeroDivisionError: no luck"),
        ("nothing", {"place": "x"}, 0, "is no Reader"),
    ],
)
def test_a_reader_of_another_package_costs_its_own_place_only(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    loaded: object,
    options: dict[str, str],
    nodes: int,
    error: str | None,
):
    monkeypatch.setattr(readers, "entry_points", lambda group: [FakeEntry(loaded)])
    places = [{"plugin": {"reader": "datahub", "options": options}}]
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"catalog": places}))
    events = list(run_night(services, NIGHT))
    (told,) = [event for event in events if isinstance(event, PlaceRead)]
    assert told.nodes == nodes
    assert (error is None and told.error is None) or str(error) in str(told.error)
    assert isinstance(events[-1], NightSealed)


def test_a_plugin_that_tells_its_state_is_read_once_and_anew_with_other_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read: list[str] = []

    def counted(options: Options, by: str, around: Surroundings) -> Reading:
        read.append(options.place)
        return _reads(options, by, around)

    reader = Reader("datahub", Options, counted, lambda options, around: "as ever")
    monkeypatch.setattr(readers, "entry_points", lambda group: [FakeEntry(reader)])
    store = None
    for number, place in enumerate(("x", "x", "y", "y")):
        places = [{"plugin": {"reader": "datahub", "options": {"place": place}}}]
        services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"catalog": places}))
        services = replace(services, store=store or services.store)
        store = services.store
        list(run_night(services, NIGHT - timedelta(days=4 - number)))
    assert read == ["x", "y"]


def test_what_is_remembered_of_a_place_gives_no_option_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    reader = Reader("datahub", Options, _reads, lambda options, around: options.place)
    monkeypatch.setattr(readers, "entry_points", lambda group: [FakeEntry(reader)])
    places = [{"plugin": {"reader": "datahub", "options": {"place": "hunter2"}}}]
    services = a_services(tmp_path, project=a_small_project(tmp_path, settings={"catalog": places}))
    around = surroundings(services.project, services.clock(), {})
    (place,) = services.project.settings.catalog
    assert re.fullmatch("[0-9a-f]{64}", readers.state_of(place, around))


def test_a_project_without_places_reads_none(tmp_path: Path):
    services = replace(a_services(tmp_path))
    assert not [event for event in run_night(services, NIGHT) if isinstance(event, PlaceRead)]
