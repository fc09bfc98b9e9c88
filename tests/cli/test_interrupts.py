"""Ctrl-C where Python or a library would print a traceback, or forget it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from governance_pipeline.cli.interrupts import heard
from governance_pipeline.store.sql import SqlStore


@pytest.fixture(autouse=True)
def _not_ignored() -> Iterator[None]:
    """Who is started in the background of a shell has been told to ignore interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Last:
    """Calls something when it is finalised."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def __del__(self) -> None:
        self._act()


def interrupt() -> None:
    raise KeyboardInterrupt


def fail() -> None:
    raise LookupError


def finalised(act: Callable[[], None]) -> None:
    """Have something called in a finaliser, and go on for a second."""
    last = Last(act)
    with heard():
        del last
        time.sleep(1)


def test_an_interrupt_in_a_finaliser_is_raised_a_moment_later(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        finalised(interrupt)
    assert capfd.readouterr() == ("", "")


def test_what_else_goes_wrong_in_a_finaliser_is_told_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: told.append(unraisable.exc_type))
    before = sys.unraisablehook
    finalised(fail)
    assert told == [LookupError]
    assert sys.unraisablehook is before


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError])
def test_an_interrupt_while_a_connection_is_given_back_is_passed_on_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: type[BaseException]
) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/store.db")
    store.open()

    @event.listens_for(store.engine, "reset")
    def reset(*_: object) -> None:
        raise fault

    def work() -> None:
        with store.begin() as unit:
            unit.nights.latest()

    with caplog.at_level(logging.DEBUG, logger="sqlalchemy.pool"):
        if fault is KeyboardInterrupt:
            with pytest.raises(KeyboardInterrupt):
                work()
        else:
            work()
    store.close()
    told = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(told) == (fault is not KeyboardInterrupt)


_SLOW_END = """
import atexit, sys, time
from governance_pipeline import __main__
def last():
    print("ending", flush=True)
    time.sleep(60)
atexit.register(last)
sys.argv = ["governance", "--version"]
__main__.start()
"""


def test_an_interrupt_while_python_takes_itself_down_is_quiet() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SLOW_END], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("governance-pipeline")
        assert process.stdout.readline() == "ending\n"
        os.kill(process.pid, signal.SIGINT)
        _, said = process.communicate()
    assert (process.returncode, said) == (-signal.SIGINT, "")
