from __future__ import annotations

import csv
import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import services
from governance_pipeline.charter.contract import Location
from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.playbook import Indicators
from governance_pipeline.charter.scaffold import create_project, last_due
from governance_pipeline.errors import Refused, UsageError
from governance_pipeline.nightly import last_due_night
from governance_pipeline.testing import FixedClock

START = date(2026, 3, 31)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    create_project(tmp_path / "new", "first-steps", START)
    return tmp_path / "new"


def test_a_new_project_is_valid_as_it_stands(root: Path) -> None:
    project = load_project(root)
    assert project.settings.name == "first-steps"
    assert project.settings.schedule.start == START
    assert list(project.contracts) == ["example.readings"]
    assert project.contracts["example.readings"].location == Location("csv", str(root / "data/readings.csv"))
    assert project.contracts["example.readings"].owner == "sam"


def test_it_answers_for_every_indicator_that_needs_nothing_of_a_model_and_names_reviewers_for_every_tier(
    root: Path,
) -> None:
    playbook = load_project(root).playbook
    needed = [name for name, field in Indicators.model_fields.items() if field.is_required()]
    assert all(playbook.policy(name) is not None for name in needed)
    text = (root / "playbook" / "playbook.yaml").read_text(encoding="utf-8")
    offered = [name for name in Indicators.model_fields if name not in needed]
    assert [name for name in offered if f"  # {name}: #" not in text] == []
    assert set(playbook.reviews.by_tier) == set(TIERS)


def test_it_has_questionnaires_and_those_of_data_protection_and_harm_hold_up_what_is_risky(
    root: Path,
) -> None:
    found = load_project(root).assessments
    assert set(found) == {"bias", "consent_model", "data_protection", "rights_and_harm", "vendor"}
    holding = {name for name, one in found.items() if {"high", "critical"} <= set(one.tiers)}
    assert holding == {"data_protection", "rights_and_harm"}


def test_its_data_keeps_the_contract_on_the_first_night(root: Path) -> None:
    contract = load_project(root).contracts["example.readings"]
    with (root / "data/readings.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [column.name for column in contract.columns]
    assert len({row["reading_id"] for row in rows}) == len(rows)
    assert {row["meter"] for row in rows} == {"north", "south"}
    assert all(0 <= float(row["value"]) <= 1000 for row in rows)
    days = {datetime.fromisoformat(row["read_at"]).date() for row in rows}
    assert days == {START - timedelta(days=1), START}


def test_it_returns_what_it_wrote_and_leaves_no_placeholder(tmp_path: Path) -> None:
    written = create_project(tmp_path / "new", "x", START)
    assert written == sorted(path for path in (tmp_path / "new").rglob("*") if path.is_file())
    text = "".join(path.read_text(encoding="utf-8") for path in written)
    assert not re.findall(r"@[A-Z]+@", text)


def test_every_file_points_the_editor_to_a_schema_that_is_there(root: Path) -> None:
    for path in (*root.rglob("*.yaml"), *root.rglob("*.yaml.txt")):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        prefix, _, target = first.partition("$schema=")
        assert prefix == "# yaml-language-server: "
        schema = json.loads((path.parent / target).read_text(encoding="utf-8"))
        assert schema["$schema"].startswith("https://json-schema.org/")


def test_what_the_night_writes_is_kept_out_of_version_control(root: Path) -> None:
    assert ".governance/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_the_first_night_to_cover_is_the_one_that_the_first_run_takes(tmp_path: Path, hour: int) -> None:
    """Between midnight and the schedule's hour, too: the day that has just ended is not due yet."""
    now = datetime(2026, 11, 26, hour, tzinfo=UTC)
    create_project(tmp_path / "new", "x", last_due(now))
    with services(load_project(tmp_path / "new"), clock=FixedClock(now)) as opened:
        assert last_due_night(opened) == opened.project.settings.schedule.start


def test_a_project_without_a_named_start_begins_with_the_last_night_due(tmp_path: Path) -> None:
    before = last_due(datetime.now(UTC))
    create_project(tmp_path / "new", "x")
    assert before <= load_project(tmp_path / "new").settings.schedule.start <= last_due(datetime.now(UTC))


def test_an_empty_folder_is_used_and_a_full_one_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    create_project(tmp_path / "empty", "x", START)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(Refused, match="not an empty folder"):
        create_project(full, "x", START)
    assert [path.name for path in full.iterdir()] == ["mine.txt"]
    with pytest.raises(Refused):
        create_project(full / "mine.txt", "x", START)


@pytest.mark.parametrize("name", ["", "My Project", "1x", "x" * 64, "a: b", "../x", "@START@"])
def test_a_name_that_does_not_fit_is_refused_before_anything_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        create_project(tmp_path / "new", name, START)
    assert not (tmp_path / "new").exists()


def test_the_commented_model_becomes_valid_when_uncommented(root: Path) -> None:
    """The example is only worth something if it fits the file format it explains."""
    from governance_pipeline.charter.model import ModelSpec
    from governance_pipeline.charter.model_errors import validate
    from governance_pipeline.charter.yaml_source import parse_yaml

    lines = (root / "models/example_model.yaml.txt").read_text(encoding="utf-8").splitlines()
    begin = lines.index("# name: your_model") if "# name: your_model" in lines else 0
    text = "\n".join(line.removeprefix("# ").removeprefix("#") for line in lines[begin:])
    document = parse_yaml(text, "f")
    assert begin
    assert validate(ModelSpec, document.data, document)[1] == []
