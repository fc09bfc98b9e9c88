"""How many bytes a profile takes in the store: as many as docs/explanation/profiles.md says at most."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from governance_pipeline.profiles.codec import partition_to_json, to_json
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import Scan
from governance_pipeline.store.values import pack
from tests.profiles.support import NIGHT, contract, plan, settings, write

ROWS, DAYS = 280_000, 28

COLUMNS = {
    "normal": "numbers, normal",
    "skewed": "numbers, skewed",
    "whole": "whole numbers, all different",
    "few": "whole numbers, nine",
    "words": "words, nine",
    "many words": "words, a thousand",
    "yes": "yes or no",
}
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "profiles.md"


def stated(title: str) -> tuple[int, int]:
    """Bytes of a day and of a night, as the page has them."""
    (row,) = re.findall(rf"^\| {title} \| ([\d,]+) \| ([\d,]+) \|$", PAGE.read_text(), re.MULTILINE)
    return tuple(int(number.replace(",", "")) for number in row)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    root, rng = tmp_path_factory.mktemp("size"), np.random.default_rng(3)
    begin = np.datetime64(NIGHT - timedelta(days=DAYS - 1), "us")
    days = (np.arange(ROWS) % DAYS).astype("timedelta64[D]").astype("timedelta64[us]")
    columns = {
        "at": begin + days,
        "normal": rng.normal(size=ROWS),
        "skewed": rng.lognormal(size=ROWS),
        "whole": rng.integers(0, 10**9, ROWS),
        "few": rng.integers(0, 9, ROWS),
        "words": np.char.add("word ", rng.integers(0, 9, ROWS).astype(str)),
        "many words": np.char.add("word ", rng.integers(0, 1000, ROWS).astype(str)),
        "yes": rng.random(ROWS) < 0.5,
    }
    of = contract(write("parquet", root, pa.table(columns)), event_time="at")
    engine = IbisEngine(settings(), root, {})
    found = engine.read(plan(of, compared=tuple(COLUMNS)), {})
    engine.close()
    return found


@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_takes_no_more_bytes_than_is_stated(scanned: Scan, column: str) -> None:
    _, slices = partition_to_json(scanned.partitions[0])
    day = max(len(pack(one["columns"][column], "a slice")) for one in slices.values())
    profile = to_json(scanned.profile)
    told = [profile["columns"][column], *(columns[column] for columns in profile["windows"].values())]
    night = len(pack({"told": told}, "a profile"))
    assert len(slices) == DAYS
    assert len(told) == 4
    for found, most in zip((day, night), stated(COLUMNS[column]), strict=True):
        assert most * 0.6 < found <= most
