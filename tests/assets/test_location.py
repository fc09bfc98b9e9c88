"""Which project the code location shows, from wherever it is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager

import dagster as dg
import pytest

from assets import location
from assets.location import build_definitions
from assets.resources import GovernanceResource
from governance_pipeline.charter.scaffold import create_project
from governance_pipeline.errors import NotFound, StoreUnavailable, UsageError
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import AS_OF, NIGHT, a_model, a_services, a_small_project
from tests.assets.support import CLONE, TEMPLATE, definitions, given
from tests.catalog.feast_registries import a_registry, a_service, a_source, a_view


def test_without_a_project_the_samples_template_is_shown_and_it_says_so(monkeypatch, tmp_path, caplog):
    monkeypatch.delenv("GOVERNANCE_PROJECT", raising=False)
    monkeypatch.setattr(location, "_CLONE", tmp_path)
    monkeypatch.setattr(location, "sample_template", lambda: TEMPLATE)
    defs = location.definitions()
    assert "showing the sample's template" in caplog.text
    assert not list(defs.schedules or ())
    assert not list(defs.sensors or ())


def test_nothing_is_ever_written_to_the_template():
    with (
        pytest.raises(UsageError, match="template"),
        GovernanceResource(project=str(TEMPLATE), template=True).open(),
    ):
        pass
    assert not (TEMPLATE / ".governance").exists()


def test_a_project_that_is_not_there_is_an_error_and_not_a_template(monkeypatch, tmp_path):
    monkeypatch.setenv("GOVERNANCE_PROJECT", str(tmp_path / "gone"))
    with pytest.raises(NotFound, match="GOVERNANCE_PROJECT"):
        location.definitions()
    with pytest.raises(NotFound, match="gone"):
        location.project_folder()


def test_the_resource_opens_and_closes_a_project(tmp_path):
    create_project(tmp_path / "meters", "meters", NIGHT)
    with GovernanceResource(project=str(tmp_path / "meters")).open() as services:
        assert list(services.project.contracts) == ["example.readings"]


@pytest.mark.parametrize("folder", ["clone", "elsewhere"])
def test_the_workspace_file_validates_from_any_folder_of_a_fresh_clone(tmp_path, folder):
    environ = {k: v for k, v in os.environ.items() if k not in ("GOVERNANCE_PROJECT", "DAGSTER_HOME")}
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", str(CLONE / "workspace.yaml")],
        cwd=CLONE if folder == "clone" else tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "All code locations passed validation" in done.stderr + done.stdout


def test_loading_the_definitions_loads_none_of_the_heavy_libraries(tmp_path):
    """Each of Dagster's processes pays for what the code location imports."""
    code = (
        "import sys, assets.location; "
        "heavy = ('evidently', 'fairlearn', 'scipy', 'pandera', 'plotly', 'ibis', 'pandas', 'duckdb'); "
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CLONE)
    assert done.stdout.strip() == "[]"


def test_the_small_project_loads(tmp_path):
    services = a_services(tmp_path, project=a_small_project(tmp_path))
    defs = location.build_definitions(services.project, governance=given(services))
    assert defs.resolve_job_def("nightly").name == "nightly"


def test_the_location_shows_the_graph_that_nights_and_events_know(tmp_path):
    registry = a_registry()
    a_view(registry, "v#1", source=a_source(file_options={"uri": "s3://bucket//a.b/../x?y=1"}))
    a_service(registry, views={"v#1": ["ratio"]})
    (tmp_path / "registry.db").write_bytes(registry.SerializeToString())
    model = a_model().model_copy(update={"feature_service": "lending/approval"})
    settings = {"catalog": [{"feast": {"registry": "registry.db"}}]}
    services = a_services(
        tmp_path, project=a_small_project(tmp_path, settings=settings, models={model.name: model})
    )
    list(run_night(services, NIGHT))
    defs = definitions(services)
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    service = dg.AssetKey(["feature_store", "lending", "approval"])
    view = dg.AssetKey(["feature_store", "lending", "v%231"])
    assert service in graph.get(dg.AssetKey(["models", model.name])).parent_keys
    assert view in graph.get(service).parent_keys
    (source,) = graph.get(view).parent_keys
    assert source.path[:2] == ["s3:", "bucket"]


def test_a_store_that_does_not_answer_costs_what_it_knows_and_not_the_location(tmp_path, caplog):
    class Gone(GovernanceResource):
        @contextmanager
        def open(self):
            raise StoreUnavailable("no answer", hint="start it")
            yield

    defs = build_definitions(a_small_project(tmp_path), now=AS_OF, governance=Gone(project=str(tmp_path)))
    assert "the lineage is that of the files only: no answer" in caplog.text
    assert defs.resolve_asset_graph().get(dg.AssetKey(["models", "mortgage_approval"]))
