"""Who can read a dataset's table, held against the roles that its contract declares (ODCS ``roles``)."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from threading import Lock

from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.connect import Connections
from governance_pipeline.profiles.grants import read_grants
from governance_pipeline.profiles.reader import Access, Reader
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.who_reads import Followed


def table_access(contract: Contract, settings: Settings, root: Path, environ: Mapping[str, str]) -> Access:
    """Who can read the contract's table: in Postgres by roles and grants; a DuckDB database and other
    files, which know no roles, by the permissions of the file.

    Raises:
        CannotEvaluate: the table is not there, or is in a database whose grants are not read here.
    """
    if not contract.location.connection:
        return file_access(contract, root)
    connections = Connections(settings, environ)
    try:
        with connections.session(contract.location) as session:
            return granted_access(contract, session.dialect, grants_of(session))
    finally:
        connections.close()


def grants_of(session: Session) -> Followed | None:
    """The grants of the session's database, followed; None where they are not read here."""
    return Followed(read_grants(session)) if session.dialect == "postgres" else None


def granted_access(contract: Contract, dialect: str, grants: Followed | None) -> Access:
    """Who can read a table of a database. Raises CannotEvaluate like :func:`table_access`."""
    if grants is None:
        raise CannotEvaluate(
            f"the grants of {contract.dataset} cannot be read: it is in {dialect}",
            hint="grants are read in Postgres, and permissions of files",
        )
    schema, table = contract.location.schema or "public", contract.location.table
    if (schema, table) not in grants.grants.relations:
        raise CannotEvaluate(
            f"the table {schema}.{table} of {contract.dataset} is not there",
            hint="restore the table, or correct its contract",
        )
    coming = grants.grants.to_come.get(schema, frozenset()) | grants.grants.to_come.get("", frozenset())
    return _judged(contract, grants.who_reads(schema, table), tuple(sorted(coming - set(contract.readers))))


def _judged(contract: Contract, readers: tuple[Reader, ...], to_come: tuple[str, ...] = ()) -> Access:
    declared = set(contract.readers)
    supreme = tuple(one for one in readers if one.by == "superuser")
    people = [one for one in readers if one.logs_in and one.by != "superuser"]
    allowed = tuple(one for one in people if declared.intersection(one.chain))
    strangers = tuple(one for one in people if not declared.intersection(one.chain))
    return Access(contract.dataset, contract.readers, allowed, strangers, supreme, to_come)


def file_access(contract: Contract, root: Path) -> Access:
    """Who can read the files of a dataset, by their permissions. Raises CannotEvaluate: there are none."""
    path = root / contract.location.path
    files = sorted(path.parent.glob(path.name)) if "*" in path.name else [path]
    modes = [one.stat().st_mode for one in files if one.exists()]
    if not modes:
        raise CannotEvaluate(
            f"the file of {contract.dataset} is not there", hint="restore it, or correct its contract"
        )
    found = [("everybody on the machine", stat.S_IROTH), ("the file's group", stat.S_IRGRP)]
    readers = (Reader(who, "file", (who,)) for who, bit in found if any(mode & bit for mode in modes))
    return _judged(contract, tuple(readers))


class AccessOfNight:
    """Reads each database's grants once a night, for all datasets in it. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = Lock()
        self._night: date | None = None
        self._grants: dict[str, Followed | None] = {}

    def of(self, session: Session, contract: Contract, night: date) -> Access:
        """Who can read the contract's table, which the session reads. Raises like :func:`table_access`."""
        if not contract.location.connection:
            return file_access(contract, self._root)
        with session.holding(self._lock):
            if night != self._night:
                self._night, self._grants = night, {}
            if session.family not in self._grants:
                self._grants[session.family] = grants_of(session)
            return granted_access(contract, session.dialect, self._grants[session.family])
