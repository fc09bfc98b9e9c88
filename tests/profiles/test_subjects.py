"""Every engine tells the same people of a table, and the same who have withdrawn."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Column
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles import subjects as module
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.subject_keys import SubjectKey
from governance_pipeline.profiles.subject_sets import SubjectSet
from tests.profiles.support import contract, plan, settings, url_of, write
from tests.profiles.test_consent import AS_OF, LEDGER, Record, ledger_table
from tests.spark import NEEDS_SPARK, in_catalog

KEYS = (SubjectKey(bytes(32)), SubjectKey(bytes([7] * 32)))
ENGINES = (
    "parquet",
    "duckdb",
    pytest.param("postgres", marks=pytest.mark.postgres),
    pytest.param("spark", marks=NEEDS_SPARK),
)


def hashed(people: list[str], key: SubjectKey) -> SubjectSet:
    digests = [hashlib.md5(who.encode(), usedforsecurity=False).hexdigest() for who in people]
    return SubjectSet.of(key.hashed(digests))


@pytest.fixture(params=ENGINES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    opened = IbisEngine(settings(url_of(kind, request)), tmp_path, {})
    yield opened
    opened.close()


@pytest.fixture
def put(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    url = url_of(kind, request)

    def written(name: str, rows: pa.Table) -> Any:
        if kind == "spark":
            assert url is not None
            return in_catalog(url, tmp_path, name, rows)
        return write(kind, tmp_path, rows, url, name)

    return written


@pytest.mark.parametrize("at_once", [10**6, 2])
def test_the_people_of_a_table_are_told_once_each_by_every_key(
    engine: IbisEngine, put: Any, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    monkeypatch.setattr(module, "AT_ONCE", at_once)  # the second reads the table in sixteen parts
    names = ["ann", "bob", "ann", None, "Ärmel \N{GRINNING FACE}", "o'hara", ""]
    location = put("people", pa.table({"who": pa.array(names), "x": pa.array(range(7))}))
    of = contract(location, Column("who", personal=True), subject_key="who")
    found = engine.subjects(plan(of), KEYS)
    people = ["ann", "bob", "Ärmel \N{GRINNING FACE}", "o'hara", ""]
    assert found == {key.id: hashed(people, key) for key in KEYS}


def test_numbers_are_told_by_their_text(engine: IbisEngine, put: Any):
    location = put("people", pa.table({"who": pa.array([7, 7, 12345678901], pa.int64())}))
    found = engine.subjects(plan(contract(location, subject_key="who")), KEYS[:1])
    assert found[KEYS[0].id] == hashed(["7", "12345678901"], KEYS[0])


def test_a_table_without_the_subject_column_is_refused_by_name(engine: IbisEngine, put: Any):
    location = put("people", pa.table({"who": pa.array(["ann"])}))
    with pytest.raises(SourceUnavailable, match="subject column 'person' is not in the table"):
        engine.subjects(plan(contract(location, subject_key="person")), KEYS)


def at(days: int) -> datetime:
    """So many days before the end of the night, as the ledgers hold it: naive, in UTC."""
    return (AS_OF - timedelta(days=days)).replace(tzinfo=None)


def record(who: str, days: int, status: str = "given", **changes: Any) -> Record:
    return Record(who, status=status, begins=at(days), made=at(days), **changes)


RECORDS = [
    record("ann", 60),
    record("bob", 60),
    record("bob", 30, "withdrawn"),
    record("cleo", 60),
    record("cleo", 2, "withdrawn"),
    record("dan", 30, "withdrawn"),
    record("dan", 2),
    record("eve", 30, "withdrawn", purpose="another"),
    record("fay", -3, "withdrawn"),
]


def test_those_who_have_withdrawn_are_told_as_of_a_moment_and_since_one(engine: IbisEngine, put: Any):
    location = put("ledger", ledger_table(RECORDS))
    night = (AS_OF - timedelta(days=1)).date()
    asked = replace(plan(contract(location), night, consent=ConsentPlan(LEDGER, location)), as_of=AS_OF)
    key = KEYS[0]

    def told(as_of: datetime = AS_OF, since: datetime | None = None) -> SubjectSet:
        return engine.withdrawn(replace(asked, as_of=as_of), "model_training", [key], since)[key.id]

    assert told() == hashed(["bob", "cleo"], key)
    assert told(since=AS_OF - timedelta(days=7)) == hashed(["cleo"], key)
    assert told(since=AS_OF - timedelta(days=1)) == hashed([], key)
    assert told(as_of=AS_OF - timedelta(days=7)) == hashed(["bob", "dan"], key)
    assert told(as_of=AS_OF + timedelta(days=7)) == hashed(["bob", "cleo", "fay"], key)
