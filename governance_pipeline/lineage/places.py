"""From where other tools say that rows are to the contract that governs the same table or files.

The one place where a table is recognised. OpenLineage names it by where it is
(https://openlineage.io/docs/spec/naming): the namespace is the server, the name ``database.schema.table``;
for files it is ``file`` or the bucket, and the path. Catalogues say ``database.schema.table`` or a path
(:data:`~governance_pipeline.catalog.reader.TABLE`, ``PATH``). What only one side says is not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, urlsplit

from governance_pipeline.catalog.reader import PATH, TABLE
from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.project import Project
from governance_pipeline.vocabulary.openlineage import Name

_FILES = {"file": "file", "s3": "s3", "s3a": "s3", "s3n": "s3", "gs": "gs", "gcs": "gs", "hdfs": "hdfs"}
_FILES |= {name: name for name in ("abfs", "abfss", "wasb", "wasbs", "dbfs", "oss")}
_DEFAULT_SCHEMAS = ("", "public", "main", "dbo", "default")
_WILD = "*?["


class Places:
    """The datasets of a project by where their rows are."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def dataset(self, names: Iterable[Name]) -> str | None:
        """The dataset that is known by one of these names; None where none or several are."""
        found = {dataset for name in names for dataset in self._at(name)}
        return next(iter(found)) if len(found) == 1 else None

    def stands_at(self, contract: Contract, facts: Mapping[str, str]) -> bool:
        """Whether a catalogue's facts of a table or of files say where the contract's rows are."""
        place = contract.location
        if place.table:
            return TABLE in facts and self._is_table(contract, facts[TABLE])
        read = facts.get(PATH)
        return bool(read and place.path) and _same_files(_file_address(read or ""), _file_address(place.path))

    def _is_table(self, contract: Contract, name: str) -> bool:
        schema, table, database = _parts(name)
        place = contract.location
        own = (place.schema.lower(),) if place.schema else _DEFAULT_SCHEMAS
        here = place.table.lower() == table and schema in own
        return here and _agree(self._database(contract), database)

    def _at(self, name: Name) -> Iterable[str]:
        if name.namespace == self._project.settings.name:  # as this project's own events name datasets
            return [name.name] if name.name in self._project.contracts else []
        scheme, _, rest = name.namespace.partition(":")
        kind = _FILES.get(scheme.lower())
        if kind is not None:
            return self._of_files(_address(kind, rest.strip("/"), name.name))
        return self._of_tables(name)

    def _of_files(self, address: str) -> list[str]:
        return [dataset for dataset, pattern in self._files if _same_files(address, pattern)]

    def _of_tables(self, name: Name) -> list[str]:
        schema, table, database = _parts(name.name)
        found = self._tables.get((schema, table), ())
        return [one.dataset for one in found if self._is_there(one, name.namespace, database)]

    def _is_there(self, contract: Contract, namespace: str, database: str) -> bool:
        """Whether a table's server and database are those of an event, as far as both are known."""
        if contract.location.kind == "duckdb":
            return namespace.lower().startswith("duckdb") and _agree(self._database(contract), database)
        ours = self._server(contract)
        if ours is None:
            return True  # the address is a secret of the environment
        theirs = _split(namespace)
        if theirs is None:
            return False
        same_host = _agree(ours.hostname, theirs.hostname) and _agree(_port(ours), _port(theirs))
        return same_host and _agree(self._database(contract), database)

    def _database(self, contract: Contract) -> str:
        """The database a contract's table is in; "" where the project's files do not say it."""
        place = contract.location
        if place.kind == "duckdb":
            return Path(place.path).stem.lower()
        connection = self._project.settings.connections.get(place.connection)
        address = connection.url.partition("?")[0].partition("://")[2] if connection else ""
        path = address.partition("/")[2].rpartition("/")[2]
        return "" if "$" in path else PurePosixPath(path).stem.lower()

    def _server(self, contract: Contract) -> SplitResult | None:
        connection = self._project.settings.connections.get(contract.location.connection)
        return None if connection is None or "${" in connection.url else _split(connection.url)

    @cached_property
    def _files(self) -> list[tuple[str, str]]:
        found = []
        for name, contract in self._project.contracts.items():
            path = contract.location.path
            if path and not contract.location.table:
                found.append((name, _file_address(path)))
        return found

    @cached_property
    def _tables(self) -> Mapping[tuple[str, str], list[Contract]]:
        found: dict[tuple[str, str], list[Contract]] = {}
        for contract in self._project.contracts.values():
            place = contract.location
            for schema in (place.schema,) if place.schema else _DEFAULT_SCHEMAS:
                if place.table:
                    found.setdefault((schema.lower(), place.table.lower()), []).append(contract)
        return found


def _parts(name: str) -> tuple[str, str, str]:
    """Schema, table and database of ``database.schema.table``, in small letters; "" where not named."""
    *before, schema, table = ["", *name.replace('"', "").replace("`", "").lower().split(".")]
    return schema, table, before[-1] if before else ""


def _file_address(path: str) -> str:
    """The address of files that are named by a path or by a URL."""
    scheme, separator, rest = path.partition("://")
    kind = _FILES.get(scheme.lower(), scheme) if separator else "file"
    bucket, _, inside = rest.partition("/") if separator else ("", "", path)
    return _address(kind, bucket, inside)


def _address(kind: str, bucket: str, path: str) -> str:
    host = "" if kind == "file" else bucket
    return f"{kind}://{host}/{path.strip('/')}"


def _same_files(address: str, pattern: str) -> bool:
    """Whether an address is a file or the folder of a contract's files."""
    wild = min((pattern.find(sign) for sign in _WILD if sign in pattern), default=-1)
    if wild < 0:
        return address == pattern
    return address == pattern[:wild].rpartition("/")[0] or fnmatchcase(address, pattern)


def _agree(ours: object, theirs: object) -> bool:
    return not ours or not theirs or str(ours).lower() == str(theirs).lower()


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _port(address: SplitResult) -> int | None:
    try:
        return address.port
    except ValueError:  # another form of address, such as a list of hosts
        return None
