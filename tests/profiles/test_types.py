"""Columns of every type: measured rightly, or named with the reason while the rest is measured."""

from __future__ import annotations

import duckdb
import psycopg
import pytest

from governance_pipeline.charter.contract import Column, Location
from tests.profiles.support import contract, scan

DUCKDB_TYPES = {
    "tiny": ("TINYINT", "(i % 5)::TINYINT"),
    "ubig": ("UBIGINT", "18446744073709551615 - i"),
    "huge": ("HUGEINT", "170141183460469231731687303715884105727 - i"),
    "uhuge": ("UHUGEINT", "340282366920938463463374607431768211455"),
    "money": ("DECIMAL(18,2)", "(i / 4)::DECIMAL(18,2)"),
    "small": ("FLOAT", "(i / 4)::FLOAT"),
    "yes": ("BOOLEAN", "i % 2 = 0"),
    "word": ("VARCHAR", "'w' || (i % 3)"),
    "day": ("DATE", "DATE '2026-01-01' + i::INTEGER"),
    "clock": ("TIME", "TIME '10:00:00' + INTERVAL (i) MINUTE"),
    "naive": ("TIMESTAMP", "TIMESTAMP '2026-01-01' + INTERVAL (i) HOUR"),
    "nanos": ("TIMESTAMP_NS", "TIMESTAMP_NS '2026-01-01 00:00:00.123456789'"),
    "zoned": ("TIMESTAMPTZ", "TIMESTAMPTZ '2026-01-01 00:00:00+02'"),
    "span": ("INTERVAL", "INTERVAL (i) DAY"),
    "bytes": ("BLOB", "'ab'::BLOB"),
    "bits": ("BIT", "'101'::BIT"),
    "uuid": ("UUID", "'00000000-0000-0000-0000-00000000000' || i % 3"),
    "mood": ("ENUM('sad','glad')", "CASE WHEN i < 4 THEN 'sad' ELSE 'glad' END"),
    "list": ("INTEGER[]", "[i::INTEGER, 2]"),
    "fixed": ("INTEGER[2]", "[i, 2]::INTEGER[2]"),
    "nested": ("STRUCT(a INTEGER, b VARCHAR[])", "{'a': i::INTEGER, 'b': ['x']}"),
    "map": ("MAP(VARCHAR, INTEGER)", "MAP {'k': i::INTEGER}"),
    "json": ("JSON", "'{\"a\": 1}'"),
    "union": ("UNION(n INTEGER, s VARCHAR)", "i::INTEGER"),
    "none": ("INTEGER", "NULL"),
}


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    root = tmp_path_factory.mktemp("types")
    columns = ", ".join(f'({value})::{type_} AS "{name}"' for name, (type_, value) in DUCKDB_TYPES.items())
    with duckdb.connect(str(root / "t.duckdb")) as connection:
        connection.execute(f"CREATE TABLE t AS SELECT {columns} FROM range(8) r(i)")
    return scan(root, contract(Location("duckdb", path="t.duckdb", table="t")))


@pytest.mark.parametrize("name", DUCKDB_TYPES)
def test_every_type_is_measured_or_named(profile, name):
    assert name in profile.columns or profile.unmeasured[name]
    assert name in dict(profile.schema)
    column = profile.columns[name]
    assert (column.rows, column.nulls) == (8, 8 if name == "none" else 0)


@pytest.mark.parametrize(
    ("name", "low", "high", "mean"),
    [
        ("tiny", 0, 4, 1.625),
        ("ubig", 18446744073709551608, 18446744073709551615, 1.8446744073709552e19),
        ("huge", 1.7014118346046923e38, 1.7014118346046923e38, 1.7014118346046923e38),
        ("uhuge", 3.402823669209385e38, 3.402823669209385e38, 3.402823669209385e38),
        ("money", 0, 1.75, 0.875),
        ("small", 0, 1.75, 0.875),
    ],
)
def test_numbers_of_every_width_have_bounds_and_moments(profile, name, low, high, mean):
    column = profile.columns[name]
    assert column.kind == "number"
    assert column.minimum == float(low)
    assert column.maximum == float(high)
    assert column.mean == pytest.approx(mean)
    assert column.histogram.total == 8


