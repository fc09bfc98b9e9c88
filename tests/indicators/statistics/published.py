"""Real data and published figures beside the project; tests that need them skip where they are absent."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[3].parent / "shared" / "data"


def find(name: str) -> Path:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"the conformance data {name} is not beside this project")
    return path


def expected(name: str) -> Any:
    return json.loads(find(f"expected/{name}.json").read_text(encoding="utf-8"))


def published(contains: str, metric: str) -> Any:
    """The one published entry whose set and metric contain the words."""
    found = [
        entry for entry in expected("published") if contains in entry["set"] and metric in entry["metric"]
    ]
    assert len(found) == 1
    return found[0]["expected"]


def table(name: str, **options: Any) -> pd.DataFrame:
    path = find(name)
    data = path.read_bytes()
    return pd.read_csv(io.BytesIO(gzip.decompress(data) if name.endswith(".gz") else data), **options)


def bikes() -> pd.DataFrame:
    """Hourly bicycle rentals (Fanaee-T & Gama 2013), indexed by time."""
    with zipfile.ZipFile(find("drift/bike_sharing_dataset.zip")) as archive:
        rides = pd.read_csv(io.BytesIO(archive.read("hour.csv")))
    rides.index = pd.to_datetime(rides["dteday"]) + pd.to_timedelta(rides["hr"], unit="h")
    return rides
