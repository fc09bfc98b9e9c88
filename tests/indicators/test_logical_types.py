import ibis.expr.datatypes as dt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.indicators.logical_types import ACCEPTED, base_name, conforms


@pytest.mark.parametrize(
    ("logical", "engine", "kept"),
    [
        ("string", "string", True),
        ("string", "!string", True),
        ("string", "character varying(20)", True),
        ("string", "int64", False),
        ("integer", "int64", True),
        ("integer", "uint8", True),
        ("integer", "decimal(10, 0)", True),
        ("integer", "numeric(10)", True),
        ("integer", "decimal(10, 2)", False),
        ("integer", "numeric", False),  # without a scale it may hold fractions
        ("integer", "float64", False),
        ("number", "float64", True),
        ("number", "decimal(10, 2)", True),
        ("number", "double precision", True),
        ("number", "int32", True),
        ("number", "string", False),
        ("boolean", "boolean", True),
        ("boolean", "int8", False),
        ("date", "date", True),
        ("date", "timestamp(6)", False),
        ("timestamp", "timestamp('UTC', 6)", True),
        ("timestamp", "timestamp with time zone", True),
        ("timestamp", "date", False),
        ("time", "time", True),
        ("array", "array<int64>", True),
        ("array", "integer[]", True),
        ("object", "struct<a: int64, b: array<string>>", True),
        ("object", "map<string, int64>", True),
        ("object", "string", False),
        ("", "anything", True),
    ],
)
def test_engine_types_keep_or_break_a_logical_type(logical: str, engine: str, kept: bool) -> None:
    assert conforms(logical, engine, {}) is kept


def test_a_date_with_hours_in_its_format_may_be_a_timestamp() -> None:
    assert conforms("date", "timestamp(6)", {"format": "yyyy-MM-dd HH:mm:ss"})
    assert not conforms("date", "date", {"format": "yyyy-MM-dd HH:mm:ss"})
    assert not conforms("date", "timestamp(6)", {"format": "yyyy-MM-dd"})


@pytest.mark.parametrize("logical", sorted(ACCEPTED))
def test_of_a_type_nobody_knows_nobody_can_tell(logical: str) -> None:
    assert conforms(logical, "mood", {}) is None


@pytest.mark.parametrize("logical", sorted(ACCEPTED))
def test_bytes_keep_no_promise(logical: str) -> None:
    assert conforms(logical, "binary", {}) is False


@pytest.mark.parametrize(
    ("dtype", "logical"),
    [
        (dt.int8, "integer"),
        (dt.uint64, "integer"),
        (dt.Decimal(18, 0), "integer"),
        (dt.Decimal(10, 2), "number"),
        (dt.Decimal(), "number"),
        (dt.float32, "number"),
        (dt.String(nullable=False), "string"),
        (dt.uuid, "string"),
        (dt.inet, "string"),
        (dt.boolean, "boolean"),
        (dt.date, "date"),
        (dt.Timestamp("America/New_York", 6), "timestamp"),
        (dt.Timestamp(scale=3), "timestamp"),
        (dt.time, "time"),
        (dt.Array(dt.string), "array"),
        (dt.Struct({"a": dt.Array(dt.int64)}), "object"),
        (dt.json, "object"),
    ],
)
def test_the_names_that_ibis_gives_are_read(dtype: dt.DataType, logical: str) -> None:
    kept = {name for name in ACCEPTED if conforms(name, str(dtype), {})}
    assert kept == ({"integer", "number"} if logical == "integer" else {logical})


def test_a_logical_type_nobody_knows_is_kept_by_nothing() -> None:
    assert conforms("money", "float64", {}) is False


@given(st.text())
def test_any_text_is_read_as_some_type(text: str) -> None:
    assert base_name(text) == base_name(f"!{text}") or text.startswith("!") or not text.strip()
