"""The sample's nights and its gate, whole."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks import processes
from benchmarks.figure import Figure
from governance_pipeline.cli.sample import run_sample


def run(quick: bool) -> Iterator[Figure]:
    """Sixty nights (ten when quick, scaled) over twelve datasets, landing their files included; then
    the gate as a process of its own.
    """
    count = 10 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "lending"
        begun = 0.0

        def progress(_what: str, done: int, _of: int) -> None:
            nonlocal begun
            if done == 0:  # told before the history and again before night 1: the later one counts
                begun = perf_counter()

        run_sample(project, nights=count, last=None, store=None, progress=progress)
        yield Figure("60 nights of the sample", (perf_counter() - begun) * 60 / count, "s", 60)
        if not quick:
            yield Figure("governance gate, whole process", _gate(project), "s", 1.5)


def _gate(project: Path) -> float:
    code = "from governance_pipeline.cli.main import run; run()"
    command = [sys.executable, "-c", code, "gate", "mortgage_approval", "2", "--project", str(project)]
    times = []
    for _ in range(4):
        begun = perf_counter()
        subprocess.run(command, env=processes.with_bytecode(), check=False, capture_output=True)
        times.append(perf_counter() - begun)
    return min(times)
