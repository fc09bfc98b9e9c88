"""Runs part of a benchmark as a process of its own, and learns its time and the most memory it held."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

_STATUS = Path("/proc/self/status")
_KIBIBYTE = 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """A finished process.

    Attributes:
        seconds: of the whole process; ``cpu`` of all its threads.
        memory: bytes, the most it held at once.
        told: what it had to say by :func:`tell`.
    """

    seconds: float
    cpu: float
    memory: int
    told: Mapping[str, Any]


def run(module: str, *arguments: str) -> Ran:
    """``python -m module arguments``; the module ends with :func:`tell`.

    Raises:
        RuntimeError: it failed, with the last line of what it complained about.
    """
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    begun = perf_counter()
    done = subprocess.run(command, env=with_bytecode(), capture_output=True, text=True)
    seconds = perf_counter() - begun
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RuntimeError(f"{module} ended with code {done.returncode}: {last}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    return Ran(seconds, float(told.pop("cpu_whole")), int(told.pop("memory")), told)


def with_bytecode() -> dict[str, str]:
    """The environment of a user, whose interpreter keeps what it has compiled: compiling evidently and all
    it needs anew takes seconds.
    """
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def tell(**told: Any) -> None:
    """The last line of a process: its findings, its CPU time and the most memory it held."""
    print(json.dumps({**told, "cpu_whole": process_time(), "memory": peak_memory()}))


def peak_memory() -> int:
    """Bytes that this process held at most.

    On Linux ``ru_maxrss`` also counts what the parent held before the process began its own program;
    the kernel's high-water mark of the address space does not.
    """
    if _STATUS.exists():
        for line in _STATUS.read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * _KIBIBYTE
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * _KIBIBYTE
