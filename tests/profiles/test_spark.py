"""What is Spark's own: its URLs, its types, its errors, and that it starts and ends cleanly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Location, QualityRule
from governance_pipeline.charter.settings import Connection
from governance_pipeline.errors import ScanTimedOut, SourceUnavailable, UsageError
from governance_pipeline.profiles import spark_application
from governance_pipeline.profiles.connect import _secrets
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.spark import SparkSessions
from governance_pipeline.profiles.spark_address import SparkAddress, is_spark, spark_address
from tests.profiles.support import contract, plan, scan, settings, write
from tests.spark import LIMITS, NEEDS_SPARK, in_catalog


def needs_spark(test: Callable[..., None]) -> Callable[..., None]:
    for mark in NEEDS_SPARK:
        test = mark(test)
    return test


TWO = pa.table({"x": [1.0, 2.0]})


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("spark://local", SparkAddress("local")),
        ("spark://h:7077", SparkAddress("spark://h:7077")),
        ("spark://h1:7077,h2:7077", SparkAddress("spark://h1:7077,h2:7077")),
        ("sc://h:15002/;token=t;use_ssl=true", SparkAddress("sc://h:15002/;token=t;use_ssl=true")),
        (
            "spark://local?catalog=lake&spark.sql.b=2&spark.sql.a=x%3D1",
            SparkAddress("local", (("spark.sql.a", "x=1"), ("spark.sql.b", "2")), "lake"),
        ),
    ],
)
def test_a_url_says_which_spark_and_how(url: str, address: SparkAddress) -> None:
    assert is_spark(url)
    assert spark_address(url) == address
    assert address.remote == url.startswith("sc:")


def test_other_databases_are_not_taken_for_spark() -> None:
    assert not any(map(is_spark, ("postgresql://h/d", "duckdb:///x", "databricks://h", "local")))


@pytest.mark.parametrize(
    "url", ["spark://", "sc://", "spark://h?password=hunter2", "spark://h?memory=hunter2"]
)
def test_a_url_that_is_not_understood_is_refused_without_its_values(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        spark_address(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sc://h:15002/;token=hunter2;user_id=carl",
        "sc://h/;use_ssl=true;x-api-key=hunter2",
        "spark://local?spark.hadoop.fs.s3a.secret.key=hunter2",
        "spark://h:7077?spark.hadoop.fs.azure.sas.token.x=hunter2",
    ],
)
def test_secrets_of_a_spark_url_are_known(url: str) -> None:
    assert "hunter2" in _secrets(url)


# --- what is missing ------------------------------------------------------------------------------


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process in which Spark was not started."""
    monkeypatch.setattr(spark_application, "_running", [])
    monkeypatch.setattr("pyspark.SparkContext._active_spark_context", None)


@pytest.mark.usefixtures("no_driver")
def test_without_java_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SourceUnavailable, match="needs Java 17 or newer, and there is none") as caught:
        SparkSessions().open(SparkAddress("local"), LIMITS)
    assert "openjdk-17-jre-headless" in caught.value.hint


def test_without_pyspark_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setattr(spark_application, "_running", [])
    with pytest.raises(SourceUnavailable, match="PySpark, or a package that it needs, is not") as caught:
        SparkSessions().open(SparkAddress("local"), LIMITS)
    assert "governance-pipeline[spark]" in caught.value.hint
    with pytest.raises(SourceUnavailable) as caught:
        SparkSessions().open(spark_address("sc://h"), LIMITS)
    assert "pyspark[connect]" in caught.value.hint


def test_files_are_read_through_no_other_connection(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "d.duckdb")).close()
    made = {"connections": {"duck": Connection(url=f"duckdb://{tmp_path}/d.duckdb")}}
    engine = IbisEngine(settings().model_copy(update=made), tmp_path, {})
    with pytest.raises(
        SourceUnavailable, match="s3a://b/x cannot be read: the connection 'duck' is no Spark"
    ):
        engine.scan(plan(contract(Location("parquet", path="s3a://b/x", connection="duck"))))
    engine.close()


# --- a running Spark ------------------------------------------------------------------------------


@pytest.fixture
def lake(spark_url: str, tmp_path: Path) -> Iterator[IbisEngine]:
    engine = IbisEngine(settings(spark_url), tmp_path, {})
    yield engine
    engine.close()


