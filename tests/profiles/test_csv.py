"""CSV files that are not as they should be: measured rightly, or refused by name and without quoting them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.profile import Profile
from tests.profiles.support import contract, scan
from tests.spark import NEEDS_SPARK

GOOD = "a,b\n" + "".join(f"{n},w{n % 3}\n" for n in range(1000))
RAGGED = {
    "one too many": f"{GOOD}1,hunter2,3\n5,x\n",
    "one too few": f"{GOOD}hunter2\n5,x\n",
    "few lines": "a,b\n1,2\n3\n4,hunter2,6\n",
    "semicolons": "a;b\n1;2\n3\n4;hunter2;6\n",
    "quoted names": '"a","b"\n1,2\n3\n4,hunter2,6\n',
}


def scanned(root: Path, **files: str | bytes) -> Profile:
    for name, content in files.items():
        (root / f"{name}.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return scan(root, contract(Location("csv", path="*.csv")))


@pytest.mark.parametrize("kind", RAGGED)
def test_lines_with_different_numbers_of_values_are_refused_and_never_left_out(
    tmp_path: Path, kind: str
) -> None:
    told = r"\*\.csv cannot be read: the lines of things\.csv have different numbers of values"
    with pytest.raises(SourceUnavailable, match=told) as caught:
        scanned(tmp_path, things=RAGGED[kind])
    assert "hunter2" not in str(caught.value)


def test_one_ragged_file_among_others_is_the_one_that_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match=r"the lines of second\.csv have different numbers"):
        scanned(tmp_path, first=GOOD, second=RAGGED["one too many"], third=GOOD)


def test_each_file_may_be_divided_in_its_own_way(tmp_path: Path) -> None:
    profile = scanned(tmp_path, first=GOOD, second=GOOD.replace(",", ";"))
    assert (profile.rows, list(profile.columns)) == (2000, ["a", "b"])
    assert profile.columns["a"].mean == 499.5


@pytest.mark.parametrize(
    ("content", "name"),
    [("words\nbob\nann, who\n", "words"), ('"a,b"\n1\n2\n', "a,b"), ("\ufeffwords\nbob\n", "words")],
)
def test_a_single_column_is_no_ragged_table(tmp_path: Path, content: str, name: str) -> None:
    profile = scanned(tmp_path, things=content)
    assert list(profile.columns) == [name]
    assert profile.rows == content.count("\n") - 1


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_what_is_no_utf_8_is_said_to_be_none(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(SourceUnavailable, match=r"about line [12] it is not text in UTF-8") as caught:
        scanned(tmp_path, things="a,b\nmünchen,1\nhunter2,2\n".encode(encoding))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("nan", ["nan", "NaN", "NAN", "-nan"])
@pytest.mark.parametrize("infinite", ["inf", "INF", "-inf", "Infinity", "-Infinity", "1e999"])
def test_words_for_what_is_no_finite_number_are_numbers(tmp_path: Path, nan: str, infinite: str) -> None:
    profile = scanned(tmp_path, things=f"a,b\n1,1\n2,{nan}\n3,{infinite}\n4,\n5,3\n")
    column = profile.columns["b"]
    assert (column.kind, column.rows, column.nulls) == ("number", 5, 1)
    assert (column.nans, column.infinities, column.mean) == (1, 1, 2.0)


@pytest.mark.parametrize("word", ["+inf", "NA", "1,5"])
def test_a_word_that_is_no_number_makes_a_text_of_the_column(tmp_path: Path, word: str) -> None:
    profile = scanned(tmp_path, things=f'a,b\n1,1\n2,"{word}"\n3,2\n')
    assert dict(profile.schema)["b"] == "string"


def test_a_text_of_ten_megabytes_is_counted(tmp_path: Path) -> None:
    profile = scanned(tmp_path, things=f"a,b\n{'x' * 10_000_000},1\ny,2\n")
    assert (profile.rows, profile.columns["a"].categories, profile.columns["a"].other) == (2, {"y": 1}, 1)
    assert profile.columns["b"].mean == 1.5


def test_a_line_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="has a line that is longer than 16 MB"):
        scanned(tmp_path, things=f"a,b\n{'x' * 40_000_000},1\ny,2\n")


@pytest.mark.parametrize("kind", [pytest.param("few lines", marks=NEEDS_SPARK)])
def test_spark_refuses_ragged_lines_too(tmp_path: Path, spark_url: str, kind: str) -> None:
    """It would fill them up with nulls, or cut them off."""
    (tmp_path / "things.csv").write_text(RAGGED[kind])
    at = replace(Location("csv", path=str(tmp_path / "*.csv")), connection="pg")
    with pytest.raises(SourceUnavailable, match=r"things\.csv is damaged") as caught:
        scan(tmp_path, contract(at), url=spark_url)
    assert "hunter2" not in str(caught.value)
