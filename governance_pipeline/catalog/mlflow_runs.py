"""What is worth knowing of an MLflow run: who, from which code, on which data, with what result."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from governance_pipeline.catalog.mlflow_api import Json, MlflowServer, entries, tags
from governance_pipeline.errors import NotFound

TRAINING = "training"
_AT_ONCE = 8
_MOST_SHOWN = 30
_LONGEST_SHOWN = 200
_SECRET = re.compile(r"secret|password|passwd|token|credential|api_?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RunInput:
    """A dataset that a run read.

    Attributes:
        context: what it was used for, such as ``training`` or ``validation``; "" where not said.
        uri: where its rows are; "" where unknown.
        table: the table's name where it is one.
        columns: name to type, as far as MLflow knows them.
    """

    name: str
    digest: str
    context: str = ""
    uri: str = ""
    table: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: ``metrics`` are the newest finite values, ``params`` those whose names sound of no secret."""

    id: str
    name: str = ""
    status: str = ""
    user: str = ""
    commit: str = ""
    source: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    inputs: tuple[RunInput, ...] = ()

    @property
    def training(self) -> RunInput | None:
        """The data it learned from: the one input for training, or the only one that says nothing."""
        named = [one for one in self.inputs if one.context.lower() in (TRAINING, "train")]
        found = named or [one for one in self.inputs if not one.context]
        return found[0] if len(found) == 1 else None


def read_runs(server: MlflowServer, ids: Iterable[str]) -> dict[str, Run]:
    """Each run once; those that are gone are not in the answer. Raises as :meth:`MlflowServer.get` does."""

    def one(id_: str) -> Run | None:
        try:
            return run_of(server.get("runs/get", run_id=id_))
        except NotFound:
            return None

    wanted = sorted(set(ids) - {""})
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return {id_: run for id_, run in zip(wanted, pool.map(one, wanted), strict=True) if run is not None}


def run_of(answer: Json) -> Run:
    """One answer of ``runs/get``."""
    run = _mapping(answer.get("run"))
    info, data = _mapping(run.get("info")), _mapping(run.get("data"))
    said = tags(data)
    return Run(
        id=_text(info.get("run_id") or info.get("run_uuid")),
        name=_text(info.get("run_name")) or said.get("mlflow.runName", ""),
        status=_text(info.get("status")),
        user=said.get("mlflow.user", "") or _text(info.get("user_id")),
        commit=said.get("mlflow.source.git.commit", ""),
        source=said.get("mlflow.source.name", ""),
        params={
            name: value[:_LONGEST_SHOWN]
            for name, value in sorted(_pairs(data.get("params")))[:_MOST_SHOWN]
            if not _SECRET.search(name)
        },
        metrics=dict(sorted(_numbers(data.get("metrics")))[:_MOST_SHOWN]),
        inputs=tuple(_input(one) for one in entries(_mapping(run.get("inputs")).get("dataset_inputs"))),
    )


def _input(entry: Json) -> RunInput:
    dataset = _mapping(entry.get("dataset"))
    source = _json(dataset.get("source"))
    where = source if isinstance(source, dict) else {}
    uri = next((_text(where[key]) for key in ("uri", "url", "path") if where.get(key)), "")
    if isinstance(source, str):
        uri = source
    table = next((_text(where[key]) for key in ("table_name", "delta_table_name") if where.get(key)), "")
    return RunInput(
        name=_text(dataset.get("name")),
        digest=_text(dataset.get("digest")),
        context=tags(entry).get("mlflow.data.context", ""),
        uri=uri,
        table=table,
        columns=_columns(_json(dataset.get("schema"))),
    )


def _columns(schema: object) -> Mapping[str, str]:
    found = _mapping(schema).get("mlflow_colspec")
    return {_text(one.get("name")): _text(one.get("type")) for one in entries(found) if one.get("name")}


def _pairs(found: object) -> Sequence[tuple[str, str]]:
    return [(_text(one.get("key")), str(one.get("value", ""))) for one in entries(found) if one.get("key")]


def _numbers(found: object) -> Iterable[tuple[str, float]]:
    for one in entries(found):
        value = one.get("value")
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            yield _text(one.get("key")), float(value)


def _json(text: object) -> object:
    try:
        return json.loads(text) if isinstance(text, str) and text else None
    except (ValueError, RecursionError):
        return text  # MLflow holds some sources as the address alone


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
