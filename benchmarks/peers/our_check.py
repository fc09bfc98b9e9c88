"""``python -m benchmarks.peers.our_check PROJECT DATASET``: one dataset's indicators."""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.data.nightly import clock_after
from benchmarks.data.reference_table import NIGHT
from benchmarks.processes import tell
from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.nightly import check_dataset

if __name__ == "__main__":
    begun, cpu = perf_counter(), process_time()
    with services(open_project(Path(sys.argv[1])), clock=clock_after(NIGHT)) as opened:
        measured = check_dataset(opened, sys.argv[2], NIGHT)
    drifts = sum(measurement.indicator == "drift" for measurement in measured)
    tell(seconds=perf_counter() - begun, cpu=process_time() - cpu, compared=drifts)
