"""Send what waits in the outbox, and keep standard output clean for programs."""

from __future__ import annotations

from rich.console import Console

from governance_pipeline.response.channels import open_channels
from governance_pipeline.response.outbox import DispatchReport, dispatch
from governance_pipeline.stages.services import Services


def deliver(opened: Services, *, quiet: bool) -> DispatchReport:
    """Send what is due.

    Args:
        opened: the project's services.
        quiet: a console channel prints on standard error: standard output holds one JSON document.
    """
    project = opened.project
    console = Console(stderr=True) if quiet else None
    channels = open_channels(project.settings, project.root, opened.environ, console)
    return dispatch(opened.store, channels, project.charter, opened.clock, project.playbook.alerts)
