"""Writes Delta tables as the protocol has them: files, and a log that says which of them count."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

_LONGS = {"type": "array", "elementType": "long", "containsNull": True}
TYPES = {
    "int64": "long", "int32": "integer", "double": "double", "string": "string", "bool": "boolean",
    "date32[day]": "date", "timestamp[us, tz=UTC]": "timestamp", "timestamp[us]": "timestamp_ntz",
    "binary": "binary", "list<element: int64>": _LONGS, "list<item: int64>": _LONGS,
}  # fmt: skip
PROTOCOL = {"minReaderVersion": 1, "minWriterVersion": 2}


@dataclass
class Delta:
    """A table in ``folder``; every change is a commit of its own."""

    folder: Path
    schema: pa.Schema
    partitioned: Sequence[str] = ()
    protocol: Mapping[str, Any] = field(default_factory=lambda: PROTOCOL)
    configuration: Mapping[str, str] = field(default_factory=dict)
    version: int = -1
    live: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def log(self) -> Path:
        return self.folder / "_delta_log"

    @property
    def metadata(self) -> dict[str, Any]:
        fields = [
            {"name": one.name, "type": TYPES[str(one.type)], "nullable": True, "metadata": {}}
            for one in self.schema
        ]
        return {
            "id": "7f1c", "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": list(self.partitioned), "configuration": dict(self.configuration),
        }  # fmt: skip

    def create(self) -> Delta:
        self.log.mkdir(parents=True)
        self.commit({"protocol": self.protocol}, {"metaData": self.metadata})
        return self

    def commit(self, *actions: Mapping[str, Any]) -> None:
        self.version += 1
        lines = [json.dumps(one) for one in ({"commitInfo": {"operation": "WRITE"}}, *actions)]
        (self.log / f"{self.version:020}.json").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def add(self, rows: pa.Table, name: str, **values: str | None) -> dict[str, Any]:
        """Write a file and say how it is added."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, path)
        return self.of_file(name, **values)

    def of_file(self, name: str, **values: str | None) -> dict[str, Any]:
        found = (self.folder / name).stat()
        action = {
            "path": quote(name), "partitionValues": values, "size": found.st_size,
            "modificationTime": found.st_mtime_ns // 10**6, "dataChange": True,
        }  # fmt: skip
        self.live[name] = action
        return {"add": action}

    def remove(self, name: str) -> dict[str, Any]:
        """Say that a file does not count any more; it stays where it is."""
        del self.live[name]
        return {"remove": {"path": quote(name), "deletionTimestamp": 1, "dataChange": True}}

    def checkpoint(self, parts: int = 1, *, forget: bool = True) -> list[Path]:
        """Write all that the log says as Parquet; ``forget`` the commits that led to it."""
        rows: list[dict[str, Any]] = [{"protocol": self.protocol}, {"metaData": self.metadata}]
        rows += [{"add": {**one, "stats": "{}"}} for one in self.live.values()]
        rows += [{"remove": {"path": "long-gone.parquet", "deletionTimestamp": 1, "dataChange": True}}]
        names = [f"{self.version:020}.checkpoint.parquet"]
        if parts > 1:
            names = [f"{self.version:020}.checkpoint.{n + 1:010}.{parts:010}.parquet" for n in range(parts)]
        for number, name in enumerate(names):
            pq.write_table(pa.Table.from_pylist(rows[number::parts], CHECKPOINT), self.log / name)
        if forget:
            for version in range(self.version + 1):
                (self.log / f"{version:020}.json").unlink()
        return [self.log / name for name in names]


_TEXTS = pa.map_(pa.string(), pa.string())
CHECKPOINT = pa.schema(
    {
        "protocol": pa.struct(
            {
                "minReaderVersion": pa.int32(),
                "minWriterVersion": pa.int32(),
                "readerFeatures": pa.list_(pa.string()),
            }
        ),
        "metaData": pa.struct(
            {
                "id": pa.string(),
                "format": pa.struct({"provider": pa.string(), "options": _TEXTS}),
                "schemaString": pa.string(),
                "partitionColumns": pa.list_(pa.string()),
                "configuration": _TEXTS,
            }
        ),
        "add": pa.struct(
            {
                "path": pa.string(),
                "partitionValues": _TEXTS,
                "size": pa.int64(),
                "modificationTime": pa.int64(),
                "dataChange": pa.bool_(),
                "stats": pa.string(),
                "deletionVector": pa.struct(
                    {"storageType": pa.string(), "pathOrInlineDv": pa.string(), "offset": pa.int32()}
                ),
            }
        ),
        "remove": pa.struct({"path": pa.string(), "deletionTimestamp": pa.int64(), "dataChange": pa.bool_()}),
    }
)
