"""The time a scan may take: a statement past it is interrupted, and one that cannot be is left behind.

An interrupt reaches a statement that computes. It does not reach one that waits for a disk or a pipe that
never answers; that one is left to itself in a thread that ends with the process, so that the night goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic
from typing import Any, TypeVar

from governance_pipeline.errors import ScanTimedOut

_RETRY_SECONDS = 0.05
_LOOK_SECONDS = 1.0  # how often it is looked whether the limit has changed
GRACE_SECONDS = 10.0
"""How long an interrupted statement may take to end."""

T = TypeVar("T")


@dataclass(slots=True)
class Limit:
    """One scan's time.

    Attributes:
        passed: the time is over.
    """

    seconds: float
    dataset: str
    passed: bool = False
    _begun: float = field(default_factory=monotonic)
    _waited: float = 0.0
    _waiting_since: float | None = None

    def left(self) -> float:
        """Seconds that are left. Time spent waiting for other scans is not counted, up to as much again."""
        now = monotonic()
        waited = self._waited + (0.0 if self._waiting_since is None else now - self._waiting_since)
        return self.seconds + min(waited, self.seconds) - (now - self._begun)

    def is_over(self) -> bool:
        """Whether the time has passed by now."""
        self.passed = self.passed or self.left() <= 0
        return self.passed

    @contextmanager
    def watching(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Inside, ``interrupt`` is called again and again once the time is over: one that comes between
        two statements is lost.
        """
        done = Event()
        watcher = Thread(
            target=self._watch, args=(done, interrupt), name=f"limit-{self.dataset}", daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()  # no late interrupt may hit the connection's next user

    def _watch(self, done: Event, interrupt: Callable[[], None]) -> None:
        wait = min(self.left(), _LOOK_SECONDS)
        while not done.wait(wait):
            wait = _RETRY_SECONDS if self.is_over() else min(self.left(), _LOOK_SECONDS)
            if self.passed:
                with suppress(Exception):  # the statement may just have ended, or the connection gone
                    interrupt()

    @contextmanager
    def holding(self, lock: Any) -> Iterator[None]:
        """Hold a lock that another scan may hold now.

        Raises:
            ScanTimedOut: it was not let go of in time.
        """
        if self.is_over():
            raise self.error()
        self._waiting_since = begun = monotonic()
        held = lock.acquire(timeout=max(self.left(), 0.0) + self.seconds)
        self._waiting_since, self._waited = None, self._waited + monotonic() - begun
        if not held:
            self.passed = True
            raise ScanTimedOut(
                f"the scan of {self.dataset} waited longer than the {self._allowed} it may take for"
                " another scan to let go of a table that both read",
                hint="see which other table was cut off in the same night",
            )
        try:
            yield
        finally:
            lock.release()

    @property
    def _allowed(self) -> str:
        return "second" if self.seconds == 1 else f"{self.seconds:g} seconds"

    def error(self) -> ScanTimedOut:
        """What is said of a scan that was cut off."""
        return ScanTimedOut(
            f"the scan of {self.dataset} took longer than the {self._allowed} it may take",
            hint="raise limits.table_timeout_seconds in governance.yaml (in its contract: scanTimeoutSeconds)"
            " or make the table smaller",
        )


def cut_off(limit: Limit, work: Callable[[], T]) -> T:
    """What ``work`` returns; it is left behind where it does not end soon after its limit.

    Raises:
        ScanTimedOut: it was left behind; else what ``work`` raises.
    """
    found: list[T] = []
    failed: list[BaseException] = []
    ended = Event()  # Thread.join would forget the thread when Ctrl-C interrupts it

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            failed.append(error)
        ended.set()

    try:
        Thread(target=run, name=f"scan-{limit.dataset}", daemon=True).start()
        while limit.left() > -GRACE_SECONDS:
            wait = max(limit.left() + GRACE_SECONDS, _RETRY_SECONDS)
            if ended.wait(min(wait, _LOOK_SECONDS)):
                break
    except BaseException:  # Ctrl-C: what runs is interrupted, and waited for as long as above
        limit.seconds = 0.0
        ended.wait(GRACE_SECONDS)
        raise
    if failed:
        raise failed[0]
    if not found:
        raise limit.error()
    return found[0]
