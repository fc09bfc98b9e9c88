"""A server that speaks the protocol of S3, on this machine: s3rver, from npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.web.serving import free_port

_PACKAGE = "s3rver@3.7.1"
KEYS = {
    "AWS_ACCESS_KEY_ID": "S3RVER",
    "AWS_SECRET_ACCESS_KEY": "canary-of-a-secret-key",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",  # s3rver is older than the checksums of today
    "AWS_EC2_METADATA_DISABLED": "true",
}


def installed(folder: Path) -> Path:
    """The package, from npm; the test is skipped where there is none."""
    if shutil.which("npm") is None and "CI" not in os.environ:
        pytest.skip("no Node.js here, which runs the object store: apt-get install nodejs npm")
    (folder / "package.json").write_text("{}")
    words = ["npm", "install", "--no-audit", "--no-fund", "--silent", _PACKAGE]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode and "CI" not in os.environ:
        pytest.skip(f"the object store cannot be installed: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return folder / "node_modules" / "s3rver" / "bin" / "s3rver.js"


@contextmanager
def serving(program: Path, data: Path, bucket: str) -> Iterator[str]:
    """The address of a server with one empty bucket."""
    data.mkdir()
    port = free_port()
    words = ["node", str(program), "-d", str(data), "-p", str(port), "-a", "127.0.0.1"]
    process = subprocess.Popen(
        [*words, "--configure-bucket", bucket], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        while "listening" not in (line := process.stdout.readline()):
            assert line or process.poll() is None, "the object store has ended"
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()
