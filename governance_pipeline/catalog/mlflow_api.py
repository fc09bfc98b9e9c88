"""The REST API of an MLflow tracking server, as far as it is used here; MLflow itself is not needed.

Of the paths of https://mlflow.org/docs/latest/rest-api.html those that read, and the one that moves an alias.
The server's address is an entry of ``connections``; a user and a password in it, or its ``token``, are shown
to that server alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote, urlsplit

from governance_pipeline.catalog.reader import Surroundings, address_of, token_of
from governance_pipeline.errors import CannotEvaluate, NotFound

Json = Mapping[str, Any]
_PATH = "/api/2.0/mlflow/"
_TIMEOUT = (5.0, 30.0)  # seconds to connect, and to wait for each part of an answer
_RETRIES = 2
_LARGEST = 64 * 1024 * 1024  # bytes of one answer
_PAGE = 1000
_MOST_PAGES = 10_000


class MlflowServer:
    """One server, over connections that are kept open. Usable by several threads at once."""

    def __init__(self, connection: str, around: Surroundings) -> None:
        """Raises CannotEvaluate where the connection's address is none of a server."""
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        self._name = connection
        url = address_of(connection, around)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise self._failed("its url is no http or https address")
        self._base = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
        self._session = requests.Session()
        self._session.trust_env = False  # a .netrc is not asked for passwords
        self._session.headers["Accept"] = "application/json"
        token = token_of(connection, around)
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        elif parts.username:
            self._session.auth = (unquote(parts.username), unquote(parts.password or ""))
        retry = Retry(_RETRIES, backoff_factor=0.3, status_forcelist=(429, 502, 503, 504), redirect=False)
        self._session.mount(f"{parts.scheme}://", HTTPAdapter(max_retries=retry, pool_maxsize=16))

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def get(self, path: str, **parameters: str | int) -> Json:
        """One answer, e.g. of ``registered-models/get``.

        Raises:
            NotFound: there is no such thing.
            CannotEvaluate: the server does not answer, refuses, or answers with something else.
        """
        return self._asked("GET", path, params=parameters)

    def post(self, path: str, **body: str) -> Json:
        """Have something changed, e.g. by ``registered-models/alias``. Raises as :meth:`get` does."""
        return self._asked("POST", path, json=body)

    def _asked(self, method: str, path: str, **sent: Any) -> Json:
        import requests

        try:
            with self._session.request(
                method,
                self._base.rstrip("/") + _PATH + path,
                **sent,
                timeout=_TIMEOUT,
                allow_redirects=False,  # a token goes nowhere else
                stream=True,
            ) as answer:
                content = self._content(answer)
                status = answer.status_code
        except requests.RequestException as error:
            raise self._failed(f"it does not answer ({_reason(error)})") from None
        if status == HTTPStatus.NOT_FOUND and content.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(str(content.get("message", "")), hint="look it up in MLflow")
        if status != requests.codes.ok:
            said = str(content.get("message", ""))[:200]
            raise self._failed(f"it answers with status {status}{f': {said}' if said else ''}")
        return content

    def pages(self, path: str, key: str, **parameters: str | int) -> Iterator[Json]:
        """Every entry under ``key`` of a search, page by page. Raises as :meth:`get` does."""
        token, seen = "", set[str]()
        for _ in range(_MOST_PAGES):
            more = {"page_token": token} if token else {}
            content = self.get(path, max_results=_PAGE, **parameters, **more)
            found = content.get(key, [])
            if not isinstance(found, list):
                raise self._failed(f"'{key}' of its answer is no list")
            yield from (one for one in found if isinstance(one, dict))
            token = str(content.get("next_page_token") or "")
            if not token:
                return
            if token in seen:
                raise self._failed("its pages do not end")
            seen.add(token)
        raise self._failed("its pages do not end")

    def _content(self, answer: Any) -> Json:
        parts, size = [], 0
        for part in answer.iter_content(1 << 16):
            size += len(part)
            if size > _LARGEST:
                raise self._failed("its answer is too large")
            parts.append(part)
        try:
            found = json.loads(b"".join(parts) or b"{}")
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return found
        if answer.status_code == HTTPStatus.OK:
            raise self._failed("it answers with no JSON object: is there an MLflow server?")
        return {}

    def _failed(self, why: str) -> CannotEvaluate:
        return CannotEvaluate(
            f"the MLflow server of connection '{self._name}' cannot be read: {why}",
            hint=f"check connections.{self._name} in governance.yaml and that the server is up",
        )


def _reason(error: Exception) -> str:
    """In a few words, and without the address, which may hold a password."""
    names = {"ConnectTimeout": "no connection in time", "ReadTimeout": "no answer in time"}
    name = type(error).__name__
    return names.get(name, name)


def tags(entry: Json) -> dict[str, str]:
    """MLflow's list of keys and values as a mapping."""
    found = entry.get("tags")
    return {
        str(one.get("key", "")): str(one.get("value", ""))
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict)
    }


def entries(value: object) -> list[Json]:
    """The objects of a list; none where it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
