"""The sample project's definitions as readable text: ``python -m tests.assets.snapshot`` writes it anew."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import dagster as dg

from assets.location import build_definitions
from tests.assets.support import NOW, assets_of, checks_of, deps_of, lending

SNAPSHOT = Path(__file__).with_name("snapshots") / "lending.json"


def described(defs: dg.Definitions) -> dict[str, Any]:
    """Keys, groups, dependencies, checks, owners and tags of every asset; jobs, schedules, sensors."""
    checks: dict[str, list[str]] = defaultdict(list)
    for asset, check in sorted(checks_of(defs)):
        checks[asset].append(check)
    return {
        "assets": {
            name: {
                "group": spec.group_name,
                "made from": sorted(deps_of(spec)),
                "owners": list(spec.owners),
                "kinds": sorted(spec.kinds),
                "tags": {k: v for k, v in sorted(spec.tags.items()) if not k.startswith("dagster/kind")},
                "checks": checks[name],
                "nights": spec.partitions_def is not None,
            }
            for name, spec in sorted(assets_of(defs).items())
        },
        "jobs": sorted(job.name for job in defs.jobs or ()),
        "schedules": {s.name: f"{s.cron_schedule} {s.execution_timezone}" for s in defs.schedules or ()},
        "sensors": {s.name: f"every {s.minimum_interval_seconds} s" for s in defs.sensors or ()},
    }


def as_text(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        project = lending(Path(folder) / "project")
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(as_text(described(build_definitions(project, now=NOW))), encoding="utf-8")
