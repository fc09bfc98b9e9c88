"""``python -m benchmarks.peers.our_night PROJECT``: one whole night, written to the project's store."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.data import nightly
from benchmarks.data.reference_table import NIGHT
from benchmarks.processes import tell
from governance_pipeline.bootstrap import open_project
from governance_pipeline.vocabulary.outcome import Outcome

if __name__ == "__main__":
    night = nightly.run(open_project(Path(sys.argv[1])), NIGHT)
    tell(seconds=night.seconds, rows=sum(night.rows.values()), not_run=night.outcomes[Outcome.NOT_RUN])
