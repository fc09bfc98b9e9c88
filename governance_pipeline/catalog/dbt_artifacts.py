"""The files of a dbt run as plain objects, whatever version of dbt wrote them.

Read are manifests of the schema versions 1 to 12, later ones of the same shape and earlier ones, which had
sources among the nodes; catalogs of version 1; run results of all versions. Source:
https://schemas.getdbt.com. Names changed between versions (``compiled_sql``, from 7 on
``compiled_code``); what stands in none of the known places is taken as not said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance_pipeline.charter.paths import project_path
from governance_pipeline.charter.places import DbtPlace
from governance_pipeline.errors import CannotEvaluate

Json = Mapping[str, Any]
HINT = "run dbt again (`dbt build`, `dbt docs generate`), or correct the path in governance.yaml"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Attributes:
    nodes: models, seeds, snapshots, tests, sources and exposures by their unique id.
    columns: by unique id, name to type as the warehouse has them, in order; from catalog.json.
    statuses: by unique id, how it ended; from run_results.json.
    """

    metadata: Json
    nodes: Mapping[str, Json]
    groups: Mapping[str, Json]
    macros: Mapping[str, Json]
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)


_PARTS = ("nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries", "functions")


def load(place: DbtPlace, root: Path) -> Artifacts:
    """Read the files of one place. Raises CannotEvaluate, naming the file."""
    manifest = _json(place.manifest, root)
    if not isinstance(manifest.get("nodes"), dict):
        raise CannotEvaluate(f"{place.manifest} is no dbt manifest: it has no nodes", hint=HINT)
    catalog = _json(place.catalog, root) if place.catalog else {}
    results = _json(place.run_results, root) if place.run_results else {}
    return Artifacts(
        metadata=mapping(manifest.get("metadata")),
        nodes={
            str(key): node
            for part in _PARTS
            for key, node in mapping(manifest.get(part)).items()
            if isinstance(node, dict)
        },
        groups={
            str(group["name"]): group
            for group in mapping(manifest.get("groups")).values()
            if isinstance(group, dict) and group.get("name")
        },
        macros=mapping(manifest.get("macros")),
        columns=_columns(catalog),
        statuses=dict(_statuses(results)),
    )


def mapping(value: object) -> Json:
    """The value where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> Sequence[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def said(value: object) -> str:
    """A text as it stands there, "" where there is none."""
    return value if isinstance(value, str) else ""


def config(node: Json, key: str) -> Any:
    """Of the node itself or of its ``config``, which later versions moved things to."""
    own = node.get(key)
    return own or mapping(node.get("config")).get(key)


def parents(node: Json) -> list[str]:
    """The unique ids of what a node depends on."""
    return [one for one in listed(mapping(node.get("depends_on")).get("nodes")) if isinstance(one, str)]


def code(node: Json, stage: str) -> str:
    """The ``raw`` or ``compiled`` code of a node."""
    return said(node.get(f"{stage}_code")) or said(node.get(f"{stage}_sql"))


def _json(text: str, root: Path) -> Json:
    file = project_path(text, root)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CannotEvaluate(f"{text} cannot be read: {error.strerror or error}", hint=HINT) from error
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CannotEvaluate(f"{text} is no JSON file: {error}", hint=HINT) from error
    if not isinstance(found, dict):
        raise CannotEvaluate(f"{text} is no file of dbt: it holds no JSON object", hint=HINT)
    return found


def _columns(catalog: Json) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for part in ("nodes", "sources"):
        for key, table in mapping(catalog.get(part)).items():
            columns = [mapping(one) for one in mapping(mapping(table).get("columns")).values()]
            columns.sort(key=_place)
            found[key] = {said(one.get("name")): said(one.get("type")) for one in columns if one.get("name")}
    return found


def _place(column: Json) -> int:
    index = column.get("index")
    return index if isinstance(index, int) else 0


def _statuses(results: Json) -> Iterable[tuple[str, str]]:
    for result in map(mapping, listed(results.get("results"))):
        key = said(result.get("unique_id")) or said(mapping(result.get("node")).get("unique_id"))
        status = result.get("status")
        if not isinstance(status, str):  # before 0.19 a test's status was its number of failing rows
            status = "fail" if result.get("fail") or result.get("error") else "pass"
        if key:
            yield key, status.lower()
