"""governance lineage ingest, and what trace says afterwards."""

from __future__ import annotations

from pathlib import Path

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import FixedClock
from governance_pipeline.vocabulary.lineage import EdgeKind
from tests.lineage.openlineage import body
from tests.tiny import morning, night


def test_events_of_a_file_join_the_graph(governance, calm: Path, tmp_path: Path):
    people = {"namespace": "file", "name": str(calm / "data" / "people")}
    crm = {"namespace": "postgres://crm:5432", "name": "crm.public.customers"}
    file = tmp_path / "events.ndjson"
    file.write_bytes(body(inputs=[crm], outputs=[people], eventTime="2020-01-01T00:00:00Z") + b"\n{}\n")
    told = governance("lineage", "ingest", file, "--project", calm, "--format", "json")
    (found,) = told.json["files"]
    assert (told.code, found["new"], found["refused"]) == (1, 1, ["line 2: $.eventTime is missing"])
    again = governance("lineage", "ingest", file, "--project", calm)
    assert "refused" in again.out
    traced = governance(
        "lineage", "impact", "source:postgres://crm:5432/crm.public.customers", "--project", calm
    )
    assert traced.code == 0
    assert "job:airflow/build.features" in traced.out
    assert "observed in OpenLineage run 0190b2a4" in " ".join(traced.out.split())


def test_a_place_that_is_not_there_is_bad_usage(governance, calm: Path):
    assert governance("lineage", "ingest", calm / "nowhere", "--project", calm).code == 2


def test_nothing_refused_is_good(governance, calm: Path, tmp_path: Path):
    (tmp_path / "one.json").write_bytes(body())
    assert governance("lineage", "ingest", tmp_path / "one.json", "--project", calm).code == 0


def test_a_nights_graph_holds_what_was_observed_until_its_end(calm: Path):
    people = {"namespace": "file", "name": str(calm / "data" / "people")}
    early = body(outputs=[people], eventTime="2020-01-01T00:00:00Z")
    late = body(outputs=[people], eventTime="2090-01-01T00:00:00Z", job={"namespace": "n", "name": "late"})
    with services(open_project(calm), clock=FixedClock(morning(1))) as opened:
        with opened.store.begin() as unit:
            unit.lineage_events.take([read_event(early), read_event(late)])
        list(run_night(opened, night(1)))
        with opened.store.begin() as unit:
            seen = {
                str(edge.source) for edge in unit.lineage.of_night(night(1)) if edge.kind is EdgeKind.WRITES
            }
    assert seen == {"job:airflow/build.features"}
