"""``python -m tests.reviews.acting_process ROOT REVIEW PERSON FIRST``: comment on a review for ever.

Each comment is a number, FIRST and on; it is printed once the review has taken it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from governance_pipeline.bootstrap import open_project, open_project_store
from governance_pipeline.reviews import service
from governance_pipeline.reviews.service import Table
from governance_pipeline.stages.knowledge import known_graph, known_versions
from governance_pipeline.stages.services import utc_now


def main(root: str, review: str, person: str, first: str) -> None:
    project = open_project(Path(root))
    store = open_project_store(project)
    now = utc_now()
    graph = known_graph(project, store, known_versions(project, store), now.date(), now).graph
    number = int(first)
    while True:
        service.comment(Table(project, store, graph, utc_now()), review, person=person, text=str(number))
        print(number, flush=True)  # noqa: T201 - whoever started us reads it
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
