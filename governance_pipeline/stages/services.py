"""What a night works with; :mod:`governance_pipeline.bootstrap` builds it, tests may too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from governance_pipeline.charter.project import Project
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.signing import SigningKeys
from governance_pipeline.profiles.plan import Engine
from governance_pipeline.store.ports import Store

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def checkpoint_log(project: Project) -> CheckpointLog:
    """What the project's ledger is signed with, and where its checkpoints are written."""
    places = project.settings.ledger
    keys = SigningKeys(project.root / places.keys)
    return CheckpointLog(project.root / places.checkpoints, project.settings.name, keys)


@dataclass(frozen=True, slots=True)
class Services:
    """The project and the live parts around it.

    Attributes:
        clock: gives aware UTC instants; the only source of "now".
        environ: environment variables that files may refer to as ``${NAME}``.
    """

    project: Project
    store: Store
    engine: Engine
    clock: Clock = utc_now
    environ: Mapping[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Release the engine's and the store's connections."""
        self.engine.close()
        self.store.close()
