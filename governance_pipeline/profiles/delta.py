"""Delta tables: which files hold the rows of the newest version, from the table's own log.

A Delta table's folder also holds the files of rows that were deleted or overwritten. The log says which
files count: it is replayed from its last checkpoint, as the protocol has it (*Delta Transaction Log
Protocol*, "Action Reconciliation"). Read are tables of reader version 1, and of versions 2 and 3 as far as
they use nothing else: no deletion vectors, no column mapping, no other feature that changes what a file's
rows mean. Others are refused by name. Files never change, so that each is a partition with an exact state.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.delta_rows import Row, Rows, Schema, UnfitSchema, schema_of
from governance_pipeline.profiles.files import LOG, Listing

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet")
_CHECKPOINT_V2 = re.compile(r"(\d{20})\.checkpoint\.[0-9a-f-]{36}\.(?:parquet|json)")
_NEWEST_READER: Final = 3
_FEATURES: Final = 3  # reader version from which a table lists the features it uses
# Features that a reader may ignore, and those whose use is seen in the table itself (see :func:`_checked`).
_KNOWN_FEATURES = frozenset({"timestampNtz", "vacuumProtocolCheck", "deletionVectors", "columnMapping"})
_FROM_CHECKPOINT = (
    "protocol.minReaderVersion", "protocol.readerFeatures", "metaData.schemaString", "metaData.configuration",
    "metaData.partitionColumns", "metaData.format.provider", "add.path", "add.partitionValues", "add.size",
    "add.modificationTime", "add.deletionVector",
)  # fmt: skip


@dataclass(slots=True)
class _State:
    """What the log has said so far."""

    protocol: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    files: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def apply(self, actions: Iterable[Mapping[str, Any]]) -> None:
        """The actions of one commit, or of a checkpoint."""
        for action in actions:
            if action.get("protocol"):
                self.protocol = action["protocol"]
            if action.get("metaData"):
                self.metadata = action["metaData"]
            if action.get("remove"):
                self.files.pop(_key(action["remove"]), None)
            if action.get("add"):
                self.files[_key(action["add"])] = action["add"]


def delta_files(folder: Path, name: str) -> Listing:
    """The files of the table's newest version.

    Args:
        folder: the table's folder.
        name: how it is shown.

    Raises:
        SourceUnavailable: it is no Delta table, its log is damaged, or it uses what is not read here.
    """
    if not (folder / LOG).is_dir():
        raise SourceUnavailable(
            f"there is no Delta table at {name}: it has no {LOG}",
            hint="check the path in the contract's server",
        )
    state = _replayed(folder / LOG, name)
    schema = _checked(state, name)
    rows = Rows(schema, tuple(_row(folder, name, add) for add in state.files.values()))
    states = tuple(sorted((row.path, row.size, row.modified) for row in rows.files))
    return Listing(states, rows.read, apart=True, alike=True, extra=repr(schema))


def _replayed(log: Path, name: str) -> _State:
    """What the log says up to its newest version."""
    found = [path.name for path in log.iterdir()]
    commits = {int(match.group(1)) for one in found if (match := _COMMIT.fullmatch(one))}
    start, parts = _last_checkpoint(found)
    newest = max([*commits, start])
    missing = [version for version in range(start + 1, newest + 1) if version not in commits]
    later = [one for one in found if (match := _CHECKPOINT_V2.fullmatch(one)) and int(match.group(1)) > start]
    if later and (missing or newest < 0):
        raise _unfit(name, "checkpoints of the second kind (v2Checkpoint)")
    if missing or newest < 0:
        raise _damaged(name, f"lacks version {missing[0]}" if missing else "holds no commit")
    state = _State()
    for part in parts:
        state.apply(_checkpoint(log / part, name))
    for version in range(start + 1, newest + 1):
        state.apply(_commit(log / f"{version:020}.json", name))
    return state


def _last_checkpoint(found: Iterable[str]) -> tuple[int, Sequence[str]]:
    """The newest checkpoint of which all parts are there; -1 and no part where there is none."""
    whole: dict[tuple[int, int], list[str]] = defaultdict(list)
    for one in sorted(found):
        match = _CHECKPOINT.fullmatch(one)
        if match:
            whole[int(match.group(1)), int(match.group(3) or 1)].append(one)
    complete = {key: parts for key, parts in whole.items() if len(parts) == key[1]}
    if not complete:
        return -1, ()
    newest = max(complete)
    return newest[0], complete[newest]


def _commit(path: Path, name: str) -> Iterator[Mapping[str, Any]]:
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                action = json.loads(line)
                if not isinstance(action, dict):
                    raise _damaged(name, f"{path.name} holds what is no action")
                yield action
    except (OSError, ValueError) as error:
        raise _damaged(name, f"{path.name} cannot be read") from error


def _checkpoint(path: Path, name: str) -> Iterator[Mapping[str, Any]]:
    """Of a checkpoint only what counts: no statistics, no tombstones."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            known = [column.path for column in file.schema]
            wanted = [
                one for one in _FROM_CHECKPOINT if any(f"{path}.".startswith(f"{one}.") for path in known)
            ]
            rows = file.read(columns=wanted).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise _damaged(name, f"{path.name} cannot be read") from error
    for row in rows:
        if row.get("add"):
            row["add"]["partitionValues"] = dict(row["add"].get("partitionValues") or ())
        if row.get("metaData"):
            row["metaData"]["configuration"] = dict(row["metaData"].get("configuration") or ())
        yield row


