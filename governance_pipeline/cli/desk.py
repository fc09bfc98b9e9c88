"""What the verbs that promote and roll back work with, released at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from governance_pipeline.reviews.desk import Desk


@contextmanager
def promotion_desk(project: Path | None) -> Iterator[Desk]:
    """The project at or above a folder, its store and its keys."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.reviews.desk import Desk
    from governance_pipeline.stages.services import checkpoint_log

    opened = open_project(project)
    store = open_project_store(opened)
    try:
        yield Desk(opened, store, checkpoint_log(opened).keys, dict(os.environ))
    finally:
        store.close()
