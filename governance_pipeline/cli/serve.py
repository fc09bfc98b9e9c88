"""serve: the pages for reviewers, the receiver of lineage and consent, and answers over HTTP."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from governance_pipeline.cli.common import ProjectOption

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(
        epilog="Examples: governance serve --port 5000  |  governance serve --project demo --dev-sign-in"
    )(serve)


def serve(
    project: ProjectOption = None,
    host: Annotated[
        str,
        typer.Option(metavar="ADDRESS", help="Address to listen on; others than this machine's need a key."),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 5000,
    *,
    dev_sign_in: Annotated[
        bool,
        typer.Option(
            "--dev-sign-in",
            help="For trying it out on this machine: people say who they are, and nobody checks.",
        ),
    ] = False,
) -> None:
    """Serve the pages that reviewers decide in, and the HTTP API, until it is stopped.

    The API receives OpenLineage events at POST /api/v1/lineage and consent at POST /api/v1/consent, and
    answers purpose checks and questions about lineage.
    """
    import os

    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.charter.environment import resolve_env

    opened = open_project(project)
    written = opened.settings.receiver.api_key
    key = resolve_env(written, os.environ) if written is not None else None
    _require_closed(host, key, dev_sign_in=dev_sign_in)
    store = open_project_store(opened)
    try:
        import uvicorn

        from governance_pipeline.web.app import application
        from governance_pipeline.web.routes import page_router, routes

        pages = page_router(opened, store, os.environ, dev_sign_in=dev_sign_in)
        app = application(routes(opened.root, store), key, [pages])
        with _listening(host, port) as listening:
            shown = f"[{host}]" if ":" in host else host
            where = f"http://{shown}:{listening.getsockname()[1]}"
            people = opened.settings.sign_in.url if opened.settings.sign_in and not dev_sign_in else where
            typer.echo(f"receiving at {where}/api/v1/lineage\npages at {people}", err=True)
            config = uvicorn.Config(app, log_level="warning", ws="none")
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        store.close()


def _require_closed(host: str, key: str | None, *, dev_sign_in: bool) -> None:
    """What everybody may do on this machine, nobody may do from elsewhere. Raises UsageError otherwise."""
    from governance_pipeline.errors import UsageError

    if key == "" or (key is None and host not in _LOOPBACK):
        raise UsageError(
            f"without an API key everybody who reaches {host} could write lineage",
            hint="set receiver: api_key: ${NAME} in governance.yaml",
        )
    if dev_sign_in and host not in _LOOPBACK:
        raise UsageError(
            f"with --dev-sign-in everybody who reaches {host} could decide as anybody",
            hint="leave --host out, or set sign_in: in governance.yaml to your identity provider",
        )


def _listening(host: str, port: int) -> socket.socket:
    """A socket on which callers already wait. Raises UsageError where the address is taken or not ours."""
    from governance_pipeline.errors import UsageError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"nobody can listen on {host} port {port}: {error.strerror or error}",
            hint="name another --host or --port",
        ) from error
