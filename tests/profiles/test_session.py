"""What a failed statement may say."""

from __future__ import annotations

import duckdb
import pytest

from governance_pipeline.profiles.connect import _secrets
from governance_pipeline.profiles.session import reason


def failure(statement: str) -> Exception:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error) as caught:
        connection.execute(statement).fetchall()
    return caught.value


def test_a_missing_table_or_file_is_named():
    assert "gone" in reason(failure("SELECT * FROM gone"))
    assert "gone.parquet" in reason(failure("SELECT * FROM read_parquet('gone.parquet')"))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST('the secret' AS INTEGER)",
        "SELECT error('the secret')",
        "SELECT strptime('the secret', '%Y')",
        "SELECT 'the secret'::STRUCT(a INTEGER)",
    ],
)
def test_values_of_rows_are_not_quoted(statement):
    assert "secret" not in reason(failure(statement))


class OperationalError(Exception):
    """As drivers name an error about the server."""


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://carl:hunter%212@h/d",
        "postgresql://carl@h/d?password=hunter!2",
        "snowflake://carl@h/d?token=hunter!2",
    ],
)
def test_secrets_of_a_url_are_struck_out_however_they_are_written(url):
    error = OperationalError(f"cannot reach {url} with hunter!2\nDETAIL: more")
    said = reason(error, _secrets(url))
    assert "hunter" not in said
    assert "***" in said
    assert "DETAIL" not in said
