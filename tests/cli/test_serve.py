"""governance serve refuses to listen to everybody without a key."""

from __future__ import annotations

from pathlib import Path


def test_beyond_this_machine_a_key_is_needed(governance, calm: Path):
    told = governance("serve", "--host", "0.0.0.0", "--project", calm)
    assert (told.code, "without an API key" in told.err) == (2, True)


def test_an_empty_key_is_none(governance, calm: Path, monkeypatch):
    monkeypatch.setenv("LINEAGE_KEY", "")
    settings = calm / "governance.yaml"
    settings.write_text(settings.read_text() + "\nreceiver:\n  api_key: ${LINEAGE_KEY}\n")
    assert governance("serve", "--project", calm).code == 2
