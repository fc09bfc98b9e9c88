"""A register of erasures in governance.yaml reaches the night, the alert and the checks of the files."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from governance_pipeline.bootstrap import open_project
from governance_pipeline.charter.diagnostics import ProjectFilesInvalid
from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import AlertQueued, IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests import tiny

CONTRACT = (
    tiny._HEAD.format(table="erasures", owner="privacy-office", kind="source")
    + """\
    properties:
      - {name: subject_id, logicalType: string, required: true}
      - {name: recorded_at, logicalType: timestamp, required: true}
"""
)


def with_register(root: Path, erased: list[str], *, nights_ago: int) -> Path:
    tiny.tiny_project(root)
    (root / "datasets" / "erasures.odcs.yaml").write_text(CONTRACT)
    lines = "erasures: {dataset: shop.erasures, erased_at: recorded_at, within_days: 3}\n"
    settings = root / "governance.yaml"
    settings.write_text(settings.read_text() + lines)
    at = tiny.morning(1) - timedelta(days=nights_ago)
    tiny.write(root, "erasures", "all", subject_id=erased, recorded_at=[at] * len(erased))
    return root


def night(root: Path) -> tuple[dict[str, Measurement], list[str]]:
    with tiny.opened(root) as services:
        events = list(run_night(services, tiny.night(1)))
    found = [event.measurement for event in events if isinstance(event, IndicatorMeasured)]
    told = [event.alert.body for event in events if isinstance(event, AlertQueued)]
    return {m.entity.name: m for m in found if m.facet == "erased people"}, told


def test_somebody_who_was_erased_and_is_still_there_is_a_breach_whose_owner_is_told(tmp_path: Path):
    tiny.tiny_project(tmp_path / "shop")
    root = with_register(tmp_path / "other", [f"P01{n:04}" for n in range(20)], nights_ago=4)
    early = tiny.morning(1) - timedelta(days=5)
    tiny.write(root, "people", "early", subject_id=[f"P01{n:04}" for n in range(12)],
               recorded_at=[early] * 12, income=[1.0] * 12, race=["white"] * 12)  # fmt: skip
    found, told = night(root)
    assert found["shop.people"].outcome is Outcome.FAIL
    assert found["shop.people"].details == {"people": 12, "records": 12}
    assert found["shop.features"].outcome is Outcome.PASS
    assert "shop.consents" not in found
    assert "shop.erasures" not in found
    assert any("12 people who were erased are still in shop.people" in body for body in told)


def test_nothing_is_said_before_its_days_are_over(tmp_path: Path):
    root = with_register(tmp_path / "shop", [f"P01{n:04}" for n in range(20)], nights_ago=0)
    found, _ = night(root)
    assert {one.outcome for one in found.values()} == {Outcome.PASS}


def test_a_register_that_no_contract_describes_is_a_mistake_with_its_line(tmp_path: Path):
    root = with_register(tmp_path / "shop", ["P010001"], nights_ago=4)
    tiny.change(root, "governance.yaml", "erased_at: recorded_at", "erased_at: gone_at")
    with pytest.raises(ProjectFilesInvalid, match="gone_at"):
        open_project(root)
    tiny.change(root, "governance.yaml", "dataset: shop.erasures", "dataset: shop.erasure")
    with pytest.raises(ProjectFilesInvalid, match="register of erasures"):
        open_project(root)
