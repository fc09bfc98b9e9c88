"""A tracking server of MLflow on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.live.environments import outside

START_SECONDS = 120


@contextmanager
def mlflow_server(mlflow: Path, folder: Path) -> Iterator[str]:
    """Its address; its database and artefacts are kept in ``folder``.

    Args:
        mlflow: the folder of MLflow's commands.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    store, artefacts = f"sqlite:///{folder}/mlflow.db", str(folder / "artefacts")
    words = ["--backend-store-uri", store, "--artifacts-destination", artefacts, "--workers", "1"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(mlflow / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), *words],
            stdout=log,
            stderr=log,
            env=outside(),
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, process, folder / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(f"{address}/health", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.2)
    pytest.fail(f"the server of MLflow does not answer: {log.read_text()[-2000:]}")
