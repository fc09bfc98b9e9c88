"""serve: receive OpenLineage events over HTTP, and say what data may be used for."""

from __future__ import annotations

from typing import Annotated

import typer

from governance_pipeline.cli.common import ProjectOption

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: governance serve --port 5000")(serve)


def serve(
    project: ProjectOption = None,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Address to listen on; others than this machine's need a key."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 5000,
) -> None:
    """Receive OpenLineage events at POST /api/v1/lineage until it is stopped, and answer purpose checks."""
    import os

    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.charter.environment import resolve_env
    from governance_pipeline.errors import UsageError

    opened = open_project(project)
    written = opened.settings.receiver.api_key
    key = resolve_env(written, os.environ) if written is not None else None
    if key == "" or (key is None and host not in _LOOPBACK):
        raise UsageError(
            f"without an API key everybody who reaches {host} could write lineage",
            hint="set receiver: api_key: ${NAME} in governance.yaml",
        )
    store = open_project_store(opened)
    try:
        import uvicorn

        from governance_pipeline.web.purpose import purpose_route
        from governance_pipeline.web.receiver import receiver

        typer.echo(f"receiving at http://{host}:{port}/api/v1/lineage", err=True)
        routes = [purpose_route(opened.root, store, key)]
        uvicorn.run(receiver(store, key, routes), host=host, port=port, log_level="warning", ws="none")
    finally:
        store.close()
