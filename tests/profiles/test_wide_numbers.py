"""Whole numbers and decimals that no double holds exactly: told apart, counted and bounded as they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.profiles.profile import Profile
from governance_pipeline.profiles.text import as_text
from tests.profiles.support import contract, scan, url_of, write
from tests.spark import NEEDS_SPARK

ROWS = 600
KINDS = ("parquet", "duckdb", "postgres", pytest.param("spark", marks=NEEDS_SPARK))
SNOWFLAKE = 1_800_000_000_000_000_000  # such ids differ in their last digits; doubles there are 256 apart


def numbers() -> dict[str, list[Any]]:
    with localcontext() as context:
        context.prec = 60
        return {
            "key": [SNOWFLAKE + n for n in range(ROWS)],
            "repeated": [SNOWFLAKE + n % 200 for n in range(ROWS)],
            "few": [2**60 + n % 3 for n in range(ROWS)],
            "edge": [2**53 + n % 2 for n in range(ROWS)],
            "money": [Decimal(10) ** 30 + Decimal(n % 4) / 100 for n in range(ROWS)],
            "rate": [Decimal(n % 5) / 10 for n in range(ROWS)],
        }


TYPES = {"money": pa.decimal128(38, 2), "rate": pa.decimal128(12, 2)}


def rule(column: str, metric: str, **arguments: Any) -> QualityRule:
    return QualityRule(f"{column} {metric} {arguments}", column, metric, "mustBe", 0.0, arguments=arguments)


@pytest.fixture(params=KINDS)
def scanned(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Profile]:
    def run(*rules: QualityRule) -> Profile:
        url = url_of(request.param, request)
        table = pa.table({name: pa.array(values, TYPES.get(name)) for name, values in numbers().items()})
        return scan(tmp_path, contract(write(request.param, tmp_path, table, url), rules=rules), url=url)

    return run


def test_values_that_round_to_one_double_are_told_apart(scanned) -> None:
    columns = scanned().columns
    for name in ("few", "edge", "money", "rate"):
        expected = {Decimal(value): count for value, count in Counter(numbers()[name]).items()}
        assert {Decimal(text): count for text, count in columns[name].categories.items()} == expected, name
        assert columns[name].distinct == len(expected)


def test_repeated_values_are_counted_as_python_counts_them(scanned) -> None:
    names = list(numbers())
    tallies = scanned(*(rule(name, "duplicateValues") for name in names)).rules
    found = {name: tally.failing for name, tally in zip(names, tallies, strict=True)}
    assert found == {name: ROWS - len(set(values)) for name, values in numbers().items()}
    assert found["key"] == 0


def test_bounds_and_sets_are_those_of_the_numbers_and_not_of_their_doubles(scanned) -> None:
    few = numbers()["few"]
    tallies = scanned(
        rule("few", "invalidValues", maximum=2**60 + 1),
        rule("few", "invalidValues", exclusiveMinimum=2**60),
        rule("few", "invalidValues", maximum=2**60 + 3),
        rule("few", "invalidValues", validValues=[2**60, 2**60 + 2]),
        rule("rate", "invalidValues", validValues=[0, 0.1, 0.2, 0.3]),
        rule("rate", "invalidValues", minimum=0),
    ).rules
    assert not [tally.error for tally in tallies if tally.error]
    assert [tally.failing for tally in tallies] == [
        sum(value > 2**60 + 1 for value in few),
        sum(value <= 2**60 for value in few),
        0,
        sum(value == 2**60 + 1 for value in few),
        sum(value == Decimal("0.4") for value in numbers()["rate"]),
        0,
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.10"), "1.1"),
        (Decimal(100), "100"),
        (Decimal("1E+2"), "100"),
        (Decimal("-0.00"), "0"),
        (Decimal("0.0000001"), repr(1e-07)),
        (Decimal(2**53 + 1), "9007199254740993"),
        (Decimal("99999999999999999999999999999999999.990"), "99999999999999999999999999999999999.99"),
        (Decimal("1E+400"), "1" + "0" * 400),
        (Decimal("NaN"), None),
    ],
)
def test_a_decimal_is_written_like_the_double_that_equals_it_else_with_every_digit(value, text) -> None:
    assert as_text(value) == text
