"""Which versions exist on a night, and which of them serves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from governance_pipeline.stages.discover import discover, serving_version
from governance_pipeline.testing import AS_OF, MODEL, a_small_project, a_version, register_version


def test_the_newest_version_in_production_serves():
    versions = [a_version(version="1"), a_version(version="2"), a_version(version="3", stage="candidate")]
    found = serving_version(versions)
    assert found is not None
    assert found.version == "2"


def test_before_a_first_promotion_the_newest_of_all_is_looked_at():
    versions = [a_version(version="1", stage="candidate"), a_version(version="2", stage="staging")]
    found = serving_version(versions)
    assert found is not None
    assert found.version == "2"
    assert serving_version([]) is None


def test_a_past_night_does_not_know_versions_registered_after_it(tmp_path: Path):
    project = a_small_project(tmp_path)
    register_version(tmp_path, "2", at=AS_OF)
    assert [v.version for v in discover(project, AS_OF).versions[MODEL]] == ["1"]
    assert [v.version for v in discover(project, AS_OF + timedelta(seconds=1)).versions[MODEL]] == ["1", "2"]


def test_a_registry_that_cannot_be_read_is_a_problem_and_not_the_end(tmp_path: Path):
    project = a_small_project(tmp_path)
    (tmp_path / "registry.json").write_text("[")
    found = discover(project, AS_OF)
    assert found.all_versions == ()
    assert "registry.json" in found.problems[MODEL][0]


def test_a_version_with_a_wrong_artefact_neither_serves_nor_is_seen(tmp_path: Path):
    project = a_small_project(tmp_path)
    register_version(tmp_path, "2", stage="production")
    (tmp_path / f"{MODEL}-2.bin").write_bytes(b"swapped")
    found = discover(project, AS_OF)
    serving = found.serving(MODEL)
    assert serving is not None
    assert serving.version == "1"
    assert found.problems[MODEL]
