"""Rules over tables drawn at random: what is answered from the profile is what pandera counts on the rows.

The same rules are also put to the engine where the profile does not know, so both ways face one oracle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.pandas as pa_pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Location, QualityRule
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.rules import answer
from tests.profiles.support import contract, plan, statements_of
from tests.profiles.support import settings as project_settings

Check = pa_pandas.Check
EDGES = [-3.5, -1.0, 0.0, 0.1, 2.0, 1e15, 1e308]
WORDS = ["a", "b", "A", "", "é", "a b", "null"]
FLOATS = st.none() | st.sampled_from([*EDGES, math.nan, math.inf, -math.inf]) | st.floats(-1e6, 1e6)
WHOLE = st.none() | st.integers(-3, 3) | st.integers(2**53 - 2, 2**53 + 2)
ROWS = st.lists(
    st.tuples(FLOATS, WHOLE, st.none() | st.sampled_from(WORDS), st.none() | st.booleans()), max_size=40
)


@st.composite
def asked(draw: st.DrawFn) -> list[tuple[QualityRule, pa_pandas.Check | None]]:
    """Each kind of rule once, and pandera's check that says the same (None: the column's own options)."""
    edge = draw(st.sampled_from(EDGES))
    whole = draw(st.integers(-3, 3) | st.integers(2**53 - 2, 2**53 + 2))
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=5, unique=True))
    wholes = draw(st.lists(st.integers(-3, 3), min_size=1, max_size=5, unique=True))
    found = [(rule(name, "nullValues"), None) for name in ("x", "n", "w", "b")]
    found += [(rule(name, "duplicateValues"), None) for name in ("x", "n", "w", "b")]
    for option, check in _BOUNDS.items():
        found.append((rule("x", "invalidValues", **{option: edge}), check(edge)))
        found.append((rule("n", "invalidValues", **{option: whole}), check(whole)))
    return [
        *found,
        (rule("w", "invalidValues", validValues=words), Check.isin(words)),
        (rule("n", "invalidValues", validValues=wholes), Check.isin(wholes)),
        (rule("w", "missingValues", missingValues=words), Check.notin(words)),
        (rule("w", "pandera", check="unique_values_eq", values=words), Check.unique_values_eq(words)),
    ]


_BOUNDS = {
    "minimum": Check.ge, "maximum": Check.le, "exclusiveMinimum": Check.gt, "exclusiveMaximum": Check.lt
}  # fmt: skip


def rule(column: str, metric: str, **arguments: Any) -> QualityRule:
    return QualityRule(f"{column} {metric} {arguments}", column, metric, "mustBe", 0.0, arguments=arguments)


def table(rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    types = {"x": pa.float64(), "n": pa.int64(), "w": pa.string(), "b": pa.bool_()}
    return pa.table(
        {name: pa.array(values, types[name]) for name, values in zip(types, columns, strict=True)}
    )


def by_pandera(rows: pa.Table, one: QualityRule, check: pa_pandas.Check | None) -> int:
    """How many rows fail by pandera's own count of its failure cases.

    Two of its habits are not ours: to pandas two missing values are the same value, and a set that is
    wrong is one failure, where it is all rows' to us.
    """
    frame = rows.select([one.column]).to_pandas(types_mapper=_TYPES.get)
    if one.column == "x":
        frame["x"] = frame["x"].astype("float64")
    if one.metric == "duplicateValues" or (check is not None and one.metric == "pandera"):
        frame = frame.dropna()
    column = pa_pandas.Column(
        checks=[check] if check else None,
        nullable=one.metric != "nullValues",
        unique=one.metric == "duplicateValues",
        report_duplicates="exclude_first",
    )
    try:
        pa_pandas.DataFrameSchema({one.column: column}).validate(frame, lazy=True)
    except pa_pandas.errors.SchemaErrors as errors:
        return rows.num_rows if one.metric == "pandera" else len(errors.failure_cases)
    return 0


_TYPES = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}  # a null must not make floats of them


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, IbisEngine]]:
    root = tmp_path_factory.mktemp("random")
    engine = IbisEngine(project_settings(), root, {})
    yield root, engine
    engine.close()


def scanned(place: tuple[Path, IbisEngine], rows: pa.Table, rules: list[QualityRule]) -> Profile:
    root, engine = place
    path = root / "rows.parquet"
    path.unlink(missing_ok=True)
    pq.write_table(rows, path)
    return engine.scan(plan(contract(Location("parquet", path="rows.parquet"), rules=tuple(rules))))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, asked=asked())
def test_rules_over_any_table_come_out_as_pandera_says(place, rows, asked) -> None:
    data = table(rows)
    profile = scanned(place, data, [one for one, _ in asked])
    tallies = {tally.rule: tally for tally in profile.rules}
    for one, check in asked:
        expected = by_pandera(data, one, check)
        assert tallies[one.id].failing == expected, (one.id, rows)
        told = answer(one, profile)
        assert told is None or told.failing == expected, (one.id, rows)


# Rules that a profile answers, as the issue has it: nulls, ranges, sets, uniqueness, numbers of rows.
ANSWERED = [
    rule("x", "nullValues"),
    rule("w", "duplicateValues"),
    rule("b", "duplicateValues"),
    rule("x", "invalidValues", minimum=0, maximum=10),
    rule("n", "invalidValues", exclusiveMinimum=-1, exclusiveMaximum=3),
    rule("w", "invalidValues", validValues=["a"]),
    rule("w", "missingValues", missingValues=["b", None]),
    rule("w", "pandera", check="unique_values_eq", values=["a", "b"]),
    QualityRule("rows", None, "rowCount", "mustBeGreaterThan", 3.0),
]


def test_what_the_profile_knows_costs_no_further_statement(place, monkeypatch: pytest.MonkeyPatch) -> None:
    data = table([(0.5 * n, n % 3, "ab"[n % 2], n % 2 == 0) for n in range(20)])
    statements = statements_of(monkeypatch)
    scanned(place, data, [])
    statements.clear()
    scanned(place, data, [])
    alone = len(statements)
    found = scanned(place, data, ANSWERED)
    assert len(statements) == 2 * alone
    assert [tally.failing for tally in found.rules] == [0, 18, 18, 0, 0, 10, 10, 0, 0]
    assert not any(statement.startswith("CREATE") for statement in statements)  # nor is the table brought
    scanned(place, data, [rule("x", "invalidValues", minimum=5)])  # how many are below is not known
    asked = [statement for statement in statements if not statement.startswith(("DROP", "CREATE"))]
    assert len(asked) == 3 * alone + 1
