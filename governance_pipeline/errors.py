"""Every error the project raises on purpose, in one tree.

    GovernanceError                    carries a code and what to do next
    ├── ProjectInvalid                 the project's files are at fault; lists every problem at once
    ├── UsageError                     the caller asked for something that does not exist
    │   ├── NotFound
    │   └── EventRefused           an OpenLineage event is not one
    ├── CannotEvaluate                 a verdict could not be reached; treated as closed
    │   ├── SourceUnavailable          a table or file cannot be read
    │   ├── StoreUnavailable           the store does not answer
    │   └── ScanTimedOut
    ├── Refused                        the act is known and not allowed
    │   └── Conflict                   somebody else decided first
    └── ChannelFailed                  an alert could not be handed over; retried by the outbox

Each class's exit code is what ``governance`` returns: 1 for a refusal, 2 for bad usage or files,
3 when nothing could be evaluated (callers treat 3 as closed).
"""

from __future__ import annotations

from typing import ClassVar


class GovernanceError(Exception):
    """The root: a message for a person, and the next step they can take.

    Args:
        message: what is wrong, naming the file, table or person concerned.
        hint: what to do next, in the imperative.
    """

    code: ClassVar[str] = "governance"
    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class ProjectInvalid(GovernanceError):
    """The project folder has mistakes; the message lists all of them as file:line:column."""

    code = "project_invalid"
    exit_code = 2


class UsageError(GovernanceError):
    """The call does not fit what exists."""

    code = "usage"
    exit_code = 2


class NotFound(UsageError):
    """The named dataset, model, version, review, incident or night is not there."""

    code = "not_found"


class EventRefused(UsageError):
    """An OpenLineage event is not one, or holds what no store can keep.

    Args:
        path: where in the event, e.g. ``$.inputs[0].facets.schema``.
    """

    code = "event_refused"

    def __init__(self, reason: str, *, path: str) -> None:
        super().__init__(f"{path} {reason}")
        self.reason = reason
        self.path = path

    def within(self, path: str) -> EventRefused:
        """The same refusal of an event that stands at ``path`` of a batch."""
        return EventRefused(self.reason, path=path + self.path[1:])


class CannotEvaluate(GovernanceError):
    """No verdict could be reached. Gates treat it as closed."""

    code = "cannot_evaluate"


class SourceUnavailable(CannotEvaluate):
    """A dataset's table or file is missing, unreadable or unreachable."""

    code = "source_unavailable"


class StoreUnavailable(CannotEvaluate):
    """The governance store does not answer or is not at the expected migration."""

    code = "store_unavailable"


class ScanTimedOut(CannotEvaluate):
    """A scan passed its time limit and was cut off."""

    code = "scan_timed_out"


class Refused(GovernanceError):
    """The act is understood and not allowed."""

    code = "refused"
    exit_code = 1


class Conflict(Refused):
    """Somebody else's act came first; read the new state and decide again."""

    code = "conflict"


class ChannelFailed(GovernanceError):
    """A receiver did not take an alert; the outbox keeps it and tries again.

    Args:
        transient: False where trying again cannot help (there is no address to send to).
    """

    code = "channel_failed"

    def __init__(self, message: str, *, hint: str = "", transient: bool = True) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient
