"""A table of files whose columns are remembered is measured as one that nobody has met.

What is remembered spares looking into the files: their columns are taken from it, and the table of all of
them is brought only for a question about all. So any order of coming, changing and going must end in what
an engine finds that reads the same folder for the first time.
"""

from __future__ import annotations

import os
import tempfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import Column, Location, QualityRule
from governance_pipeline.errors import GovernanceError
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.partition import Partition
from governance_pipeline.profiles.plan import Scan
from tests.profiles.support import contract, plan, settings, statements_of

DAYS = Location("parquet", path="days/*.parquet")
TABLE = contract(
    DAYS,
    Column("id", primary_key=True),
    event_time="at",
    rules=(QualityRule("x", "x", "invalidValues", "mustBe", 0.0, arguments={"minimum": 3}),),
)
START = datetime(2026, 3, 6, tzinfo=UTC)
_WIDE = pa.decimal256(50, 0)
# What a file may have beside a key and a moment.
SHAPES: dict[str, dict[str, pa.Array]] = {
    "usual": {"x": pa.array([1, 2, 5], pa.int64())},
    "reordered": {"x": pa.array([1, 2, 5], pa.int64())},
    "further column": {"x": pa.array([1, 2, 5], pa.int64()), "y": pa.array(["a", "b", None])},
    "lacking column": {},
    "other type": {"x": pa.array([1.5, None, 7.25], pa.float64())},
    "text": {"x": pa.array(["1", "b", None])},
    "wide decimals": {"x": pa.array([1, 2, 5], pa.int64()), "w": pa.array([Decimal(10**45)] * 3, _WIDE)},
    "no rows": {"x": pa.array([], pa.int64())},
}
_STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "remove"]), st.integers(0, 3), st.sampled_from(sorted(SHAPES))),
    min_size=1,
    max_size=6,
)
_changes = count(1)


def put(folder: Path, number: int, shape: str) -> None:
    columns = SHAPES[shape]
    rows = len(next(iter(columns.values()))) if columns else 3
    at = [START + timedelta(days=number, hours=hour) for hour in range(rows)]
    fixed: dict[str, Any] = {"id": [10 * number + n // 2 for n in range(rows)], "at": at}
    made = {**fixed, **columns} if shape != "reordered" else {**columns, **fixed}
    path = folder / "days" / f"{number}.parquet"
    pq.write_table(pa.table(made), path)
    moment = 1_700_000_000_000_000_000 + next(_changes)  # a change is seen however fast the test is
    os.utime(path, ns=(moment, moment))


def told(engine: IbisEngine, known: dict[str, Partition]) -> Scan | str:
    try:
        return engine.read(plan(TABLE, window_days=30), known)
    except GovernanceError as error:
        return error.message


@hypothesis_settings(max_examples=25)
@given(steps=_STEPS, one_engine=st.booleans())
@example(steps=[("put", 0, "wide decimals"), ("remove", 3, "usual")], one_engine=False)  # a column left out
@example(steps=[("put", 0, "further column"), ("remove", 0, "usual")], one_engine=True)  # lent, then gone
def test_any_order_of_changes_ends_in_what_a_first_reading_finds(steps, one_engine) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "days").mkdir()
        put(folder, 0, "usual")
        known: dict[str, Partition] = {}
        engine = IbisEngine(settings(), folder, {})
        try:
            for step, number, shape in [("put", 1, "usual"), *steps]:
                if step == "put":
                    put(folder, number, shape)
                else:
                    (folder / "days" / f"{number}.parquet").unlink(missing_ok=True)
                if not one_engine:  # as nights by processes of their own do
                    engine.close()
                    engine = IbisEngine(settings(), folder, {})
                found = told(engine, known)
                alone = IbisEngine(settings(), folder, {})
                expected = told(alone, {})
                alone.close()
                if isinstance(found, str) or isinstance(expected, str):
                    assert found == expected
                    continue
                mine, first = found.profile, expected.profile
                assert (sorted(mine.schema), mine.unmeasured) == (sorted(first.schema), first.unmeasured)
                assert mine.columns == first.columns
                assert (mine.rows, mine.duplicate_keys, mine.rules) == (
                    first.rows,
                    first.duplicate_keys,
                    first.rules,
                )
                known = {one.id: one for one in found.partitions}
        finally:
            engine.close()


def test_a_night_without_a_question_about_the_whole_table_opens_the_new_file_alone(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "days").mkdir()
    for number in range(4):
        put(tmp_path, number, "usual")
    asked = plan(contract(DAYS, event_time="at"), window_days=30)
    engine = IbisEngine(settings(), tmp_path, {})
    known = {one.id: one for one in engine.read(asked, {}).partitions}
    engine.close()
    put(tmp_path, 4, "usual")
    engine = IbisEngine(settings(), tmp_path, {})
    statements = statements_of(monkeypatch)
    assert engine.read(asked, known).profile.rows == 15
    engine.close()
    assert statements
    assert not [one for one in statements if any(f"days/{number}.parquet" in one for number in range(4))]
