"""What workspace.yaml loads. The project is GOVERNANCE_PROJECT, else ``demo`` beside this folder."""

from __future__ import annotations

import dagster as dg

from assets.location import build_definitions, project_folder
from governance_pipeline.bootstrap import open_project

defs: dg.Definitions = build_definitions(open_project(project_folder()))
