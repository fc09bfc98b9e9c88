"""Quality rules, with pandera on the rows themselves as the oracle."""

# ruff: noqa: DTZ001 - the tables hold naive times on purpose: they are read as UTC

from __future__ import annotations

import math
from datetime import date, datetime

import numpy as np
import pandas as pd
import pandera.pandas as pa_pandas
import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import Column, QualityRule
from governance_pipeline.profiles.profile import RuleTally
from governance_pipeline.profiles.rules import answer
from governance_pipeline.testing import a_profile
from tests.profiles.support import KINDS, contract, scan, statements_of, url_of, write

ROWS = 300


def people() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    income = rng.normal(50, 20, ROWS).round(2)
    income[:7] = np.nan
    return pd.DataFrame(
        {
            "id": np.r_[np.arange(ROWS - 4), [1, 2, 3, 3]],
            "income": pa.array(income, from_pandas=True).to_pandas(),
            "age": rng.integers(15, 95, ROWS),
            "grade": pd.array(rng.choice(["a", "b", "c", "?", None], ROWS), dtype="str"),
            "code": pd.array([f"AB-{i:04d}" if i % 9 else f"ab{i}" for i in range(ROWS)], dtype="str"),
            "year": rng.integers(2018, 2027, ROWS),
            "joined": [datetime(2026, 1, 1 + i % 28) for i in range(ROWS)],
        }
    ).astype({"joined": "datetime64[us]"})


def rule(name, column, metric, operator="mustBe", bound=0.0, query="", **arguments) -> QualityRule:
    return QualityRule(name, column, metric, operator, bound, query=query, arguments=arguments)


# rule -> the pandera check that says the same
IS, Check = rule, pa_pandas.Check
CODE = r"^[A-Z]{2}-\d{4}$"
DAY = "2026-01-10"
CHECKS = {
    "required": (IS("r", "income", "nullValues"), None),
    "unique": (IS("r", "id", "duplicateValues"), None),
    "minimum kept": (IS("r", "age", "invalidValues", minimum=15), Check.ge(15)),
    "minimum broken": (IS("r", "income", "invalidValues", minimum=40), Check.ge(40)),
    "maximum broken": (IS("r", "income", "invalidValues", maximum=60), Check.le(60)),
    "exclusive minimum": (IS("r", "age", "invalidValues", exclusiveMinimum=15), Check.gt(15)),
    "exclusive maximum": (IS("r", "age", "invalidValues", exclusiveMaximum=94), Check.lt(94)),
    "valid values": (IS("r", "grade", "invalidValues", validValues=["a", "b"]), Check.isin(["a", "b"])),
    "valid numbers": (
        IS("r", "age", "invalidValues", validValues=list(range(20, 60))), Check.isin(list(range(20, 60)))),
    "pattern": (IS("r", "code", "invalidValues", pattern=CODE), Check.str_contains(CODE)),
    "minLength": (IS("r", "code", "invalidValues", minLength=5), Check.str_length(min_value=5)),
    "maxLength": (IS("r", "code", "invalidValues", maxLength=4), Check.str_length(max_value=4)),
    "earliest day": (IS("r", "joined", "invalidValues", minimum=DAY), Check.ge(pd.Timestamp(DAY))),
    "pandera in_range": (
        IS("r", "income", "pandera", check="in_range", min_value=30, max_value=70), Check.in_range(30, 70)),
    "pandera startswith": (
        IS("r", "code", "pandera", check="str_startswith", string="AB"), Check.str_startswith("AB")),
    "pandera notin": (
        IS("r", "year", "pandera", check="notin", forbidden_values=[2020, 2021]), Check.notin([2020, 2021])),
    "pandera ne": (IS("r", "age", "pandera", check="ne", value=33), Check.ne(33)),
}  # fmt: skip


def by_pandera(frame: pd.DataFrame, name: str) -> int:
    """How many rows fail by pandera's own count of failure cases."""
    asked, check = CHECKS[name]
    column = pa_pandas.Column(
        checks=[check] if check else None,
        nullable=name != "required",
        unique=name == "unique",
        report_duplicates="exclude_first",
    )
    try:
        pa_pandas.DataFrameSchema({asked.column: column}).validate(frame, lazy=True)
    except pa_pandas.errors.SchemaErrors as errors:
        return len(errors.failure_cases)
    return 0


