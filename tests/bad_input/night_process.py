"""Nights in processes of their own, to be interrupted: ``PROJECT...`` on standard input, one per line.

Importing everything takes longer than a small night, so this process imports once and forks one ``governance
nightly`` for each project it reads. Its clock stands on the morning after night 2; its messages go to
``PROJECT/stderr``. It says ``started PID``; on ``collect`` this process waits for its end and answers
``ended STATUS`` (negative: the signal that killed it); until then the PID is nobody else's.
"""

from __future__ import annotations

import inspect
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from governance_pipeline import bootstrap
from governance_pipeline.cli.main import run
from governance_pipeline.testing import FixedClock
from tests.tiny import morning, night

NEEDED = ("ibis", "duckdb", "pandas", "pyarrow", "scipy.stats", "sqlalchemy", "alembic")


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def nightly(project: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    inspect.unwrap(bootstrap.services).__kwdefaults__["clock"] = FixedClock(morning(2))
    errors = os.open(project.with_suffix(".stderr"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(errors, 2)
    say(f"started {os.getpid()}")
    os.dup2(errors, 1)
    sys.argv = ["governance", "nightly", "--project", str(project), "--date", str(night(2))]
    try:
        run()
    except SystemExit as leaving:
        sys.stderr.flush()
        os._exit(int(leaving.code or 0))


def main() -> None:
    for name in NEEDED:
        import_module(name)
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            nightly(Path(line.strip()))
            os._exit(0)
        assert sys.stdin.readline() == "collect\n"
        _, status = os.waitpid(child, 0)
        say(f"ended {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
