"""Tables with more columns, more values and longer texts than anybody plans for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from governance_pipeline.profiles import unpivot
from governance_pipeline.profiles.sketch import STANDARD_ERROR
from governance_pipeline.profiles.values_sql import LONGEST
from tests.profiles.support import contract, scan, url_of, write
from tests.spark import NEEDS_SPARK

KINDS = ("parquet", "duckdb", "postgres", pytest.param("spark", marks=NEEDS_SPARK))


def wide(columns: int) -> pa.Table:
    """Numbers, each with a mean and a null of its own, and texts, in turn."""
    return pa.table(
        {
            f"c{n:04}": pa.array([float(n), None, n + 2.0] if n % 2 else ["a", None, f"b{n}"])
            for n in range(columns)
        }
    )


@pytest.mark.parametrize(
    ("kind", "columns"), [("parquet", 2000), ("postgres", 900), pytest.param("spark", 60, marks=NEEDS_SPARK)]
)
def test_every_column_of_a_wide_table_is_measured(
    kind, columns, request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of Postgres has room for a thousand columns; Spark compiles anew for each batch."""
    if kind == "spark":
        monkeypatch.setattr(unpivot, "AT_ONCE", 25)
    url = url_of(kind, request)
    profile = scan(tmp_path, contract(write(kind, tmp_path, wide(columns), url)), url=url)
    assert profile.unmeasured == {}
    assert list(profile.columns) == [f"c{n:04}" for n in range(columns)]
    for n, column in enumerate(profile.columns.values()):
        assert (column.rows, column.nulls, column.distinct) == (3, 1, 2)
        if n % 2:
            assert (column.mean, column.variance) == (n + 1.0, 2.0)
        else:
            assert column.categories == {"a": 1, f"b{n}": 1}


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_of_ten_megabytes_is_counted_and_not_kept(kind, request, tmp_path: Path) -> None:
    url = url_of(kind, request)
    essay = ["x" * 10_000_000, "y" * 10_000_000, "x" * 10_000_000, "short", None]
    table = pa.table({"essay": essay, "n": [1, 2, 3, 4, 5]})
    profile = scan(tmp_path, contract(write(kind, tmp_path, table, url)), url=url)
    column = profile.columns["essay"]
    assert profile.unmeasured == {}
    assert (column.rows, column.nulls, column.distinct) == (5, 1, 3)
    assert column.categories == {"short": 1}
    assert column.other == 3
    assert profile.columns["n"].mean == 3.0


def test_the_longest_text_that_is_a_category_is_measured_in_characters(tmp_path: Path) -> None:
    table = pa.table({"text": ["é" * LONGEST, "é" * (LONGEST + 1)]})
    column = scan(tmp_path, contract(write("parquet", tmp_path, table))).columns["text"]
    assert column.categories == {"é" * LONGEST: 1}
    assert column.other == 1


@pytest.mark.parametrize("kind", ["parquet", "postgres", pytest.param("spark", marks=NEEDS_SPARK)])
def test_of_a_million_categories_the_number_is_estimated_and_the_frequent_are_kept(
    kind, request, tmp_path: Path
) -> None:
    rows = 1_000_000
    url = url_of(kind, request)
    table = pa.table(
        {
            "different": [f"value {n}" for n in range(rows)],
            "twice": [f"value {n // 2}" for n in range(rows)],
            "heavy": ["z" if n % 4 else f"rare {n}" for n in range(rows)],
        }
    )
    columns = scan(tmp_path, contract(write(kind, tmp_path, table, url)), url=url).columns
    four = 4 * STANDARD_ERROR
    assert columns["different"].distinct == pytest.approx(rows, rel=four)
    assert columns["twice"].distinct == pytest.approx(rows // 2, rel=four)
    assert columns["heavy"].distinct == pytest.approx(rows // 4 + 1, rel=four)
    assert columns["heavy"].categories == {"z": 3 * rows // 4}  # fewer than k rows share any other
    assert columns["heavy"].other == rows // 4
    assert not columns["different"].categories
