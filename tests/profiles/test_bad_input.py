"""What goes wrong with a source is said plainly, and costs no other dataset anything."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.charter.contract import Calendar, Column, Location
from governance_pipeline.charter.settings import Connection
from governance_pipeline.errors import CannotEvaluate, ScanTimedOut, SourceUnavailable, UsageError
from governance_pipeline.profiles.engine import IbisEngine
from tests.profiles.support import contract, plan, scan, settings, write

GOOD = pa.table({"x": [1.0, 2.0]})


def test_a_missing_file_is_named_by_its_pattern(tmp_path):
    with pytest.raises(SourceUnavailable, match=r"no file matches data/\*\.parquet"):
        scan(tmp_path, contract(Location("parquet", path="data/*.parquet")))


@pytest.mark.parametrize("content", [b"", b"PAR1 is how it begins", b"x" * 4000])
def test_an_unreadable_parquet_file_is_named(tmp_path, content):
    pq.write_table(GOOD, tmp_path / "day1.parquet")
    (tmp_path / "day2.parquet").write_bytes(content)
    with pytest.raises(SourceUnavailable, match=r"day2\.parquet is not a Parquet file, or was cut off"):
        scan(tmp_path, contract(Location("parquet", path="*.parquet")))


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(SourceUnavailable, match="no file matches data"):
        scan(tmp_path, contract(Location("parquet", path="data")))


def test_an_empty_csv_file_is_an_empty_table_or_said_to_be_unreadable(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"")
    profile = scan(tmp_path, contract(Location("csv", path="t.csv"), Column("x", primary_key=True)))
    assert profile.rows == 0
    assert "'x' is not in the table" in profile.unmeasured["duplicate_keys"]


def test_a_missing_and_a_foreign_duckdb_file_are_named(tmp_path):
    with pytest.raises(SourceUnavailable, match=r"no DuckDB database at gone\.duckdb"):
        scan(tmp_path, contract(Location("duckdb", path="gone.duckdb", table="t")))
    (tmp_path / "text.duckdb").write_text("this is not a database" * 1000)
    with pytest.raises(SourceUnavailable, match=r"text\.duckdb cannot be read"):
        scan(tmp_path, contract(Location("duckdb", path="text.duckdb", table="t")))


def test_a_table_that_is_gone_is_named(tmp_path, postgres_url):
    duckdb.connect(str(tmp_path / "d.duckdb")).close()
    with pytest.raises(SourceUnavailable, match=r"the table main\.gone is not in d.duckdb"):
        scan(tmp_path, contract(Location("duckdb", path="d.duckdb", schema="main", table="gone")))
    with pytest.raises(SourceUnavailable, match=r"the table public\.gone is not in connection 'pg'"):
        scan(
            tmp_path,
            contract(Location("sql", connection="pg", schema="public", table="gone")),
            url=postgres_url,
        )


def test_an_unknown_connection_gets_a_suggestion(tmp_path):
    of = contract(Location("sql", connection="pgg", table="t"))
    with pytest.raises(SourceUnavailable, match="did you mean 'pg'"):
        scan(tmp_path, of, url="postgresql://nobody@localhost/none")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://carl:hunter2%21x@127.0.0.1:1/none",
        "postgresql://carl@127.0.0.1:1/none?password=hunter2!x",
        "${DATABASE}",
        "nonsense://carl:hunter2!x@127.0.0.1/none",
    ],
)
def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path, url):
    environ = {"DATABASE": "postgresql://carl:hunter2!x@127.0.0.1:1/none"}
    engine = IbisEngine(settings(url), tmp_path, environ)
    with pytest.raises(SourceUnavailable, match="connection 'pg' does not answer") as caught:
        engine.scan(plan(contract(Location("sql", connection="pg", table="t"))))
    shown = "".join(map(str, [caught.value, caught.value.hint, caught.value.__cause__]))
    assert "hunter2" not in shown
    assert caught.value.__suppress_context__


def test_an_unset_variable_is_named(tmp_path):
    engine = IbisEngine(settings("postgresql://u:${NO_SUCH}@h/d"), tmp_path, {})
    with pytest.raises(UsageError, match="NO_SUCH"):
        engine.scan(plan(contract(Location("sql", connection="pg", table="t"))))


def test_an_unknown_time_zone_is_named(tmp_path):
    with pytest.raises(CannotEvaluate, match="'Mars/Olympus', which is not known"):
        plan(contract(write("parquet", tmp_path, GOOD), calendar=Calendar(timezone="Mars/Olympus")))


def test_an_error_never_quotes_a_value(tmp_path):
    pq.write_table(pa.table({"x": [{"a": 1}]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": ["the secret of row one"]}), tmp_path / "b.parquet")
    with pytest.raises(SourceUnavailable) as caught:
        scan(tmp_path, contract(Location("parquet", path="*.parquet")))
    assert "secret" not in str(caught.value)
    assert "secret" not in str(caught.value.__cause__)


def test_columns_the_contract_names_and_the_table_lacks_are_named(tmp_path):
    of = contract(
        write("parquet", tmp_path, GOOD), Column("id", primary_key=True), event_time="at", subject_key="who"
    )
    profile = scan(tmp_path, of)
    assert "'at' that dates a record is not in the table" in profile.unmeasured["recency"]
    assert "'id' is not in the table" in profile.unmeasured["duplicate_keys"]
    assert "'who' is not in the table" in profile.unmeasured["subjects"]
    assert profile.subjects is None
    assert profile.columns["x"].mean == 1.5


def slow_duckdb(root):
    with duckdb.connect(str(root / "slow.duckdb")) as connection:
        connection.execute(
            "CREATE VIEW slow AS SELECT sin(a.range * b.range) AS x FROM range(1000000) a, range(1000000) b"
        )
        connection.execute("CREATE TABLE quick AS SELECT 1.5 AS x")
    return (Location("duckdb", path="slow.duckdb", table=name) for name in ("slow", "quick"))


def slow_postgres(url):
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "CREATE VIEW slow AS SELECT sin(i * 1.0) AS x FROM generate_series(1, 1000000000000) i"
        )
        connection.execute("CREATE TABLE quick AS SELECT 1.5::float8 AS x")
    return (Location("sql", connection="pg", schema="public", table=name) for name in ("slow", "quick"))


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_a_scan_past_its_time_is_cut_off_and_the_engine_goes_on(tmp_path, request, kind):
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else None
    slow, quick = slow_duckdb(tmp_path) if url is None else slow_postgres(url)
    engine = IbisEngine(settings(url, table_timeout_seconds=1.5), tmp_path, {})
    with pytest.raises(ScanTimedOut, match=r"lending.things took longer than the 1.5 seconds"):
        engine.scan(plan(contract(slow)))
    for _ in range(3):
        patient = replace(contract(quick), scan_timeout=60.0)
        assert engine.scan(plan(patient)).columns["x"].mean == 1.5
    engine.close()


def test_the_database_is_never_written_to(tmp_path, postgres_url):
    location = write("postgres", tmp_path, GOOD, postgres_url)
    engine = IbisEngine(settings(postgres_url), tmp_path, {})
    with engine._connections.session(location) as session:
        assert session.rows("SHOW default_transaction_read_only") == [("on",)]
        with pytest.raises(CannotEvaluate, match="ReadOnlySqlTransaction"):
            session.rows("DELETE FROM things")
    engine.close()


def test_nothing_is_left_behind_by_a_closed_engine(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temp"))
    (tmp_path / "temp").mkdir()
    scan(tmp_path, contract(write("parquet", tmp_path, GOOD)))
    assert list((tmp_path / "temp").iterdir()) == []


def test_a_connection_that_died_is_replaced(tmp_path, postgres_url):
    location = write("postgres", tmp_path, GOOD, postgres_url)
    engine = IbisEngine(settings(postgres_url), tmp_path, {})
    engine.scan(plan(contract(location)))
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    with pytest.raises(SourceUnavailable):
        engine.scan(plan(contract(location)))
    assert engine.scan(plan(contract(location))).rows == 2
    engine.close()


def test_a_parquet_file_without_columns_is_named(tmp_path):
    write("parquet", tmp_path, pa.table({"x": [1.0]}), name="good")
    write("parquet", tmp_path, pa.table({}), name="none")
    with pytest.raises(SourceUnavailable, match=r"none\.parquet is a Parquet file without columns") as caught:
        scan(tmp_path, contract(Location("parquet", path="*.parquet")))
    assert caught.value.hint == "repair or remove what is named, then run again"


def test_a_connection_may_be_a_duckdb_or_sqlite_url(tmp_path):
    with duckdb.connect(str(tmp_path / "d.duckdb")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 2.5 AS x, 'a' AS y")
    made = settings().model_copy(
        update={"connections": {"d": Connection(url=f"duckdb://{tmp_path}/d.duckdb")}}
    )
    engine = IbisEngine(made, tmp_path, {})
    profile = engine.scan(plan(contract(Location("sql", connection="d", table="t"))))
    assert profile.columns["x"].mean == 2.5
    engine.close()
