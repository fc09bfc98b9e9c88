"""Who can read a dataset's table, held against the roles that its contract declares (ODCS ``roles``)."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.connect import Connections
from governance_pipeline.profiles.grants import Reader, read_grants


@dataclass(frozen=True, slots=True)
class Access:
    """Who can read one dataset.

    Attributes:
        declared: the roles of the contract that may read.
        undeclared: readers none of whose roles is declared; superusers are told apart, because no grant
            keeps them out.
        to_come: roles that default privileges will let read tables yet to be made in the schema.
    """

    dataset: str
    declared: tuple[str, ...]
    allowed: tuple[Reader, ...]
    undeclared: tuple[Reader, ...]
    superusers: tuple[Reader, ...] = ()
    to_come: tuple[str, ...] = ()


def table_access(contract: Contract, settings: Settings, root: Path, environ: Mapping[str, str]) -> Access:
    """Who can read the contract's table: in Postgres by roles and grants; a DuckDB database and other
    files, which know no roles, by the permissions of the file.

    Raises:
        CannotEvaluate: the table is not there, or is in a database whose grants are not read here.
    """
    location = contract.location
    if not location.connection:
        return _judged(contract, _file_readers(contract, root / location.path))
    connections = Connections(settings, environ)
    try:
        with connections.session(location) as session:
            if session.dialect != "postgres":
                raise CannotEvaluate(
                    f"the grants of {contract.dataset} cannot be read: it is in {session.dialect}",
                    hint="grants are read in Postgres, and permissions of files",
                )
            grants = read_grants(session)
    finally:
        connections.close()
    schema = location.schema or "public"
    if (schema, location.table) not in grants.owners:
        raise CannotEvaluate(
            f"the table {schema}.{location.table} of {contract.dataset} is not there",
            hint="restore the table, or correct its contract",
        )
    readers = grants.who_reads(schema, location.table)
    coming = grants.to_come.get(schema, frozenset()) | grants.to_come.get("", frozenset())
    return _judged(contract, readers, tuple(sorted(coming - set(contract.readers))))


def _judged(contract: Contract, readers: tuple[Reader, ...], to_come: tuple[str, ...] = ()) -> Access:
    declared = set(contract.readers)
    supreme = tuple(one for one in readers if one.by == "superuser")
    people = [one for one in readers if one.logs_in and one.by != "superuser"]
    allowed = tuple(one for one in people if declared.intersection(one.chain))
    strangers = tuple(one for one in people if not declared.intersection(one.chain))
    return Access(contract.dataset, contract.readers, allowed, strangers, supreme, to_come)


def _file_readers(contract: Contract, path: Path) -> tuple[Reader, ...]:
    files = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    modes = [one.stat().st_mode for one in files if one.exists()]
    if not modes:
        raise CannotEvaluate(
            f"the file of {contract.dataset} is not there", hint="restore it, or correct its contract"
        )
    found = [("everybody on the machine", stat.S_IROTH), ("the file's group", stat.S_IRGRP)]
    return tuple(Reader(who, "file", (who,)) for who, bit in found if any(mode & bit for mode in modes))
