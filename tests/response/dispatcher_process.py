"""Real dispatchers in processes of their own, to be killed: ``STORE_URL WEBHOOK_URL``.

Importing everything takes longer than a dispatcher lives here, so this process imports once and forks one
dispatcher for each line it reads: ``SECONDS_LATER LIMIT STEP``. Its clock stands that much later; it sends
at most LIMIT alerts, and dies of SIGKILL at the STEPth call or return of any function, Python's or C's (0:
never). A step is the same point of the program however busy the machine is. Answers ``ended STATUS STEPS``;
the status is negative where a signal killed it, and the steps then are 0.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, date, datetime, timedelta

from governance_pipeline.charter.playbook import AlertPolicy
from governance_pipeline.response.apprise_channel import AppriseChannel, _apprise
from governance_pipeline.response.outbox import dispatch
from governance_pipeline.response.routes import Recipient
from governance_pipeline.store.open import open_store
from governance_pipeline.testing import a_charter
from governance_pipeline.vocabulary.incident import Alert

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def deliver(store_url: str, channel: AppriseChannel, later: timedelta, limit: int, last_step: int) -> int:
    """Dispatch; how many steps it took."""
    store = open_store(store_url)
    steps = 0

    def step(*_: object) -> None:
        nonlocal steps
        steps += 1
        if steps == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(step)
    try:
        dispatch(store, {"out": channel}, a_charter(), lambda: NOON + later, AlertPolicy(), limit=limit)
    finally:
        sys.setprofile(None)
    store.close()
    return steps


def main(store_url: str, webhook_url: str) -> None:
    channel = AppriseChannel("out", webhook_url, {})
    warming = Alert("warming", date(2026, 1, 1), "ada", "out", "subject", "body")
    channel._service(_apprise(), warming, Recipient("ada", "Ada Okafor"))
    open_store(store_url).close()
    say("ready")
    for line in sys.stdin:
        later, limit, last_step = map(int, line.split())
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            steps = deliver(store_url, channel, timedelta(seconds=later), limit, last_step)
            os.write(writing, str(steps).encode())
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as told:
            say(f"ended {os.waitstatus_to_exitcode(status)} {told.read() or 0}")


if __name__ == "__main__":
    main(*sys.argv[1:])