def test_times_have_bounds_as_text(profile):
    assert (profile.columns["day"].minimum, profile.columns["day"].maximum) == ("2026-01-01", "2026-01-08")
    assert profile.columns["clock"].maximum == "10:07:00"
    assert profile.columns["naive"].maximum == "2026-01-01 07:00:00"
    assert profile.columns["zoned"].minimum.startswith("2025-12-31 22:00:00")


def test_texts_of_every_kind_are_counted_by_value(profile):
    assert profile.columns["word"].categories == {"w0": 3, "w1": 3, "w2": 2}
    assert profile.columns["mood"].categories == {"sad": 4, "glad": 4}
    assert sum(profile.columns["uuid"].categories.values()) == 8
    assert profile.columns["yes"].categories == {"true": 4, "false": 4}


def test_nested_and_binary_values_are_counted_only(profile):
    for name in ("list", "fixed", "nested", "map", "bytes", "bits", "span", "json", "union"):
        assert profile.columns[name].kind == "other"
        assert not profile.columns[name].categories


def test_postgres_types_are_measured_or_named(postgres_url, tmp_path):
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TYPE mood AS ENUM ('sad', 'glad')")
        connection.execute("CREATE DOMAIN brief AS text CHECK (length(value) < 5)")
        connection.execute(
            """CREATE TABLE t AS SELECT i AS id, CASE WHEN i < 3 THEN 'sad' ELSE 'glad' END::mood AS feeling,
            'ab'::brief AS small, 12.50::money AS cash, '{"a": 1}'::json AS doc, '{"a": 1}'::jsonb AS docb,
            ARRAY[1, 2] AS list, '\\xdead'::bytea AS bytes, '1 day'::interval AS span,
            '10.0.0.1'::inet AS host,
            int4range(1, 3) AS ranged, point(1, 2) AS place, gen_random_uuid() AS uuid,
            1e300::numeric * i AS wide, 1e400::numeric AS wider, 'NaN'::numeric AS odd,
            to_tsvector('a b') AS words, '10:00+02'::timetz AS clock FROM generate_series(1, 4) i"""
        )
    profile = scan(
        tmp_path, contract(Location("sql", connection="pg", schema="public", table="t")), url=postgres_url
    )
    assert profile.rows == 4, profile.unmeasured
    assert profile.columns["feeling"].categories == {"glad": 2, "sad": 2}
    assert profile.columns["small"].categories == {"ab": 4}
    assert profile.columns["host"].kind == "category"
    assert profile.columns["wide"].maximum == 4e300
    assert profile.columns["odd"].nans == 4
    for name in ("doc", "docb", "list", "bytes", "span", "ranged"):
        assert (profile.columns[name].kind, profile.columns[name].nulls) == ("other", 0)
    assert {name for name, _ in profile.schema} == set(profile.columns) | {"cash", "wider"}
    assert set(profile.unmeasured) == {"cash", "wider", "wide"}


def test_personal_values_are_kept_only_where_enough_people_share_them(tmp_path):
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT CASE WHEN i < 50 THEN 'Paris' WHEN i < 60 THEN 'Ulm' ELSE 'Nice' END"
            " AS town, 'person ' || i AS name, i % 7 AS age FROM range(80) r(i)"
        )
    columns = (Column("town", personal=True), Column("name"), Column("age", personal=True))
    profile = scan(tmp_path, contract(Location("duckdb", path="t.duckdb", table="t"), *columns))
    assert profile.columns["town"].categories == {"Paris": 50, "Nice": 20}
    assert profile.columns["town"].other == 10
    assert profile.columns["name"].categories == {}
    assert profile.columns["age"].categories == {}
    assert profile.columns["age"].histogram.total == 80


def test_of_many_values_only_the_shared_and_frequent_are_kept(tmp_path):
    with duckdb.connect(str(tmp_path / "t.duckdb")) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT CASE WHEN i < 600 THEN 'common' WHEN i < 620 THEN 'shared'"
            " ELSE 'rare ' || i // 2 END AS word, repeat('x', 300) AS essay FROM range(1000) r(i)"
        )
    profile = scan(tmp_path, contract(Location("duckdb", path="t.duckdb", table="t")))
    word = profile.columns["word"]
    assert word.categories == {"common": 600, "shared": 20}
    assert word.other == 380
    assert word.distinct == 192
    assert profile.columns["essay"].categories == {}
    assert profile.columns["essay"].other == 1000