@pytest.fixture(params=KINDS)
def run(request, tmp_path):
    url = url_of(request.param, request)

    def scanned(frame, *rules, **changes):
        location = write(request.param, tmp_path, frame, url)
        return scan(tmp_path, contract(location, rules=rules, **changes), url=url)

    return scanned


def test_rules_fail_for_as_many_rows_as_pandera_says(run):
    from dataclasses import replace

    frame = people()
    rules = [replace(asked, id=name) for name, (asked, _) in CHECKS.items()]
    tallies = {tally.rule: tally for tally in run(frame, *rules).rules}
    assert list(tallies) == list(CHECKS)
    expected = {name: RuleTally(name, ROWS, by_pandera(frame, name)) for name in CHECKS}
    assert tallies == expected
    assert sum(tally.failing > 0 for tally in tallies.values()) > 12


def test_rules_look_at_the_rows_of_the_window(run):
    at = [datetime(2026, 3, 10), datetime(2026, 3, 9), datetime(2026, 1, 1)]
    table = pa.table({"x": ["a", None, None], "at": pa.array(at, pa.timestamp("us"))})
    profile = run(
        table,
        rule("nulls", "x", "nullValues"),
        rule("words", "x", "invalidValues", pattern="b"),
        rule("rows", None, "rowCount", "mustBeGreaterThan", 2.0),
        event_time="at",
    )
    assert profile.rules == (
        RuleTally("nulls", 2, 1),
        RuleTally("words", 2, 1),
        RuleTally("rows", 3, 0, value=3.0),
    )


def test_values_that_must_not_repeat_together_are_counted(run):
    table = pa.table({"a": [1, 1, 1, 2, None, None], "b": ["x", "x", "x", "x", "y", "y"]})
    both = rule("pair", None, "duplicateValues", properties=["a", "b"])
    lost = rule("lost", None, "duplicateValues", properties=["a", "c"])
    found = run(table, both, lost).rules
    assert found[0] == RuleTally("pair", 6, 2)
    assert "'c' is not in the table" in found[1].error


@pytest.mark.parametrize(("ids", "repeated"), [([1, 2, 3], 0), ([1, 2, 2], 1)])
def test_a_key_that_repeats_nowhere_answers_the_rule_that_it_must_not(tmp_path, monkeypatch, ids, repeated):
    statements = statements_of(monkeypatch)
    key, pair, other = (
        rule("key", "id", "duplicateValues"),
        rule("pair", None, "duplicateValues", properties=["x", "id"]),
        rule("other", "x", "duplicateValues"),
    )
    location = write("parquet", tmp_path, pa.table({"id": ids, "x": ["a", "b", "b"]}))
    of = contract(location, Column("id", primary_key=True), rules=(key, pair, other))
    profile = scan(tmp_path, of)
    assert [tally.failing for tally in profile.rules] == [repeated, repeated, 1]
    assert {tally.checked for tally in profile.rules} == {3}
    assert sum("DISTINCT c1, c0" in one for one in statements) == repeated


@pytest.mark.parametrize("run", ["parquet", "duckdb", "postgres"], indirect=True)
@pytest.mark.parametrize(("value", "repeated"), [(1.0, 1), (math.nan, 0)])
def test_nan_repeats_nothing(run, value, repeated):
    table = pa.table({"x": pa.array([math.nan, math.nan, value, value, None], pa.float64()), "k": ["a"] * 5})
    alone = rule("alone", "x", "duplicateValues")
    both = rule("both", None, "duplicateValues", properties=["x", "k"])
    assert [tally.failing for tally in run(table, alone, both).rules] == [repeated, repeated]


def test_stand_ins_for_missing_values_are_counted(run):
    table = pa.table({"x": ["a", "n/a", "-", None, "n/a"]})
    (found,) = run(table, rule("m", "x", "missingValues", missingValues=[None, "n/a", "-"])).rules
    assert found.failing == 4


def test_stand_ins_among_many_values_are_counted(run):
    table = pa.table({"x": [f"value {i}" for i in range(200)] + ["n/a"] * 3 + [None]})
    (found,) = run(table, rule("m", "x", "missingValues", missingValues=[None, "n/a"])).rules
    assert found.failing == 4


