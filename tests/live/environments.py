"""An environment for a tool that cannot stand beside this project, made by uv for one run of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

INSTALL_SECONDS = 600


class CannotInstall(Exception):
    """The tool cannot be installed on this machine; the message says why."""


def environment_with(requirement: str, folder: Path) -> Path:
    """The ``bin`` folder of a new environment that has ``requirement``, and nothing of ours.

    Raises:
        CannotInstall: there is no uv, or no index that has the package.
    """
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is None:
        raise CannotInstall(f"{requirement} needs uv to be installed")
    environment = folder / requirement.partition("=")[0]
    for words in (
        ["venv", "--quiet", "--python", sys.executable, str(environment)],
        ["pip", "install", "--quiet", "--python", str(environment / "bin" / "python"), requirement],
    ):
        try:
            done = subprocess.run(
                [uv, *words],
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                env=outside(),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise CannotInstall(f"{requirement} was not installed in {INSTALL_SECONDS} seconds") from error
        if done.returncode:
            raise CannotInstall(f"{requirement} cannot be installed: {done.stderr.strip()[-300:]}")
    return environment / "bin"


def outside() -> dict[str, str]:
    """The variables of this process without those that lead into our own environment."""
    ours = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS")
    return {name: value for name, value in os.environ.items() if name not in ours}


def run(command: list[str], folder: Path, seconds: float = 240) -> None:
    """Run one command of a tool. Fails with what it said."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=seconds, env=outside(), check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
