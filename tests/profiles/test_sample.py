# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.engine import IbisEngine
from tests.profiles.support import contract, plan, settings, write

TABLE = pa.table(
    {
        "x": [float(n) for n in range(500)],
        "money": pa.array([Decimal(n) / 4 for n in range(500)], pa.decimal128(12, 2)),
        "word": ["a", "b"] * 250,
        "at": pa.array([datetime(2026, 3, 10)] * 300 + [datetime(2026, 1, 1)] * 200, pa.timestamp("us")),
    }
)


@pytest.fixture
def engine(tmp_path):
    engine = IbisEngine(settings(sample_rows=100), tmp_path, {})
    yield engine
    engine.close()


def test_a_sample_is_bounded_and_of_the_window(tmp_path, engine):
    of = contract(write("parquet", tmp_path, TABLE), event_time="at")
    frame = engine.sample(plan(of), ("x", "word"), 40)
    assert list(frame.columns) == ["x", "word"]
    assert len(frame) == 40
    assert frame["x"].is_unique
    assert frame["x"].max() < 300
    assert len(engine.sample(plan(of), ("x",), 10_000)) == 100


def test_a_sample_of_numbers_is_floats(tmp_path, engine):
    frame = engine.sample(plan(contract(write("parquet", tmp_path, TABLE))), ("money",), 10)
    assert frame["money"].dtype == "float64"


def test_a_sample_on_postgres_is_one_too(tmp_path, postgres_url):
    location = write("postgres", tmp_path, TABLE.drop_columns("money"), postgres_url)
    engine = IbisEngine(settings(postgres_url), tmp_path, {})
    frame = engine.sample(plan(contract(location, event_time="at")), ("x", "word"), 40)
    assert len(frame) == 40
    assert set(frame["word"]) <= {"a", "b"}
    engine.close()


def test_a_sample_of_a_missing_column_is_refused(tmp_path, engine):
    with pytest.raises(SourceUnavailable, match="the column 'y' is not in the table"):
        engine.sample(plan(contract(write("parquet", tmp_path, TABLE))), ("y",), 10)
