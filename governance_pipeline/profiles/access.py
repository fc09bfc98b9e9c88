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
        return file_access(contract, root / contract.location.path)
    connections = Connections(settings, environ)
    try:
        with connections.session(contract.location) as session:
            return AccessOfNight(root).of(session, contract, None)
    finally:
        connections.close()


def granted_access(contract: Contract, grants: Followed) -> Access:
    """Who can read a table of Postgres. Raises CannotEvaluate: it is not there."""
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


def file_access(contract: Contract, path: Path) -> Access:
    """Who can read the files of a dataset, by their permissions and those of the folders on the way: of a
    file, of all that a pattern finds, or of all in the folder of a Delta or Iceberg table.

    Raises:
        CannotEvaluate: there are none.
    """
    path = path.absolute()
    named = Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    files = [file for one in named for file in (one.rglob("*") if one.is_dir() else [one]) if file.is_file()]
    if not files:
        raise CannotEvaluate(
            f"the file of {contract.dataset} is not there", hint="restore it, or correct its contract"
        )
    ways: dict[Path, int] = {}
    found = [(f.stat().st_mode, ways.setdefault(f.parent, _way_to(f.parent))) for f in files]
    classes = (("everybody on the machine", stat.S_IROTH), ("the file's group", stat.S_IRGRP))
    readers = (
        Reader(who, "file", (who,))
        for who, bit in classes
        if any(mode & bit and way & bit for mode, way in found)
    )
    return _judged(contract, tuple(readers))


def _way_to(folder: Path) -> int:
    """The bits of reading for those who may pass through the folder and all above it."""
    modes = [one.stat().st_mode for one in (folder, *folder.resolve().parents)]
    everybody = all(mode & stat.S_IXOTH for mode in modes)
    group = all(mode & (stat.S_IXGRP | stat.S_IXOTH) for mode in modes)
    return (stat.S_IROTH if everybody else 0) | (stat.S_IRGRP if group else 0)


class AccessOfNight:
    """Reads each database's grants once a night, for all datasets in it. Safe to use from several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = Lock()
        self._night: date | None = None
        self._grants: dict[str, Followed] = {}

    def of(self, session: Session, contract: Contract, night: date | None) -> Access:
        """Who can read the contract's table, which the session reads. Raises like :func:`table_access`."""
        if not contract.location.connection:
            return file_access(contract, self._root / contract.location.path)
        if session.dialect == "duckdb":
            return file_access(contract, _duckdb_file(session, contract))
        if session.dialect != "postgres":
            raise _unknown(contract, session)
        with session.holding(self._lock):
            if night != self._night:
                self._night, self._grants = night, {}
            if session.family not in self._grants:
                self._grants[session.family] = Followed(read_grants(session))
            return granted_access(contract, self._grants[session.family])


def _duckdb_file(session: Session, contract: Contract) -> Path:
    asked = "SELECT path FROM duckdb_databases() WHERE database_name = current_database()"
    ((path,),) = session.rows(asked)
    if not path:  # of a database in memory, or of a service
        raise _unknown(contract, session)
    return Path(path)


def _unknown(contract: Contract, session: Session) -> CannotEvaluate:
    return CannotEvaluate(
        f"who can read {contract.dataset} is not known: it is in {session.dialect}",
        hint="grants are read in Postgres, and permissions of files",
    )
