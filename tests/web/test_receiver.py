"""The receiver on a real socket, posted to by plain HTTP and by OpenLineage's own client."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.transport.http import ApiKeyTokenProvider, HttpConfig, HttpTransport

from governance_pipeline.errors import StoreUnavailable
from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES
from governance_pipeline.store.open import open_store
from tests.lineage.openlineage import body, event
from tests.lineage.test_openlineage_in import REFUSED
from tests.web.serving import serving

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def post(port: int, sent: object, **headers: str) -> tuple[int, dict]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("POST", "/api/v1/lineage", body=sent, headers=named)
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/s.db"
    opened = open_store(url if request.param == "sqlite" else request.getfixturevalue("postgres_store_url"))
    yield opened
    opened.close()


def jobs(store) -> list[str]:
    with store.begin() as unit:
        return [one.subject for one in unit.lineage_events.as_of(LATER)]


def test_an_event_and_a_batch_are_committed_before_they_are_acknowledged(store):
    with serving(store) as port:
        assert post(port, body()) == (201, {"taken": 1})
        assert jobs(store) == ["job:airflow/build.features"]
        batch = json.dumps([event(), event(job={"namespace": "n", "name": "b"}, run={"runId": "2"})])
        assert post(port, batch) == (201, {"taken": 1})
        assert jobs(store) == ["job:airflow/build.features", "job:n/b"]
        assert post(port, gzip.compress(body(eventType="START")), Content_Encoding="gzip")[0] == 201


def test_poison_is_400_on_every_store_and_nothing_of_its_batch_is_kept(store):
    with serving(store) as port:
        for wrong, _ in REFUSED:
            status, told = post(port, wrong)
            assert (status, told["code"]) == (413 if len(wrong) > MAX_BODY_BYTES else 400, told["code"]), (
                wrong[:80]
            )
        status, told = post(port, json.dumps([event(), event(job={"namespace": "n"})]))
        assert (status, told) == (400, {"code": "event_refused", "message": "$[1].job.name is missing"})
        assert post(port, b"no gzip", Content_Encoding="gzip")[0] == 400
        assert post(port, gzip.compress(body())[:-9], Content_Encoding="gzip")[0] == 400
        assert post(port, gzip.compress(b" " * (MAX_BODY_BYTES + 9)), Content_Encoding="gzip")[0] == 400
        assert post(port, body(), Content_Encoding="br")[0] == 400
        assert jobs(store) == []
        assert post(port, body())[0] == 201


def test_a_gzip_body_of_several_members_is_taken_whole_and_never_in_part(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with serving(store) as port:
        batch = json.dumps([event(), event(run={"runId": "2"})]).encode()
        halves = gzip.compress(batch[:50]) + gzip.compress(batch[50:])
        assert post(port, halves, Content_Encoding="gzip") == (201, {"taken": 2})
        assert post(port, gzip.compress(batch) + b"rest", Content_Encoding="gzip")[0] == 400
        assert post(port, gzip.compress(body()) * 2, Content_Encoding="gzip")[0] == 400  # two documents
        assert post(port, gzip.compress(b"") * 200, Content_Encoding="gzip")[0] == 400
        half = gzip.compress(b" " * (MAX_BODY_BYTES - 9))
        assert post(port, half + half, Content_Encoding="gzip")[0] == 400
    store.close()


def test_a_body_without_a_length_is_cut_off_at_the_limit(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with serving(store) as port:
        assert post(port, (b" " * 1_000_000 for _ in range(8)))[0] == 413


def test_the_key_is_asked_for(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    with serving(store, "secret") as port:
        assert post(port, body())[0] == 401
        for wrong in ("Bearer secre", "Bearer", "Basic secret", "Bearer \xe9"):
            assert post(port, body(), Authorization=wrong)[0] == 401
        assert jobs(store) == []
        assert post(port, body(), Authorization="Bearer secret")[0] == 201


def test_a_store_that_does_not_take_it_is_503(tmp_path, monkeypatch):
    store = open_store(f"sqlite:///{tmp_path}/s.db")

    def broken():
        raise StoreUnavailable("the disk is gone")

    with serving(store) as port:
        monkeypatch.setattr(store, "begin", broken)
        assert post(port, body()) == (503, {"code": "store_unavailable", "message": "the disk is gone"})


def test_openlineages_own_client_posts_to_it(store):
    with serving(store, "secret") as port:
        auth = ApiKeyTokenProvider({"api_key": "secret"})
        config = HttpConfig(url=f"http://127.0.0.1:{port}", auth=auth)
        client = OpenLineageClient(transport=HttpTransport(config))
        client.emit(
            RunEvent(
                eventTime="2026-01-31T02:00:00Z",
                producer="https://example.org",
                eventType=RunState.COMPLETE,
                run=Run("0190b2a4-0000-7000-8000-000000000001"),
                job=Job("spark", "load"),
                inputs=[InputDataset("s3://lake", "raw")],
                outputs=[OutputDataset("s3://lake", "clean")],
            )
        )
    assert jobs(store) == ["job:spark/load"]
