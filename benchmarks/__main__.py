"""Run the benchmarks and print each figure beside its bar.

Timings depend on the machine, so bars that matter elsewhere are ratios to something plain measured in
the same run. Nothing here is a test. The exit code is 1 where a bar is not reached.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.figure import Figure
from benchmarks.machine import described
from benchmarks.printing import as_json, into_page, show
from benchmarks.registry import TOPICS
from benchmarks.running import figures


def main(words: Sequence[str] | None = None, topics: Mapping[str, str] = TOPICS) -> int:
    options = _parser(topics).parse_args(words)
    sys.dont_write_bytecode = False  # as in processes.with_bytecode: a user's interpreter keeps it too
    if options.explain:
        from benchmarks.explain import explain

        explain(quick=options.quick, picture=options.svg)
        return 0
    chosen = {name: module for name, module in topics.items() if name in (options.only or topics)}
    found: list[Figure] = []
    for figure in figures(chosen, quick=options.quick):
        found.append(figure)
        print(f"  {figure.name}", file=sys.stderr)
    if options.markdown:
        into_page(options.markdown, found, described(quick=options.quick))
    if options.json:
        print(as_json(found))
    else:
        show(found, Console())
    return 0 if all(figure.holds for figure in found) else 1


def _parser(topics: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, under five minutes in all")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--only", action="append", choices=sorted(topics), metavar="TOPIC", help=", ".join(topics)
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also fill the figures of this page")
    parser.add_argument("--explain", action="store_true", help="instead: where the time of a scan goes")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="with --explain: draw it into FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
