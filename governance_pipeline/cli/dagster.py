"""Start the Dagster UI over a project, as a process of its own: only ``assets/`` knows Dagster."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from governance_pipeline.errors import NotFound


def serve(root: Path, *, host: str, port: int) -> int:
    """Run ``dagster dev`` for the project at ``root`` until it is stopped; its exit code.

    Dagster's own state lives in ``<root>/.dagster``; nights that ran outside Dagster are shown first.
    """
    environ = dagster_environment(root)
    subprocess.run([sys.executable, "-m", "assets.history"], env=environ, check=True)
    arguments = [sys.executable, "-m", "dagster", "dev", *_location(), "--host", host, "--port", str(port)]
    try:
        return subprocess.run(arguments, env=environ, check=False).returncode
    except KeyboardInterrupt:
        return 0


def dagster_environment(root: Path) -> dict[str, str]:
    """The environment in which Dagster finds the project and a home for its state."""
    home = root / ".dagster"
    home.mkdir(exist_ok=True)
    configuration = home / "dagster.yaml"
    if not configuration.exists():
        configuration.write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    return {
        **os.environ,
        "DAGSTER_HOME": os.environ.get("DAGSTER_HOME", str(home)),
        "GOVERNANCE_PROJECT": str(root),
    }


def _location() -> list[str]:
    """The code location: workspace.yaml beside ``assets/``, or the file itself where installed."""
    spec = find_spec("assets")
    if spec is None or spec.origin is None:
        raise NotFound("the Dagster code location is not installed", hint="run from a clone, or reinstall")
    folder = Path(spec.origin).parent
    workspace = folder.parent / "workspace.yaml"
    return ["-w", str(workspace)] if workspace.exists() else ["-f", str(folder / "definitions.py")]
