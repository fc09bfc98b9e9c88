"""``governance demo --store``: the sample keeps its nights where it was told to, and finds them there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from governance_pipeline.store.open import open_store

pytestmark = [pytest.mark.postgres]


def governance(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "governance_pipeline", *map(str, words)]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def test_the_sample_on_an_empty_postgres_is_set_up_and_its_other_verbs_find_its_nights(
    postgres_url: str, tmp_path: Path
):
    root = tmp_path / "lender"
    demo = ("--nights", "1", "--last-night", "2026-03-02", "--store", "${SAMPLE_STORE}")
    made = governance("demo", root, *demo, SAMPLE_STORE=postgres_url)
    assert made.returncode == 0, made.stderr
    shown = governance("status", "-p", root, SAMPLE_STORE=postgres_url)
    assert shown.returncode == 0, shown.stderr
    assert not (root / ".governance" / "store.db").exists()
    assert postgres_url not in (root / "governance.yaml").read_text()
    store = open_store(postgres_url)
    with store.begin() as unit:
        latest = unit.nights.latest()
    store.close()
    assert latest is not None
    assert f"{latest.night.day} {latest.night:%B %Y}" in shown.stdout

    again = governance("demo", tmp_path / "second", *demo, SAMPLE_STORE=postgres_url)
    assert again.returncode == 2
    assert "already holds nights" in again.stderr
    assert "name an empty database" in again.stderr
