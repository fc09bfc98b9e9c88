"""What a command costs before it does anything: CPU seconds of whole processes."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.figure import Figure

REPEATS = 5


def run(_quick: bool) -> Iterator[Figure]:
    """``governance --help``, with byte code in place as on a user's machine."""
    yield Figure("governance --help, CPU", _cpu("--help"), "s", 0.6)


def _cpu(*arguments: str) -> float:
    """The least CPU time of several runs: what the command needs when nothing is in its way."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", "from governance_pipeline.cli.main import run; run()", *arguments]
    return min(_once(command, environ) for _ in range(REPEATS))


def _once(command: list[str], environ: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environ, check=False, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
