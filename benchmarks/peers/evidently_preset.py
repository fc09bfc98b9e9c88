"""``python -m benchmarks.peers.evidently_preset THEN NOW``: Evidently's default drift preset."""

from __future__ import annotations

import sys
from time import perf_counter, process_time

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

from benchmarks.data.reference_table import NUMERIC
from benchmarks.processes import tell

if __name__ == "__main__":
    begun, cpu = perf_counter(), process_time()
    then, now = (pd.read_parquet(path, columns=list(NUMERIC)) for path in sys.argv[1:3])
    found = Report([DataDriftPreset()]).run(now, then).dict()
    tell(seconds=perf_counter() - begun, cpu=process_time() - cpu, metrics=len(found["metrics"]))
