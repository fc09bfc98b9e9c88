"""``python -m benchmarks.peers.evidently_distances THEN NOW``: its PSI and JS by column."""

from __future__ import annotations

import sys

import pandas as pd
from evidently.legacy.calculations.stattests import jensenshannon_stat_test, psi_stat_test
from evidently.legacy.core import ColumnType

from benchmarks.data.reference_table import NUMERIC
from benchmarks.processes import tell

if __name__ == "__main__":
    found: dict[str, dict[str, float]] = {"psi": {}, "jensen_shannon": {}}
    for name in NUMERIC:
        then, now = (pd.read_parquet(path, columns=[name])[name].dropna() for path in sys.argv[1:3])
        for test, into in ((psi_stat_test, "psi"), (jensenshannon_stat_test, "jensen_shannon")):
            found[into][name] = float(test.func(then, now, ColumnType.Numerical, 0.1)[0])
    tell(**found)
