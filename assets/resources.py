"""The project's live parts, opened per run and closed after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from governance_pipeline import bootstrap
from governance_pipeline.stages.services import Services


class GovernanceResource(dg.ConfigurableResource["GovernanceResource"]):
    """Opens one governance project.

    Attributes:
        project: its folder.
    """

    project: str

    @contextmanager
    def open(self) -> Iterator[Services]:
        """Store, engine and clock of the project, released at the end of the block."""
        loaded = bootstrap.open_project(Path(self.project))
        with bootstrap.services(loaded, environ=dict(os.environ)) as services:
            yield services
