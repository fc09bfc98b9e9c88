"""OpenLineage events out of files: each once, and every refusal with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from governance_pipeline.errors import NotFound
from governance_pipeline.lineage import ingest as module
from governance_pipeline.lineage.ingest import event_files, ingest
from governance_pipeline.lineage.openlineage_json import MAX_BODY_BYTES
from governance_pipeline.store.memory.store import InMemoryStore
from tests.lineage.openlineage import EVENTS, body, event, needs_events


def run(name: str) -> bytes:
    return body(run={"runId": name})


def take(*files: Path, store: InMemoryStore | None = None) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(one.new, one.known, one.refused) for one in ingest(store or InMemoryStore(), files)]


def test_a_line_that_is_refused_is_named_and_the_others_are_taken(tmp_path: Path):
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join([run("a"), b"", b"{}", b"not json", run("b")]))
    ((new, known, refused),) = take(file)
    assert (new, known) == (2, 0)
    assert refused == (
        "line 3: $.eventTime is missing",
        "line 4: $ is not JSON at line 1, column 1: Expecting value",
    )


def test_a_line_that_is_too_long_is_refused_and_the_next_is_read(tmp_path: Path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(b"x" * (2 * MAX_BODY_BYTES + 7) + b"\n" + run("a"))
    ((new, _, refused),) = take(file)
    assert (new, [why[:17] for why in refused]) == (1, ["line 1: $ has 500"])


def test_a_file_read_again_adds_what_is_new(tmp_path: Path):
    store, file = InMemoryStore(), tmp_path / "events.ndjson"
    file.write_bytes(run("a") + b"\n")
    assert take(file, store=store) == [(1, 0, ())]
    with file.open("ab") as grown:
        grown.write(run("b") + b"\n")
    assert take(file, store=store) == [(1, 1, ())]
    assert take(file, store=store) == [(0, 2, ())]


def test_an_array_gives_its_good_events_and_the_place_of_the_others(tmp_path: Path):
    file = tmp_path / "batch.json"
    file.write_text(json.dumps([event(), event(job={"namespace": "n"}), event(eventType="START")]))
    assert take(file) == [(2, 0, ("$[1].job.name is missing",))]


def test_packed_files_are_read_and_a_broken_one_costs_only_itself(tmp_path: Path):
    packed, cut = tmp_path / "a.ndjson.gz", tmp_path / "b.json.gz"
    packed.write_bytes(gzip.compress(run("a") + b"\n" + run("b")))
    cut.write_bytes(gzip.compress(run("c"))[:40])
    wrong = tmp_path / "c.json.gz"
    wrong.write_bytes(b"no gzip")
    found = take(packed, cut, wrong)
    assert [one[:2] for one in found] == [(2, 0), (0, 0), (0, 0)]
    assert [len(one[2]) for one in found] == [0, 1, 1]
    assert all(one[2][0].startswith("cannot be read") for one in found[1:])


def test_more_events_than_one_batch(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(module, "_BATCH", 3)
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(run(str(number)) for number in range(7)))
    assert take(file) == [(7, 0, ())]


def test_a_folder_gives_the_files_with_events_in_order(tmp_path: Path):
    for name in ("b/x.json", "a.ndjson.gz", "notes.txt", "c.jsonl", "data.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = event_files([tmp_path, tmp_path / "c.jsonl"])
    assert [one.relative_to(tmp_path).as_posix() for one in found] == ["a.ndjson.gz", "b/x.json", "c.jsonl"]
    with pytest.raises(NotFound, match="nowhere"):
        event_files([tmp_path / "nowhere"])


def test_a_dbt_build_is_taken():
    needs_events()
    ((new, known, refused),) = take(EVENTS / "openlineage_events" / "dbt_jaffle_build_ok.ndjson")
    assert (new > 20, known, refused) == (True, 0, ())
