"""The tables are what the benchmarks say they are: seeded, in pieces, with known shares."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.data import ledger, nightly, project, standard
from benchmarks.data.reference_table import COLUMNS, GROUPS, MISSING, NIGHT, NUMERIC, Rows, write, write_days
from governance_pipeline.vocabulary.outcome import Outcome

ROWS = 20_000


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return pq.read_table(write(tmp_path_factory.mktemp("table") / "t.parquet", Rows(ROWS)))


def test_the_reference_table_has_the_columns_the_bars_speak_of(table):
    assert tuple(table.column_names) == COLUMNS
    assert len(NUMERIC) == 20
    assert all(str(table.schema.field(name).type) in ("double", "int64") for name in NUMERIC)
    assert [str(table.schema.field(f"c{n:02}").type) for n in range(1, 6)] == ["string"] * 5
    assert table.num_rows == ROWS


def test_it_is_compressed_with_zstd(tmp_path):
    file = pq.ParquetFile(write(tmp_path / "t.parquet", Rows(100)))
    assert {file.metadata.row_group(0).column(c).compression for c in range(len(COLUMNS))} == {"ZSTD"}


def test_the_same_seed_gives_the_same_table_and_another_seed_another(tmp_path, table):
    assert pq.read_table(write(tmp_path / "again.parquet", Rows(ROWS))).equals(table)
    other = pq.read_table(write(tmp_path / "other.parquet", Rows(ROWS, seed=2)))
    assert not any(other[name].equals(table[name]) for name in (*NUMERIC, "subject", "label"))
    assert other["event_time"].equals(table["event_time"])


def test_pieces_by_day_are_the_whole_table(tmp_path):
    rows = Rows(1000, days=7, subjects=50)
    whole = pq.read_table(write(tmp_path / "whole.parquet", rows))
    files = list(write_days(tmp_path / "days", rows))
    assert [file.name for file in files] == [f"2026-03-{day:02}.parquet" for day in range(4, 11)]
    parts = [pq.read_table(file) for file in files]
    for file, part in zip(files, parts, strict=True):
        assert {str(moment.date()) for moment in part["event_time"].to_pylist()} == {file.stem}
    assert pa.concat_tables(parts).equals(whole)


def test_the_numbers_are_distributed_as_they_are_meant_to_be(table):
    frame = table.to_pandas()
    assert frame["n01"].mean() == pytest.approx(0, abs=0.03)
    assert frame["n01"].std() == pytest.approx(1, abs=0.03)
    assert frame["n12"].between(0, 1).all()
    assert frame["n12"].mean() == pytest.approx(0.5, abs=0.02)
    assert frame["n16"].agg(["min", "max"]).tolist() == [18, 90]
    assert abs(frame[list(NUMERIC)].corr().to_numpy() - np.identity(20)).max() < 0.05


def test_missing_values_and_groups_have_their_shares(table):
    frame = table.to_pandas()
    for name in COLUMNS:
        assert frame[name].isna().mean() == pytest.approx(MISSING.get(name, 0), abs=0.01), name
    shares = frame["group"].value_counts(normalize=True).cumsum()
    assert shares.to_dict() == pytest.approx(GROUPS, abs=0.02)
    known = frame.dropna(subset="label")
    assert (known["label"] == known["prediction"]).mean() == pytest.approx(0.8, abs=0.02)


def test_every_row_is_of_the_one_day(table):
    moments = table["event_time"].to_pylist()
    assert moments == sorted(moments)
    assert moments[0] == datetime.fromisoformat("2026-03-10")
    assert {moment.date() for moment in moments} == {NIGHT}


def test_a_shift_moves_the_first_column_only(tmp_path, table):
    moved = pq.read_table(write(tmp_path / "t.parquet", Rows(ROWS, shift=0.2)))
    gap = moved["n01"].to_pandas() - table["n01"].to_pandas()
    assert gap.min() == pytest.approx(0.2)
    assert gap.max() == pytest.approx(0.2)
    assert moved.drop_columns("n01").equals(table.drop_columns("n01"))


def test_the_ledger_says_what_the_number_of_the_subject_says(tmp_path):
    records = pq.read_table(ledger.write(tmp_path / "l.parquet", 100)).to_pylist()
    given = {record["subject"] for record in records if record["status"] == "given"}
    withdrawn = {record["subject"] for record in records if record["status"] == "withdrawn"}
    expired = {record["subject"] for record in records if str(record["valid_to"])[:4] == "2026"}
    assert set(range(100)) - given == {0, 50}
    assert withdrawn == {1, 21, 41, 61, 81}
    assert expired == {3}


def test_a_project_with_a_model_measures_everything(tmp_path):
    night = nightly.run(standard.model_project(3000), NIGHT)
    assert night.rows["bench.features"] == night.rows["bench.predictions"] == 3000
    assert night.outcomes[Outcome.NOT_RUN] == 0
    assert night.outcomes[Outcome.INSUFFICIENT] == 0


def test_a_night_of_plain_tables_has_nothing_to_complain_about(tmp_path):
    file = write(tmp_path / "t.parquet", Rows(500))
    night = nightly.run(project.make(tmp_path / "p", [project.Table("t", str(file))]), NIGHT)
    assert {outcome for outcome, count in night.outcomes.items() if count} == {Outcome.PASS}


def test_a_night_that_cannot_scan_is_no_measurement(tmp_path):
    gone = project.make(tmp_path / "p", [project.Table("t", str(tmp_path / "gone.parquet"))])
    with pytest.raises(RuntimeError, match=r"gone\.parquet"):
        nightly.run(gone, date(2026, 3, 10))


def test_the_peer_has_the_limits_of_our_engine_by_default(tmp_path):
    limits = project.make(tmp_path / "p", []).settings.limits
    with standard.duckdb_like_ours() as peer, duckdb.connect() as other:
        other.execute(f"SET memory_limit = '{limits.memory}'")
        setting = "SELECT current_setting('memory_limit')"
        assert peer.sql(setting).fetchall() == other.sql(setting).fetchall()
        assert peer.sql("SELECT current_setting('threads')").fetchall() == [(limits.threads,)]
