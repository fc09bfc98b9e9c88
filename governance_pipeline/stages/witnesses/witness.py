"""What a place of copies can do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from governance_pipeline.ledger.offline import Checkpoint


class Witness(Protocol):
    """A place that takes checkpoints and, where it can be read, gives them back."""

    def take(self, note: str, checkpoint: Checkpoint) -> None:
        """Keep a signed note; one that is there already changes nothing.

        Raises:
            CannotEvaluate: it could not be kept.
        """

    def notes(self) -> Iterable[str]:
        """All notes it has; none where a place only takes.

        Raises:
            CannotEvaluate: they cannot be read, or something there is not as it was taken.
        """
