"""A visitor of the pages: plain connections that keep cookies as a browser does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlencode

from governance_pipeline.web.pages.sessions import COOKIE


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def to(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Visit:
    """One browser's connection, without scripts."""

    port: int
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self._send("GET", path, None, headers)

    def post(self, path: str, fields: Mapping[str, str] | list[tuple[str, str]], **headers: str) -> Answer:
        sent = {
            "Origin": f"http://127.0.0.1:{self.port}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._send("POST", path, urlencode(fields), {**sent, **headers})

    def sign_in(self, person: str) -> Answer:
        return self.post("/sign-in", {"person": person, "next": "/"})

    def token(self, path: str = "/reviews") -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.get(path).text)
        assert found is not None
        return found[1]

    def act(self, review: str, act: str, **fields: str) -> Answer:
        return self.post(f"/reviews/{review}/{act}", {"token": self.token(), **fields})

    def _send(self, method: str, path: str, body: str | None, headers: Mapping[str, str]) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
            connection.request(method, path, body=body, headers={**sent, **self.headers, **headers})
            found = connection.getresponse()
            text = found.read().decode()
            known = {name.lower(): value for name, value in found.getheaders()}
            given = re.match(rf"{re.escape(COOKIE)}=([^;]*)", known.get("set-cookie", ""))
            if given is not None:
                self.cookie = given[1].strip('"')
            return Answer(found.status, text, known)
        finally:
            connection.close()
