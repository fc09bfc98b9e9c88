"""governance serve refuses to listen to everybody without a key."""

from __future__ import annotations

import socket
from pathlib import Path


def test_beyond_this_machine_a_key_is_needed(governance, calm: Path):
    told = governance("serve", "--host", "0.0.0.0", "--project", calm)
    assert (told.code, "without an API key" in told.err) == (2, True)


def test_an_empty_key_is_none(governance, calm: Path, monkeypatch):
    monkeypatch.setenv("LINEAGE_KEY", "")
    settings = calm / "governance.yaml"
    settings.write_text(settings.read_text() + "\nreceiver:\n  api_key: ${LINEAGE_KEY}\n")
    assert governance("serve", "--project", calm).code == 2


def test_an_address_that_is_taken_is_named(governance, calm: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = governance("serve", "--port", port, "--project", calm)
    assert told.code == 2
    assert f"nobody can listen on 127.0.0.1 port {port}" in told.err