def test_a_column_that_is_missing_is_an_error_not_a_pass(run):
    (found,) = run(pa.table({"x": [1]}), rule("m", "gone", "nullValues")).rules
    assert found.failing is None
    assert "'gone' is not in the table" in found.error


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (rule("r", "x", "invalidValues", pattern="("), "not a regular expression"),
        (rule("r", "n", "invalidValues", pattern="a"), "int64, and 'pattern' speaks of text"),
        (rule("r", "x", "invalidValues", minimum=3), "string, which has no bounds"),
        (rule("r", "x", "invalidValues", multipleOf=3), "type string; multiples of 3"),
        (rule("r", "x", "invalidValues", colour="red"), "'colour' is not a rule"),
        (rule("r", "x", "invalidValues"), "does not say which values"),
        (rule("r", "x", "nonsense"), "metric 'nonsense'"),
        (rule("r", "x", "pandera", check="element_wise"), "not a pandera check"),
        (rule("r", "x", "pandera", check="in_range", low=1), "pandera does not take"),
    ],
)
def test_a_rule_that_does_not_fit_is_an_error_and_the_others_are_answered(tmp_path, asked, said):
    location = write("parquet", tmp_path, pa.table({"x": ["a", "b"], "n": [1, 2]}))
    good = rule("good", "x", "invalidValues", pattern="a")
    found = scan(tmp_path, contract(location, rules=(asked, good))).rules
    assert found[0].failing is None
    import re

    assert re.search(said, found[0].error), found[0].error
    assert found[1] == RuleTally("good", 2, 1)


def test_multiples_are_counted(run):
    table = pa.table({"n": [5, 10, 12, None], "x": [0.1, 0.3, 0.35, 0.7]})
    found = run(
        table, rule("n", "n", "invalidValues", multipleOf=5), rule("x", "x", "invalidValues", multipleOf=0.1)
    ).rules
    assert [tally.failing for tally in found] == [1, 1]


@pytest.mark.parametrize("run", ["parquet", "duckdb", "postgres"], indirect=True)
def test_nan_is_no_value_and_infinity_is_out_of_every_bound(run):
    table = pa.table({"x": pa.array([1.0, math.nan, math.inf, None], pa.float64())})
    found = run(
        table,
        rule("nulls", "x", "nullValues"),
        rule("max", "x", "invalidValues", maximum=5),
        rule("min", "x", "invalidValues", minimum=0),
    ).rules
    assert [tally.failing for tally in found] == [2, 1, 0]


def test_a_set_of_values_is_compared_whole(run):
    table = pa.table({"x": ["a", "b", "a"]})
    found = run(
        table,
        rule("same", "x", "pandera", check="unique_values_eq", values=["b", "a"]),
        rule("more", "x", "pandera", check="unique_values_eq", values=["b", "a", "c"]),
    ).rules
    assert [tally.failing for tally in found] == [0, 3]