def _key(action: Mapping[str, Any]) -> tuple[str, str]:
    """A file and its deletion vector: the same file may be removed with one and added with another."""
    vector = action.get("deletionVector") or {}
    parts = (vector.get(part) for part in ("storageType", "pathOrInlineDv", "offset"))
    return str(action.get("path")), "" if not vector else "/".join(map(str, parts))


def _checked(state: _State, name: str) -> Schema:
    """The schema, where nothing is used that is not read here."""
    if not state.protocol or not state.metadata:
        raise _damaged(name, "does not say how the table is to be read")
    reader = int(state.protocol.get("minReaderVersion") or 0)
    features = set(state.protocol.get("readerFeatures") or ()) if reader >= _FEATURES else set()
    if reader > _NEWEST_READER:
        raise _unfit(name, f"reader version {reader}")
    if features - _KNOWN_FEATURES:
        raise _unfit(name, ", ".join(sorted(features - _KNOWN_FEATURES)))
    mapping = (state.metadata.get("configuration") or {}).get("delta.columnMapping.mode", "none")
    if mapping != "none":
        raise _unfit(name, f"column mapping by {mapping}")
    provider = (state.metadata.get("format") or {}).get("provider", "parquet")
    if provider != "parquet":
        raise _unfit(name, f"files of the format {provider}")
    if any(vector for _, vector in state.files):
        raise _unfit(
            name, "deletion vectors", "; or have Delta rewrite its files: REORG TABLE ... APPLY (PURGE)"
        )
    try:
        return schema_of(state.metadata)
    except UnfitSchema as error:
        raise _unfit(name, str(error)) from error


def _row(folder: Path, name: str, add: Mapping[str, Any]) -> Row:
    path = unquote(str(add["path"]))
    place = folder / path
    if "://" in path or path.startswith(("/", "file:")) or ".." in Path(path).parts:
        raise _unfit(name, "files outside of its folder")
    return Row(
        str(place),
        int(add.get("size") or 0),
        int(add.get("modificationTime") or 0),
        dict(add.get("partitionValues") or {}),
    )


def _unfit(name: str, what: str, more: str = "") -> SourceUnavailable:
    return SourceUnavailable(
        f"{name} is a Delta table with {what}, which is not read here",
        hint=f"read it through Spark (docs/how-to/engines.md){more}",
    )


def _damaged(name: str, why: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"the log of the Delta table {name} {why}", hint="restore the table's _delta_log, then run again"
    )
