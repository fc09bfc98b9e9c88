"""Every poison in every field: one answer on both stores, no 5xx, and what is acknowledged is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select

from governance_pipeline.lineage.openlineage_in import read_event
from governance_pipeline.store import tables
from governance_pipeline.store.open import open_store
from tests.lineage.openlineage import event
from tests.web.clients import client
from tests.web.serving import serving

HERE = "@@here@@"
DEEP = "[" * 40 + "]" * 40
POISON = [
    "null", "true", "false", "0", "-0", "1", "-1", "7.5", "-0.0", "1e308", "1e309", "-1e309", "1e999999",
    "1e-999999", "9" * 308, "9" * 309, "9" * 5000, "1" + "0" * 400 + ".5", "9007199254740993", "2147483648",
    "9223372036854775808", "NaN", "Infinity", "-Infinity", "nan", "01", "+1", ".5", "1.", "0x10", "1_000",
    '""', '" "', '"\\t"', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude42"',
    '"\\uffff"', '"\\u202e"', '"\\u001f"', '"\\u0085"', '"\\ufeff"', '"\\\\u0000"', '"a\x00b"', '"a\nb"',
    "'a'", '"x', json.dumps("x" * 701), json.dumps("é" * 400), json.dumps("x" * 70_000), '"NaN"', '"null"',
    json.dumps("'; DROP TABLE lineage_events; --"), json.dumps("../../etc/passwd"), json.dumps("%s%n{}"),
    json.dumps("<script>alert(1)</script>"), json.dumps("${PATH}"), json.dumps("a#b%23c"),
    '"2026-13-45T99:99:99Z"', '"0000-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59-14:00"', '"0001-01-01T00:00:00Z"', "[]", "[null]", "[[]]", '["a"]', "[0]", "{}",
    '{"": null}', '{"a": 1, "a": 1}', '{"a": {"b": 2, "b": 2}}', '{"a\\u0000": 1}', '{"\\ud800": 1}',
    '{"namespace": "n"}', '{"_deleted": true}', '{"_deleted": "yes"}', DEEP, '{"a":' * 40 + "1" + "}" * 40,
]  # fmt: skip

KEY_POISON = ['""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"x', '"a\x00b"', json.dumps("x" * 701)]


def whole() -> dict[str, Any]:
    """An event that has every field that is read, and a facet that nobody reads."""
    source = {"namespace": "n", "name": "d", "field": "c"}
    step = {"type": "DIRECT", "subtype": "IDENTITY", "description": "as it is", "masking": False}
    outline = {"_producer": "https://example.org", "_schemaURL": "https://example.org/1-0-0.json"}
    facets = {
        "columnLineage": {
            "fields": {
                "a": {
                    "inputFields": [source | {"transformations": [step]}],
                    "transformationType": "MASKED",
                    "transformationDescription": "sha",
                }
            },
            "dataset": [source],
        },
        "schema": {"fields": [{"name": "a", "type": "int", "description": "d", "fields": [{"name": "b"}]}]},
        "symlinks": {"identifiers": [{"namespace": "n", "name": "x", "type": "TABLE"}]},
        "ownership": {"owners": [{"name": "o", "type": "OWNER"}]},
        "tags": {"tags": [{"key": "k", "value": "v", "field": "a", "source": "s"}]},
        "documentation": outline | {"description": "d"},
        "acme": outline | {"anything": [1, {"a": None}]},
    }
    started_by = {"run": {"runId": "p"}, "job": {"namespace": "n", "name": "p"}}
    output = {
        "namespace": "n",
        "name": "d",
        "facets": facets,
        "outputFacets": {"outputStatistics": {"rowCount": 1, "size": 2, "fileCount": 3}},
    }
    read = {"namespace": "n", "name": "i", "inputFacets": {"inputStatistics": {"rowCount": 1}}}
    return event(
        run={"runId": "r", "facets": {"parent": started_by | {"root": started_by}, "parentRun": started_by}},
        job={"namespace": "n", "name": "j", "facets": {"documentation": {"description": "d"}}},
        inputs=[read],
        outputs=[output],
        dataset={"namespace": "n", "name": "beside"},
    )


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def poisoned(path: tuple[str | int, ...], poison: str, *, key: bool = False) -> bytes:
    """The event's text with ``poison`` in place of the value, or where it is text of the key, at ``path``."""
    found = whole()
    here: Any = found
    for step in path[:-1]:
        here = here[step]
    if key:
        here[HERE] = here.pop(path[-1])
    else:
        here[path[-1]] = HERE
    return json.dumps(found).replace(f'"{HERE}"', poison).encode("utf-8", "surrogatepass")


EVERY = list(places(whole()))
BODIES = [poisoned(path, poison) for path in EVERY for poison in POISON]
KEYS = [
    poisoned(path, poison, key=True) for path in EVERY if isinstance(path[-1], str) for poison in KEY_POISON
]


def test_there_are_enough_of_them():
    assert len(set(POISON)) == len(POISON) >= 60
    assert len(EVERY) > 60


@pytest.mark.postgres
@pytest.mark.parametrize("part", range(8))
def test_every_poison_in_every_field_is_answered_alike_and_what_is_taken_is_kept(
    part: int, tmp_path, postgres_store_url: str
):
    stores = [open_store(f"sqlite:///{tmp_path}/s.db"), open_store(postgres_store_url)]
    taken: set[str] = set()
    bodies = [*BODIES, *KEYS][part::8]
    refused = 0
    with serving(stores[0]) as one, serving(stores[1]) as two, client(one) as left, client(two) as right:
        for body in bodies:
            status, told = left.post(body)
            assert (status, told) == right.post(body), body[:2000]
            if status == 201:
                digest = read_event(body).digest
                assert told == {"taken": int(digest not in taken)}
                taken.add(digest)
            else:
                assert (status, told["code"]) == (400, "event_refused"), body[:2000]
                assert told["message"].startswith("$")
                refused += 1
    assert min(refused, len(taken)) > len(bodies) / 20  # neither everything refused nor everything taken
    for store in stores:
        with store.engine.connect() as connection:
            assert set(connection.scalars(select(tables.lineage_events.c.digest))) == taken
        store.close()