def test_pandera_is_imported_only_where_a_rule_needs_it(tmp_path):
    import subprocess
    import sys

    write("parquet", tmp_path, pa.table({"x": [1, 2]}))
    script = (
        "import sys; from pathlib import Path; from tests.profiles.support import *;"
        "from governance_pipeline.charter.contract import QualityRule;"
        "rules = (QualityRule('r', 'x', 'nullValues', 'mustBe', 0.0),);"
        "found = scan(Path(sys.argv[1]), contract(Location('parquet', path='things.parquet'), rules=rules));"
        "assert found.rules[0].failing == 0;"
        "assert not {'pandera', 'evidently', 'fairlearn', 'scipy', 'plotly'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=120)


def test_dates_keep_their_bounds(tmp_path):
    location = write("parquet", tmp_path, pa.table({"born": pa.array([date(1990, 1, 1), date(2030, 1, 1)])}))
    found = scan(
        tmp_path,
        contract(
            location,
            Column("born"),
            rules=(
                rule("a", "born", "invalidValues", maximum="2026-03-10"),
                rule("b", "born", "invalidValues", maximum="soon"),
            ),
        ),
    ).rules
    assert found[0] == RuleTally("a", 2, 1)
    assert "'soon' is not a date" in found[1].error


@pytest.mark.parametrize("column", ["x", 'a"b', "weird name"])
def test_a_query_of_the_contract_is_run_on_its_table(run, column):
    table = pa.table({column: [1, 2, None]})
    query = "SELECT COUNT(*) FROM ${table} WHERE ${column} IS NULL"
    odcs = "SELECT MAX(t.${property}) FROM ${object} AS t"
    with_cte = (
        "WITH big AS (SELECT ${column} AS v FROM ${table} WHERE ${column} > 1) SELECT COUNT(*) FROM big;"
    )
    found = run(
        table,
        rule("q", column, "sql", query=query),
        rule("m", column, "sql", query=odcs),
        rule("c", column, "sql", query=with_cte),
    ).rules
    assert [(tally.value, tally.checked, tally.error) for tally in found] == [
        (1, 3, ""),
        (2, 3, ""),
        (1, 3, ""),
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT 1; DROP TABLE x", "not one SELECT"),
        ("DELETE FROM ${table}", "not one SELECT"),
        ("DROP TABLE ${table}", "not one SELECT"),
        ("CREATE TABLE y AS SELECT * FROM ${table}", "not one SELECT"),
        ("ATTACH '/etc/passwd' AS p", "not one SELECT"),
        ("COPY ${table} TO '/tmp/stolen.csv'", "not one SELECT"),
        ("INSTALL httpfs", "not one SELECT|not SQL"),
        ("PRAGMA database_list", "not one SELECT"),
        ("SET threads = 99", "not one SELECT"),
        (
            "WITH gone AS (DELETE FROM ${table} RETURNING *) SELECT COUNT(*) FROM gone",
            "more than read|not SQL",
        ),
        ("SELECT COUNT(*) FROM read_csv('/etc/passwd')", "beyond the table"),
        ("SELECT COUNT(*) FROM read_text('/etc/passwd')", "beyond the table"),
        ("SELECT COUNT(*) FROM parquet_scan('x.parquet')", "beyond the table"),
        ("SELECT COUNT(*) FROM '/etc/passwd'", "another table|not SQL"),
        ('SELECT COUNT(*) FROM "other.parquet"', "another table"),
        ("SELECT COUNT(*) FROM glob('/*')", "beyond the table"),
        ("SELECT LENGTH(getenv('HOME')) FROM ${table}", "beyond the table"),
        ("SELECT COUNT(*) FROM duckdb_settings()", "beyond the table"),
        ("SELECT COUNT(*) FROM query('SELECT 1')", "beyond the table"),
        ("SELECT COUNT(*) FROM information_schema.tables", "another table"),
        ("SELECT COUNT(*) FROM ${table} WHERE ${nothing} = 1", "stands for nothing"),
        ("SELECT FROM WHERE", "not SQL"),
        ("", "not one SELECT|not SQL"),
        ("SELECT x, x FROM ${table}", "one number"),
        ("SELECT x FROM ${table}", "one number"),
        ("SELECT 'three' FROM ${table} LIMIT 1", "no number"),
        ("SELECT NULL FROM ${table} LIMIT 1", "no number"),
        ("SELECT CAST('NaN' AS DOUBLE) FROM ${table} LIMIT 1", "no number"),
        ("SELECT CAST('-Infinity' AS DOUBLE) FROM ${table} LIMIT 1", "no number that is finite"),
        ("SELECT no_such_column FROM ${table}", "no_such_column"),
    ],
)
def test_a_query_that_may_not_or_cannot_run_is_an_error(tmp_path, query, said):
    import re

    location = write("parquet", tmp_path, pa.table({"x": [1, 2]}))
    (found,) = scan(tmp_path, contract(location, rules=(rule("q", "x", "sql", query=query),))).rules
    assert found.failing is None
    assert re.search(said, found.error), found.error


def test_a_query_on_postgres_can_neither_write_nor_read_the_servers_files(tmp_path, postgres_url):
    location = write("postgres", tmp_path, pa.table({"x": [1, 2]}), postgres_url)
    queries = (
        "SELECT LENGTH(pg_read_file('/etc/passwd'))",
        "SELECT COUNT(*) FROM dblink('x', 'y')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT x FROM ${table} LIMIT 1 FOR UPDATE",
        "SELECT x INTO stolen FROM ${table}",
        "SELECT set_config('a.b', 'c', false)",
    )
    rules = tuple(rule(f"q{n}", "x", "sql", query=query) for n, query in enumerate(queries))
    found = scan(tmp_path, contract(location, rules=rules), url=postgres_url).rules
    assert [tally.failing for tally in found] == [None] * len(queries)
    assert all("beyond the table" in tally.error or "more than read" in tally.error for tally in found)


def test_an_unmeasured_column_is_an_error_with_its_reason():
    profile = a_profile(columns={}, unmeasured={"x": "the engine reported Trouble"})
    assert answer(rule("r", "x", "nullValues"), profile).error == "the engine reported Trouble"
