from __future__ import annotations

from pathlib import Path

import pytest

from governance_pipeline.charter.paths import UnfitPath, project_path


def test_relative_paths_are_inside_the_project_and_absolute_ones_stay(tmp_path: Path) -> None:
    assert project_path("data/a.csv", tmp_path) == tmp_path / "data/a.csv"
    assert project_path("./data/../b.csv", tmp_path) == tmp_path / "b.csv"
    assert project_path("data/*/[ab]?.csv", tmp_path) == tmp_path / "data/*/[ab]?.csv"
    assert project_path("/srv/data/../a.csv", tmp_path) == Path("/srv/a.csv")


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "..", "../a", "data/../../a", "./../project-twin/a", "~/a", "~root/a",
        "a\x00b", "a\nb", "a\x7fb",
        "s3://bucket/a", "https://example.org/a.csv", "file:///etc/passwd", "${HOME}/a", "data/${X}.csv",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_unseen_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnfitPath):
        project_path(text, tmp_path)


def test_a_sibling_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    root = tmp_path / "project"
    with pytest.raises(UnfitPath):
        project_path("../project2/a", root)


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "link").symlink_to(outside)
    with pytest.raises(UnfitPath, match="out of the project"):
        project_path("link/a.csv", root)
    (root / "inner").mkdir()
    (root / "inside").symlink_to(root / "inner")
    assert project_path("inside/a.csv", root) == root / "inside/a.csv"


def test_a_project_folder_that_is_itself_a_link_is_fine(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert project_path("a.csv", tmp_path / "link") == tmp_path / "link/a.csv"
