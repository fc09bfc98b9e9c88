"""The project's live parts, opened per run and closed after it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from governance_pipeline import bootstrap
from governance_pipeline.errors import UsageError
from governance_pipeline.stages.services import Services


class GovernanceResource(dg.ConfigurableResource["GovernanceResource"]):
    """Opens one governance project.

    Attributes:
        project: its folder.
        template: the folder is the example's template: it may be looked at, and no night runs in it.
    """

    project: str
    template: bool = False

    @contextmanager
    def open(self) -> Iterator[Services]:
        """Store, engine and clock of the project, released at the end of the block.

        Raises:
            UsageError: the project is only a template.
        """
        if self.template:
            raise UsageError(
                "this is the template of the sample project: it has no data and nothing is written to it",
                hint="run `make demo`, or set GOVERNANCE_PROJECT to the folder of your project",
            )
        loaded = bootstrap.open_project(Path(self.project))
        with bootstrap.services(loaded, environ=dict(os.environ)) as services:
            yield services
