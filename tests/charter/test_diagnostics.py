from __future__ import annotations

from governance_pipeline.charter.diagnostics import Problem, ProjectFilesInvalid, nearest, one_of, shorten
from governance_pipeline.errors import ProjectInvalid


def test_a_problem_prints_as_an_editor_can_jump_to_it() -> None:
    problem = Problem("charter.yaml", 3, 5, "'stward' is not known here", "one of steward, id", "steward")
    assert str(problem) == (
        "charter.yaml:3:5: 'stward' is not known here; expected one of steward, id; did you mean 'steward'?"
    )
    assert str(Problem("a", 1, 2, "wrong")) == "a:1:2: wrong"


def test_all_problems_come_once_and_in_the_order_of_the_files() -> None:
    late, early, other = Problem("b", 9, 1, "x"), Problem("b", 2, 7, "x"), Problem("a", 50, 1, "x")
    error = ProjectFilesInvalid([late, early, other, late])
    assert error.problems == (other, early, late)
    assert isinstance(error, ProjectInvalid)
    assert error.exit_code == 2
    assert "3 mistakes" in str(error)
    assert "governance validate" in error.hint


def test_the_nearest_name_is_found_whatever_its_case_and_none_is_invented() -> None:
    assert nearest("OWNR", ["owner", "tier"]) == "owner"
    assert nearest("zebra", ["owner", "tier"]) == ""
    assert nearest(5, ["owner"]) == ""


def test_long_lists_and_values_are_cut() -> None:
    assert one_of(["a"]) == "a"
    assert one_of([]) == "nothing: none is declared"
    assert one_of(str(n) for n in range(15)).endswith("10, 11 and 3 more")
    assert shorten("x" * 100) == "x" * 57 + "..."
    assert shorten("a\n b") == "a b"
