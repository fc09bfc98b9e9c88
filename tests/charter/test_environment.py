from __future__ import annotations

import pytest

from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.errors import UsageError


def test_names_are_replaced_by_their_values() -> None:
    environ = {"USER": "reader", "PASSWORD": "s3cret", "EMPTY": ""}
    assert resolve_env("postgresql://${USER}:${PASSWORD}@db/x", environ) == "postgresql://reader:s3cret@db/x"
    assert resolve_env("${EMPTY}x", environ) == "x"
    assert resolve_env("no names, $USER, {USER} or 5$ here", environ) == "no names, $USER, {USER} or 5$ here"


def test_a_value_is_not_read_again_for_names() -> None:
    assert resolve_env("${A}", {"A": "${B}", "B": "inner"}) == "${B}"


def test_a_variable_that_is_not_set_is_named_and_nothing_around_it() -> None:
    with pytest.raises(UsageError, match="DB_PASSWORD") as caught:
        resolve_env("postgresql://user:canary@${DB_PASSWORD}", {})
    assert "canary" not in str(caught.value)
    assert "DB_PASSWORD" in caught.value.hint


@pytest.mark.parametrize("text", ["${}", "${A B}", "${A", "${1A}", "${canary:-default}", "${A.b}"])
def test_what_is_no_name_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve_env(text, {"A": "x"})
    assert "canary" not in str(caught.value)
