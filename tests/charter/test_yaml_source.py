from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.diagnostics import Problem, ProjectFilesInvalid
from governance_pipeline.charter.yaml_source import MAX_BYTES, parse_yaml, read_yaml
from tests.charter import bombs

ROOT = Path(__file__).parents[2]


def refusal(text: str) -> Problem:
    with pytest.raises(ProjectFilesInvalid) as caught:
        parse_yaml(text, "file.yaml")
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "NO", "no", "yes", "on", "off", "y", "12:30:45", "1:20", "0o17", "0x1F", "0b11", "017",
        "007", "1_000",
        "2024-01-01", "2024-01-01T10:00:00Z", ".nan", ".inf", "-.inf", "1e999", "1.2.3", "+", ".", "=",
        "nULL", "tRUE", "99999999999999999999", "1e", "e5",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_value_stays_text(text: str) -> None:
    assert parse_yaml(f"a: {text}", "f").data == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-12", -12),
        ("+7", 7), ("1.5", 1.5), ("-0.25", -0.25), (".5", 0.5), ("1e3", 1000.0), ("2.5E-2", 0.025),
        ("'true'", "true"), ('"12"', "12"), ("'null'", "null"), ("|\n  5", "5"),
    ],
)  # fmt: skip
def test_core_values_have_their_type_unless_quoted(text: str, value: object) -> None:
    found = parse_yaml(f"a: {text}", "f").data["a"]
    assert found == value
    assert type(found) is type(value)


def test_every_node_knows_its_line_and_column() -> None:
    document = parse_yaml("name: x\nlist:\n  - one\n  - key: {inner: 5}\n", "f")
    assert document.position(()) == (1, 1)
    assert document.position(("name",)) == (1, 7)
    assert document.position(("name",), key=True) == (1, 1)
    assert document.position(("list", 0)) == (3, 5)
    assert document.position(("list", 1, "key", "inner")) == (4, 18)
    assert document.position(("list", 1, "key", "inner"), key=True) == (4, 11)


def test_a_path_that_leads_nowhere_stands_at_what_is_around_it() -> None:
    document = parse_yaml("a:\n  b: 1\n", "f")
    assert document.position(("a", "missing")) == (2, 3)
    assert document.position(("a", "b", "deeper", 3)) == (2, 6)


def test_columns_count_characters_and_not_bytes() -> None:
    assert parse_yaml("{ä: 1, key: 2}", "f").position(("key",), key=True) == (1, 8)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb: *a", (2, 4), "alias"),
        ("a: &x 1", (1, 4), "anchor"),
        ("a: !!int 1", (1, 4), "tag"),
        ("a: !local 1", (1, 4), "tag"),
        ("a: ! 1", (1, 4), "tag"),
        ("&x a: 1", (1, 1), "anchor"),
        ("a: 1\nb: 2\na: 3", (3, 1), "'a' stands here twice; first on line 1"),
        ("a: {b: 1, 'b': 2}", (1, 11), "twice"),
        ("x:\n  <<: {a: 1}", (2, 3), "merge"),
        ("a: 1\n---\nb: 2", (2, 1), "second document"),
        ("? [a, b]\n: 1", (1, 3), "key"),
        ("a: [1, 2\n", (2, 1), "not YAML"),
        ("a:\n\t- 1", (2, 1), "not YAML"),
        ("a: 1\nb: \x07", (2, 4), "control character"),
    ],
)
def test_what_is_more_than_plain_data_is_refused_where_it_stands(
    text: str, place: tuple[int, int], words: str
) -> None:
    problem = refusal(text)
    assert words in str(problem)
    assert (problem.line, problem.column) == place


def test_a_quoted_double_angle_is_an_ordinary_key() -> None:
    assert parse_yaml("'<<': 1", "f").data == {"<<": 1}


def test_a_second_value_for_a_key_never_wins() -> None:
    with pytest.raises(ProjectFilesInvalid) as caught:
        parse_yaml("a: 1\na: 2\nb: &x 3", "f")
    assert len(caught.value.problems) == 2, "both mistakes are told"


def test_an_empty_file_is_nothing() -> None:
    assert parse_yaml("", "f").data is None
    assert parse_yaml("# only a comment\n", "f").data is None


def test_nesting_up_to_the_bound_is_read_and_one_deeper_is_refused() -> None:
    assert parse_yaml("[" * 64 + "]" * 64, "f").data
    assert "64 levels" in str(refusal("[" * 65 + "]" * 65))


def test_a_file_that_is_too_large_or_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    for content, words in (
        (b"#" * (MAX_BYTES + 1), "larger than 1 MB"),
        (b"ok: 1\nbad: \xff\n", "UTF-8"),
        ("a: 1".encode("utf-16"), "UTF-8"),
    ):
        path.write_bytes(content)
        with pytest.raises(ProjectFilesInvalid) as caught:
            read_yaml(path, "a.yaml")
        assert words in str(caught.value)
    path.write_bytes(b"ok: 1\nbad: \xff\n")
    with pytest.raises(ProjectFilesInvalid) as caught:
        read_yaml(path, "a.yaml")
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (2, 6)


def test_a_file_of_exactly_the_bound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * (MAX_BYTES - 5))
    assert read_yaml(path).data == {"a": 1}


def test_a_missing_file_is_a_problem_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(ProjectFilesInvalid, match="cannot be read"):
        read_yaml(tmp_path / "none.yaml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\n")
    assert read_yaml(path).data == {"name": "x"}


PRINTABLE = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), exclude_characters="\ufeff"
    ),
    max_size=20,
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(-1e15, 1e15) | PRINTABLE,
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(PRINTABLE, inside, max_size=4),
    max_leaves=20,
)


@given(PLAIN)
def test_json_is_read_as_the_data_it_is(data: object) -> None:
    """JSON is the part of YAML 1.2 that everybody agrees on; Python's own parser is the judge."""
    text = json.dumps({"data": data}, ensure_ascii=False, indent=1)
    assert parse_yaml(text, "f").data == json.loads(text)


@given(st.text(max_size=200))
def test_no_text_makes_the_parser_fail_otherwise_than_with_problems(text: str) -> None:
    with contextlib.suppress(ProjectFilesInvalid):
        parse_yaml(text, "f")


def test_there_are_fifty_bombs() -> None:
    assert len(list(bombs.bombs())) == 50


def test_all_bombs_are_refused_in_little_memory_and_time() -> None:
    """The process that reads all fifty has 200 MB above what Python and the parser need by themselves,
    and 50 s of processor time; it is killed beyond.
    """
    bounds = (400_000_000, 50)

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (bounds[0], bounds[0]))
        resource.setrlimit(resource.RLIMIT_CPU, (bounds[1], bounds[1]))

    done = subprocess.run(
        [sys.executable, "-m", "tests.charter.bombs"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "50 refused"), done.stderr
