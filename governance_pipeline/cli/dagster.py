"""Start the Dagster UI over a project, as a process of its own: only ``assets/`` knows Dagster."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

from governance_pipeline.errors import CannotEvaluate, NotFound, UsageError

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.2
_QUIET = "ignore:Function `dev_command` is superseded"  # true, and nothing our users can act on


def serve(root: Path, *, host: str, port: int, ready: Callable[[], None]) -> int:
    """Run ``dagster dev`` for the project at ``root`` until it is stopped; its exit code.

    Dagster's own state lives in ``<root>/.dagster`` unless DAGSTER_HOME names another folder. Nights that
    ran outside Dagster are shown in it first.

    Args:
        ready: called once, when the page can be opened.

    Raises:
        UsageError: the port is taken.
        NotFound: the Dagster code location is not installed.
        CannotEvaluate: the earlier nights cannot be read.
    """
    _require_free(host, port)
    folder = _code_location()
    environ = _environment(root, folder)
    environ["PYTHONWARNINGS"] = ",".join(filter(None, [environ.get("PYTHONWARNINGS"), _QUIET]))
    mirrored = subprocess.run([sys.executable, "-m", "assets.history"], env=environ, check=False)
    if mirrored.returncode != 0:
        raise CannotEvaluate(
            "the project's earlier nights cannot be shown in Dagster; the reason is above",
            hint="mend it, or try `governance validate` and `governance store upgrade`",
        )
    where = ["--host", host, "--port", str(port)]
    quiet = ["--log-level", "warning", "--code-server-log-level", "warning"]
    command = [sys.executable, "-m", "dagster", "dev", *_load_from(folder), *where, *quiet]
    with _running(command, environ) as process:
        while process.poll() is None and not _answers(host, port):
            time.sleep(POLL_SECONDS)
        if process.poll() is None:
            ready()
        return process.wait()


@contextmanager
def _running(command: list[str], environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``command``; what asks us to stop is handed on to it, and at a second time ends it.

    It gets a session of its own, so that Ctrl-C in a terminal reaches Dagster once, through us: it then
    stops its own processes in order. Whatever is left of the session is ended. The handlers are there
    before it starts, for a process started with interrupts ignored (``&`` in a script) ignores them too.
    """
    asked: list[int] = []
    started: list[subprocess.Popen[bytes]] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        for process in started:
            if len(asked) == 1:
                process.send_signal(signal.SIGINT)
            else:
                _end_session(process.pid)

    before = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        process = subprocess.Popen(command, env=environ, start_new_session=True)
        started.append(process)
        if asked:
            process.send_signal(signal.SIGINT)
        yield process
    finally:
        for process in started:
            _end_session(process.pid)
            process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_session(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def _require_free(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                hint="stop what is there, or name another port with `--port`",
            ) from error


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _environment(root: Path, folder: Path) -> dict[str, str]:
    """The environment in which Dagster finds the project, and a home for its state."""
    environ = {**os.environ, "GOVERNANCE_PROJECT": str(root)}
    if not environ.get("DAGSTER_HOME"):  # set to nothing is not set, as Dagster itself has it
        home = root / ".dagster"
        home.mkdir(exist_ok=True)
        environ["DAGSTER_HOME"] = str(home)
        if not (home / "dagster.yaml").exists():
            shutil.copyfile(_first(folder / "dagster.yaml", _IN_CLONE_SETTINGS), home / "dagster.yaml")
    return environ


_IN_CLONE_SETTINGS = Path("deploy", "dagster", "sqlite", "dagster.yaml")


def _first(installed: Path, in_clone: Path) -> Path:
    """A file that lies in the package where it is installed, and elsewhere in a clone."""
    return installed if installed.exists() else installed.parent.parent / in_clone


def _code_location() -> Path:
    """The folder of ``assets``."""
    spec = find_spec("assets")
    if spec is None or spec.origin is None:
        raise NotFound("the Dagster code location is not installed", hint="run from a clone, or reinstall")
    return Path(spec.origin).parent


def _load_from(folder: Path) -> list[str]:
    """The workspace file beside ``assets/`` in a clone, or the module where it is installed."""
    workspace = folder.parent / "workspace.yaml"
    return ["-w", str(workspace)] if workspace.exists() else ["-m", "assets.definitions"]
