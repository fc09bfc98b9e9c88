"""Real dispatchers in processes of their own, to be killed: ``STORE_URL WEBHOOK_URL``.

Importing everything takes longer than a dispatcher lives here, so this process imports once and forks one
dispatcher for each ``run SECONDS_LATER`` it reads, that much later by its clock. The dispatcher says
``started PID``. On ``collect`` this process waits for its end and answers ``ended STATUS`` (negative: the
signal that killed it); until then the PID is nobody else's.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime, timedelta

from governance_pipeline.charter.playbook import AlertPolicy
from governance_pipeline.response.apprise_channel import AppriseChannel, _apprise
from governance_pipeline.response.outbox import dispatch
from governance_pipeline.response.routes import Recipient
from governance_pipeline.store.open import open_store
from governance_pipeline.testing import a_charter
from governance_pipeline.vocabulary.incident import Alert


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def deliver(store_url: str, channel: AppriseChannel, later: timedelta) -> None:
    store = open_store(store_url)
    say(f"started {os.getpid()}")
    dispatch(store, {"out": channel}, a_charter(), lambda: datetime.now(UTC) + later, AlertPolicy())
    store.close()


def main(store_url: str, webhook_url: str) -> None:
    channel = AppriseChannel("out", webhook_url, {})
    warming = Alert("warming", date(2026, 1, 1), "ada", "out", "subject", "body")
    channel._service(_apprise(), warming, Recipient("ada", "Ada Okafor"))
    open_store(store_url).close()
    say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            deliver(store_url, channel, timedelta(seconds=float(line.removeprefix("run "))))
            os._exit(0)
        assert sys.stdin.readline() == "collect\n"
        _, status = os.waitpid(child, 0)
        say(f"ended {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
