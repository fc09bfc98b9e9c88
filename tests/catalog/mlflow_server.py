"""A server that answers as MLflow 3 does, from what a test gives it; the real one is in tests/live."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

AT = 1_795_000_000_000  # November 2026, in milliseconds
DIGEST = "sha256:" + "a" * 64


@dataclass
class FakeMlflow:
    """Attributes:
    authorization: what a request's header has to say; "" for anything.
    broken: answers in place of the real ones, by path: a status and a text.
    asked: the paths asked for, with their queries.
    """

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    authorization: str = ""
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    page: int = 1000
    url: str = ""

    def add_version(self, version: str, /, *, name: str = "mortgage_approval", **changes: Any) -> None:
        self.models.setdefault(name, {"name": name})
        at = AT + len(self.versions) * 1000
        entry = {
            "name": name,
            "version": version,
            "creation_timestamp": at,
            "current_stage": "None",
            "source": f"models:/m-{version}",
            "run_id": f"run{version}",
            "status": "READY",
            "tags": [{"key": "digest", "value": DIGEST}],
        }
        self.versions.insert(0, {**entry, **changes})

    def add_run(
        self, id_: str, *, inputs: list[dict[str, Any]] | None = None, tags: dict[str, str] | None = None
    ) -> None:
        self.runs[id_] = {
            "info": {"run_id": id_, "run_name": f"train {id_}", "status": "FINISHED", "user_id": "ada"},
            "data": {
                "metrics": [
                    {"key": "auc", "value": 0.8},
                    {"key": "loss", "value": "NaN"},
                    {"key": "top", "value": float("inf")},
                ],
                "params": [{"key": "c", "value": "1"}, {"key": "db_password", "value": "hunter2"}],
                "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
            },
            "inputs": {"dataset_inputs": inputs or []},
        }

    def alias(self, alias: str, version: str, name: str = "mortgage_approval") -> None:
        aliases = [one for one in self.models[name].get("aliases", []) if one["alias"] != alias]
        self.models[name]["aliases"] = [*aliases, {"alias": alias, "version": version}]

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        if path == "registered-models/search":
            return self._page("registered_models", list(self.models.values()), query)
        if path == "registered-models/get":
            model = self.models.get(query["name"])
            return (200, {"registered_model": model}) if model else _missing("Registered Model")
        if path == "model-versions/search":
            wanted = query.get("filter", "")
            found = [v for v in self.versions if not wanted or wanted[8:-1] == v["name"]]
            return self._page("model_versions", found, query)
        if path == "runs/get":
            run = self.runs.get(query["run_id"])
            return (200, {"run": run}) if run else _missing("Run")
        if path == "registered-models/alias":
            self.alias(query["alias"], query["version"], query["name"])
            return 200, {}
        return 404, {"error_code": "ENDPOINT_NOT_FOUND"}

    def _page(self, key: str, found: list[Any], query: dict[str, str]) -> tuple[int, Any]:
        start = int(query.get("page_token", 0))
        size = min(self.page, int(query["max_results"]))
        more = {"next_page_token": str(start + size)} if start + size < len(found) else {}
        return 200, {key: found[start : start + size], **more}


def an_input(name: str, digest: str = "58d809ec", context: str = "training", **source: str) -> dict[str, Any]:
    return {
        "tags": [{"key": "mlflow.data.context", "value": context}] if context else [],
        "dataset": {
            "name": name,
            "digest": digest,
            "source_type": "local",
            "source": json.dumps(source),
            "schema": json.dumps({"mlflow_colspec": [{"type": "double", "name": "ratio"}]}),
        },
    }


def _missing(what: str) -> tuple[int, Any]:
    return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"{what} not found"}


@contextmanager
def serving(fake: FakeMlflow) -> Iterator[FakeMlflow]:
    """Serve ``fake`` on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.partition("/api/2.0/mlflow/")[2]
            fake.asked.append(f"{path}?{parts.query}")
            status, body = self._answer(path, {key: one[0] for key, one in parse_qs(parts.query).items()})
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            if status in (301, 302):
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            path = urlsplit(self.path).path.partition("/api/2.0/mlflow/")[2]
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, said = self._answer(path, body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
            if fake.authorization and self.headers.get("Authorization") != fake.authorization:
                return 401, "who are you?"
            return fake.broken[path] if path in fake.broken else fake.answer(path, query)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
