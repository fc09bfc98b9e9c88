"""What readers of other tools' catalogues and registries are given."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime

from governance_pipeline.catalog.reader import Surroundings
from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.sql import column_lineage


def surroundings(project: Project, until: datetime, environ: Mapping[str, str] | None = None) -> Surroundings:
    """Of ``project``; ``${NAME}`` is looked up in ``environ``, by default the process's own."""
    known = os.environ if environ is None else environ
    return Surroundings(project.root, known, until, column_lineage, project.settings.connections)
