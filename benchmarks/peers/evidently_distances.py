"""``python -m benchmarks.peers.evidently_distances THEN NOW EXPONENTS``: its PSI and JS by column, of the
numbers cut into bins of width ``2**exponent`` (a JSON object by column), as categories.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import jensenshannon_stat_test, psi_stat_test
from evidently.legacy.core import ColumnType

from benchmarks.processes import tell


def binned(path: str, name: str, exponent: int) -> pd.Series[str]:
    values = pd.read_parquet(path, columns=[name])[name].dropna().to_numpy(dtype=float)
    return pd.Series(np.floor(values / 2.0**exponent).astype("int64")).astype(str)


if __name__ == "__main__":
    found: dict[str, dict[str, float]] = {"psi": {}, "jensen_shannon": {}}
    for name, exponent in json.loads(sys.argv[3]).items():
        then, now = (binned(path, name, exponent) for path in sys.argv[1:3])
        for test, into in ((psi_stat_test, "psi"), (jensenshannon_stat_test, "jensen_shannon")):
            found[into][name] = float(test.func(then, now, ColumnType.Categorical, 0.1)[0])
    tell(**found)
