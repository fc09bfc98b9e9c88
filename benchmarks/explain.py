"""``python -m benchmarks --explain [--svg FILE]``: where the time of one scan goes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlglot import exp

from benchmarks.breakdown import Breakdown, Phase, broken_down, python_time
from benchmarks.data.reference_table import NUMERIC
from benchmarks.data.standard import ScanCase, duckdb_like_ours
from benchmarks.picture import svg
from benchmarks.scan import QUICK_ROWS, ROWS
from benchmarks.timing import least

_PACKAGES = 8
_LEAST = 0.005  # seconds; what is less is left out


def explain(*, quick: bool, picture: Path | None, rows: int = 0) -> Breakdown:
    """Scan one partition of the reference table, print the breakdown and draw it into ``picture``.

    Args:
        rows: of the partition, instead of the two sizes of the benchmark.
    """
    rows = rows or (QUICK_ROWS if quick else ROWS)
    case = ScanCase(rows)
    bare = _bare(case)
    case.scan()  # libraries are loaded and caches filled; what is left recurs every night
    breakdown = broken_down(case.scan)
    console = Console()
    console.print(f"One partition of {rows:,} rows: {breakdown.seconds:.2f} s; a bare sum: {bare:.2f} s")
    console.print(_statements(breakdown, bare))
    console.print(_python(python_time(case.scan)))
    if picture is not None:
        picture.write_text(svg(breakdown, bare), encoding="utf-8")
        console.print(f"drawn: {picture}", markup=False)
    return breakdown


def _bare(case: ScanCase) -> float:
    source = exp.Table(this=exp.func("read_parquet", exp.Literal.string(str(case.path))))
    query = exp.select(*(exp.Sum(this=exp.column(name)) for name in NUMERIC)).from_(source)
    with duckdb_like_ours() as peer:
        return least(3, lambda: peer.execute(query.sql(dialect="duckdb")).fetchall())[0].wall


def _statements(breakdown: Breakdown, bare: float) -> Table:
    table = Table("phase", "statements", "seconds", "share", "x bare sum", "DuckDB's threads worked, s")
    rows = [(p.name, str(p.statements), p.seconds, _worked(p)) for p in breakdown.phases]
    rows.append(("Python between them", "", breakdown.python, ""))
    for name, statements, seconds, worked in rows:
        share, times = f"{seconds / breakdown.seconds:.0%}", f"{seconds / bare:.2f}"
        table.add_row(name, statements, f"{seconds:.3f}", share, times, worked)
    return table


def _worked(phase: Phase) -> str:
    """What took the threads' time, the most first."""
    most = sorted(phase.work.items(), key=lambda item: -item[1])
    return ", ".join(f"{kind} {seconds:.2f}" for kind, seconds in most if seconds >= _LEAST)


def _python(packages: Mapping[str, float]) -> Table:
    table = Table("code of", "seconds", caption="the calling thread under cProfile: read the shares")
    for name, seconds in list(packages.items())[:_PACKAGES]:
        table.add_row(name, f"{seconds:.3f}")
    return table
