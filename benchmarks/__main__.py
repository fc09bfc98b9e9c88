"""Run the benchmarks and print each figure beside its bar.

Timings depend on the machine, so bars that matter elsewhere are ratios to something plain measured in
the same run. Nothing here is a test.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from benchmarks import nights, start_up
from benchmarks.figure import Figure

BENCHMARKS: tuple[Callable[[bool], Iterator[Figure]], ...] = (start_up.run, nights.run)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--quick", action="store_true", help="small sizes, a few minutes in all")
    options = parser.parse_args()
    figures: list[Figure] = []
    for benchmark in BENCHMARKS:
        for figure in benchmark(options.quick):
            figures.append(figure)
            print(f"  {figure.name}", file=sys.stderr)
    if options.json:
        print(
            json.dumps([dataclasses.asdict(figure) | {"holds": figure.holds} for figure in figures], indent=2)
        )
    else:
        _print(figures)
    return 0 if all(figure.holds for figure in figures) else 1


def _print(figures: list[Figure]) -> None:
    table = Table("figure", "value", "bar", "holds")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.value:.3g} {figure.unit}",
            f"<= {figure.bar:g}",
            "yes" if figure.holds else "NO",
        )
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