def run(engine: IbisEngine, root: Path, *statements: str) -> Location:
    """Run statements in a schema of the test's own; where its table ``t`` is."""
    in_root = in_catalog(_url(engine), root, "given", TWO)
    location = Location("sql", connection="pg", schema=in_root.schema, table="t")
    with engine._connections.session(location) as session:
        session.rows(f"USE {in_root.schema}")
        for statement in statements:
            session.rows(statement)
    return location


def _url(engine: IbisEngine) -> str:
    return engine._settings.connections["pg"].url


TYPES = {
    "tiny": "CAST(id % 5 AS TINYINT)", "short": "CAST(id AS SMALLINT)", "single": "CAST(id / 4 AS FLOAT)",
    "money": "CAST(id / 4 AS DECIMAL(18, 2))", "wide": "CAST('1e30' AS DECIMAL(38, 0)) + id",
    "yes": "id % 2 = 0", "word": "CONCAT('w', id % 3)", "none": "CAST(NULL AS INT)",
    "day": "DATE_ADD(DATE'2026-01-01', CAST(id AS INT))", "zoned": "TIMESTAMP'2026-01-01 00:00:00+02:00'",
    "naive": "TIMESTAMP_NTZ'2026-01-01 10:00:00.5'", "bytes": "CAST('ab' AS BINARY)", "list": "ARRAY(id, 2)",
    "map": "MAP('k', id)", "nested": "NAMED_STRUCT('a', id, 'b', ARRAY('x'))",
    "span": "MAKE_DT_INTERVAL(1, 2)", "variant": "PARSE_JSON('{\"a\": 1}')",
}  # fmt: skip


@needs_spark
def test_every_type_is_measured_or_counted(lake: IbisEngine, tmp_path: Path) -> None:
    columns = ", ".join(f"{value} AS {name}" for name, value in TYPES.items())
    profile = lake.scan(
        plan(contract(run(lake, tmp_path, f"CREATE VIEW t AS SELECT {columns} FROM range(8)")))
    )
    assert not profile.unmeasured
    assert set(profile.columns) == set(TYPES)
    for name, column in profile.columns.items():
        assert (column.rows, column.nulls) == (8, 8 if name == "none" else 0)
    found = {
        name: (c.minimum, c.maximum, c.mean) for name, c in profile.columns.items() if c.kind == "number"
    }
    assert found["tiny"] == (0, 4, 1.625)
    assert found["single"] == found["money"] == (0, 1.75, 0.875)
    assert found["wide"][0] == 1e30
    assert profile.columns["word"].categories == {"w0": 3, "w1": 3, "w2": 2}
    assert profile.columns["yes"].categories == {"true": 4, "false": 4}
    assert profile.columns["day"].maximum == "2026-01-08"
    assert profile.columns["zoned"].minimum == "2025-12-31 22:00:00+00"
    assert profile.columns["naive"].minimum == "2026-01-01 10:00:00.5"
    kinds = {name: column.kind for name, column in profile.columns.items()}
    assert [name for name, kind in kinds.items() if kind == "other"] == [
        "bytes", "list", "map", "nested", "span", "variant"
    ]  # fmt: skip


@needs_spark
def test_text_that_spark_can_read_as_times_is_read(lake: IbisEngine, tmp_path: Path) -> None:
    at = ["2026-03-10T10:00:00Z", "2026-03-10 12:00:00", "2026-03-10", "soon", None]
    where = in_catalog(_url(lake), tmp_path, "t", pa.table({"at": at}))
    profile = lake.scan(plan(contract(where, event_time="at"), night=date(2026, 3, 10)))
    assert profile.watermark == datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert (profile.tonight_rows, profile.undated_rows) == (3, 2)


@needs_spark
def test_files_that_came_since_are_read_and_columns_matched_by_name(lake: IbisEngine, tmp_path: Path) -> None:
    of = contract(Location("parquet", path=str(tmp_path / "*.parquet"), connection="pg"))
    write("parquet", tmp_path, TWO, name="a")
    assert lake.scan(plan(of)).rows == 2
    write("parquet", tmp_path, pa.table({"y": ["new"], "x": [3.0]}), name="b")
    profile = lake.scan(plan(of))
    assert (profile.rows, profile.columns["x"].maximum, profile.columns["y"].nulls) == (3, 3.0, 2)


@needs_spark
def test_a_projects_folder_may_have_a_name_with_brackets(spark_url: str, tmp_path: Path) -> None:
    root = tmp_path / "a[b]{c}*"
    root.mkdir()
    write("parquet", root, TWO)
    of = contract(Location("parquet", path=str(root / "thing?.parquet"), connection="pg"))
    assert scan(root, of, url=spark_url).rows == 2


