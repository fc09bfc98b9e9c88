"""What a scan of one partition costs, in scans that only add up the same columns.

Ours measures all 30 columns, groups, rules and the consent of the subjects, by an engine that has just
been opened. The bare scan reads the same columns: it sums the numbers, the lengths of texts and the
times' microseconds. Beside it stands the sum of the 20 numeric features alone, which reads less than is
measured: a stricter measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from benchmarks.data.reference_table import CATEGORICAL, COLUMNS, NUMERIC
from benchmarks.data.standard import ScanCase, duckdb_like_ours
from benchmarks.figure import Figure
from benchmarks.timing import least

ROWS, QUICK_ROWS = 5_000_000, 500_000


def run(quick: bool) -> Iterator[Figure]:
    case = ScanCase(QUICK_ROWS if quick else ROWS)
    source = exp.Table(this=exp.func("read_parquet", exp.Literal.string(str(case.path))))
    features = exp.select(*(exp.Sum(this=exp.column(name)) for name in NUMERIC)).from_(source)
    sums = exp.select(*map(_sum, COLUMNS)).from_(source)
    counts = exp.select(*(exp.Max(this=exp.column(name, quoted=True)) for name in COLUMNS)).from_(source)
    alone = replace(case.plan, consent=None)
    with duckdb_like_ours() as peer:

        def asked(query: exp.Select, before: str = "") -> object:
            return peer.execute(before + query.sql(dialect="duckdb")).fetchall()

        everything = exp.select("*").from_(source)
        asked(sums)  # the file is in the page cache for everybody
        bare, narrow, ours, without, maxima = least(
            3,
            lambda: asked(sums),
            lambda: asked(features),
            case.scan,
            lambda: case.scan(alone),
            lambda: asked(counts),
        )
        (summarize,) = least(1, lambda: asked(everything, "SUMMARIZE "))
    yield Figure("scan of a partition, times a bare sum", ours.wall / bare.wall, "x", 5)
    yield Figure("scan of a partition, times a bare sum, CPU", ours.cpu / bare.cpu, "x")
    yield Figure("scan of a partition, times a sum of the features alone", ours.wall / narrow.wall, "x")
    yield Figure("scan of a partition, times a sum of the features alone, CPU", ours.cpu / narrow.cpu, "x")
    yield Figure("scan without consent, times a bare sum, CPU", without.cpu / bare.cpu, "x")
    yield Figure("scan of a partition, times max of all columns, CPU", ours.cpu / maxima.cpu, "x")
    yield Figure("DuckDB SUMMARIZE, times a bare sum", summarize.wall / bare.wall, "x")
    yield Figure("DuckDB SUMMARIZE, times a bare sum, CPU", summarize.cpu / bare.cpu, "x")
    yield Figure("scan of a partition", ours.wall, "s")


def _sum(name: str) -> exp.Expression:
    column = exp.column(name, quoted=True)
    if name in (*CATEGORICAL, "group"):
        return exp.Sum(this=exp.func("strlen", column))
    return exp.Sum(this=exp.func("epoch_us", column) if name == "event_time" else column)
