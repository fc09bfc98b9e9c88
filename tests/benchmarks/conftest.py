from __future__ import annotations

import pytest

from benchmarks.data import cache


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """What a run would keep until it ends is kept in the test's own folder."""
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    return tmp_path