@needs_spark
def test_columns_whose_names_differ_by_case_are_two(lake: IbisEngine, tmp_path: Path) -> None:
    write("parquet", tmp_path, pa.table({"a": [1.0, 2.0], "A": [5.0, 5.0]}))
    profile = lake.scan(
        plan(contract(Location("parquet", path=str(tmp_path / "*.parquet"), connection="pg")))
    )
    assert (profile.columns["a"].mean, profile.columns["A"].mean) == (1.5, 5.0)


@needs_spark
def test_csv_files_are_read_with_their_types(lake: IbisEngine, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('n,word,day\n1,"a,b",2026-03-10\n2,,2026-03-09\n')
    profile = lake.scan(plan(contract(Location("csv", path=str(tmp_path / "a.csv"), connection="pg"))))
    assert dict(profile.schema) == {"n": "int32", "word": "string", "day": "date"}
    assert profile.columns["word"].categories == {"a,b": 1}
    assert profile.columns["word"].nulls == 1


@needs_spark
def test_what_is_missing_or_broken_is_named(lake: IbisEngine, tmp_path: Path) -> None:
    gone = Location("sql", connection="pg", schema="nowhere", table="t")
    with pytest.raises(SourceUnavailable, match=r"table nowhere.t is not in connection 'pg'"):
        lake.scan(plan(contract(gone)))
    with pytest.raises(SourceUnavailable, match=r"gone\.parquet cannot be read: PATH_NOT_FOUND"):
        lake.scan(plan(contract(Location("parquet", path=str(tmp_path / "gone.parquet"), connection="pg"))))
    (tmp_path / "bad.parquet").write_text("no parquet at all")
    with pytest.raises(
        SourceUnavailable, match=r"bad\.parquet cannot be read: (CANNOT_READ|FAILED_READ)_FILE"
    ):
        lake.scan(plan(contract(Location("parquet", path=str(tmp_path / "bad.parquet"), connection="pg"))))


@needs_spark
def test_an_error_never_quotes_a_value_and_costs_its_column_only(
    lake: IbisEngine, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    where = run(
        lake,
        tmp_path,
        "CREATE TABLE words USING parquet AS SELECT 'the secret' AS word",
        "CREATE VIEW t AS SELECT CAST(word AS INT) AS n, 1.5 AS x FROM words",
    )
    profile = lake.scan(plan(contract(where)))
    assert profile.columns["x"].mean == 1.5
    assert profile.unmeasured == {"n": "CAST_INVALID_INPUT"}
    assert capfd.readouterr() == ("", "")
    folder = spark_application._running[0].folder
    assert folder is not None
    assert "secret" not in (folder / "start.log").read_text()


HARMFUL = {
    "another file": "SELECT count(*) FROM parquet.`{root}/given.parquet`",
    "a program": "SELECT TRANSFORM(x) USING 'cat' AS (y) FROM ${{table}}",
    "java": "SELECT length(reflect('java.lang.System', 'getProperty', 'user.home'))",
    "java by another name": "SELECT length(java_method('java.lang.System', 'lineSeparator'))",
    "a change": "INSERT INTO ${{table}} VALUES (3.0)",
    "a drop": "DROP TABLE ${{table}}",
}


@needs_spark
def test_a_query_of_a_contract_reaches_neither_files_nor_programs(lake: IbisEngine, tmp_path: Path) -> None:
    where = in_catalog(_url(lake), tmp_path, "given", TWO)
    rules = [
        QualityRule(name, None, "sql", "mustBe", 0, query=query.format(root=tmp_path))
        for name, query in {**HARMFUL, "own": "SELECT max(x) FROM ${{table}}"}.items()
    ]
    found = {tally.rule: tally for tally in lake.scan(plan(contract(where, rules=tuple(rules)))).rules}
    assert found.pop("own").value == 2.0
    assert set(found) == set(HARMFUL)
    assert all(tally.error and tally.value is None for tally in found.values()), found
    assert lake.scan(plan(contract(where))).rows == 2


@needs_spark
def test_settings_of_the_driver_are_not_put_into_statements(lake: IbisEngine, tmp_path: Path) -> None:
    where = in_catalog(_url(lake), tmp_path, "given", TWO)
    with lake._connections.session(where) as session:
        assert session.rows("SELECT '${spark.app.name} ${env:HOME}'") == [("${spark.app.name} ${env:HOME}",)]


@needs_spark
def test_instants_are_told_in_utc_whatever_the_zone_of_this_machine(
    lake: IbisEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = in_catalog(_url(lake), tmp_path, "given", TWO)
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        with lake._connections.session(where) as session:
            ((found, again),) = session.rows("SELECT TIMESTAMP'2026-07-01 12:00:00Z', 1 AS x")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (found, again) == (datetime(2026, 7, 1, 12, tzinfo=UTC), 1)


@needs_spark
def test_a_scan_past_its_time_is_cut_off_and_the_engine_goes_on(spark_url: str, tmp_path: Path) -> None:
    quick = in_catalog(spark_url, tmp_path, "quick", TWO)
    engine = IbisEngine(settings(spark_url, table_timeout_seconds=1.5), tmp_path, {})
    slow = run(engine, tmp_path, "CREATE VIEW t AS SELECT sin(id) AS x FROM range(1000000000000)")
    with pytest.raises(ScanTimedOut, match=r"lending.things took longer than the 1.5 seconds"):
        engine.scan(plan(contract(slow)))
    with engine._connections.session(slow) as session:
        assert session.backend.spark.sparkContext.statusTracker().getActiveJobsIds() == []
    engine.close()
    assert scan(tmp_path, contract(quick), url=spark_url).columns["x"].mean == 1.5


@needs_spark
def test_engines_share_one_driver_and_another_spark_is_refused(spark_url: str, tmp_path: Path) -> None:
    where = in_catalog(spark_url, tmp_path, "given", TWO)
    assert scan(tmp_path, contract(where), url=spark_url).rows == 2  # opened and closed
    assert scan(tmp_path, contract(where), url=spark_url).rows == 2
    with pytest.raises(SourceUnavailable, match="already drives another Spark") as caught:
        scan(tmp_path, contract(where), url="spark://elsewhere:7077")
    assert "sc://" in caught.value.hint


_ALONE = """
import json, subprocess, sys, tempfile
from pathlib import Path
import pyarrow as pa
from governance_pipeline.charter.contract import Column, Location, QualityRule
from governance_pipeline.profiles.engine import IbisEngine
from tests.profiles.support import contract, plan, settings, write

root = Path(sys.argv[1])
temp = root / "temp"
temp.mkdir()
tempfile.tempdir = str(temp)
url = "spark://local?spark.hadoop.fs.s3a.secret.key=hunter2&spark.driver.extraJavaOptions=-Dgiven=1"
where = write("spark", root, pa.table({"x": [1.0, 2.0]}))
engine = IbisEngine(settings(url, memory="512MB"), root, {})
rule = QualityRule("r", "x", "invalidValues", "mustBe", 0, arguments={"multipleOf": 1})
profile = engine.scan(plan(contract(where, rules=(rule,))))
with engine._connections.session(where) as session:
    context = session.backend.spark.sparkContext
    machine = context._gateway.proc
    told = {
        "secret": context.getConf().get("spark.hadoop.fs.s3a.secret.key"),
        "given": context._jvm.java.lang.System.getProperty("given"),
        "memory": context.getConf().get("spark.driver.memory"),
    }
seen = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
engine.close()
print(json.dumps({
    **told, "rows": profile.rows, "failing": profile.rules[0].failing, "ended": machine.poll() is not None,
    "seen": [b"hunter2" in line for line in seen if b"java\\0" in line and b"Dgiven" in line],
    "left": [str(path) for path in temp.iterdir()], "here": [str(path) for path in Path.cwd().iterdir()],
}))
"""


_KILLED = """
import os, signal, sys, tempfile
from governance_pipeline.profiles.spark_address import SparkAddress
from governance_pipeline.profiles.spark_application import hold
from tests.spark import LIMITS

tempfile.tempdir = sys.argv[1]
spark = hold(SparkAddress("local"), LIMITS)
print(spark.sparkContext._gateway.proc.pid, os.listdir(sys.argv[1]), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@needs_spark
def test_a_killed_process_leaves_no_machine_and_no_file(spark_url: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    machine, _, there = done.stdout.partition(" ")
    assert "governance-spark-" in there
    deadline = time.monotonic() + 60
    while Path("/proc", machine).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path("/proc", machine).exists()
    assert list(tmp_path.iterdir()) == []


@needs_spark
def test_a_closed_engine_leaves_no_machine_no_file_and_no_secret_in_sight(
    spark_url: str, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ALONE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path / "here",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert json.loads(done.stdout) == {
        "secret": "hunter2", "given": "1", "memory": "512m", "rows": 2, "failing": 0, "ended": True,
        "seen": [False], "left": [], "here": [],
    }  # fmt: skip
    assert done.stderr == ""
