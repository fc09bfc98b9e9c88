"""What workspace.yaml loads: the project of GOVERNANCE_PROJECT, else ``demo`` beside this folder."""

from __future__ import annotations

import dagster as dg

from assets.location import definitions

defs: dg.Definitions = definitions()
