"""Who can read a table in Postgres, and through what: grants, ownership, PUBLIC, memberships, superusers.

Roles and grants are read from the catalogues as they are and followed here, so that the way can be told. The
statements are constant: no name of a table or role becomes part of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance_pipeline.profiles.session import Session

PUBLIC = "PUBLIC"
READS_ALL = "pg_read_all_data"

_ROLES = "SELECT rolname, rolsuper, rolcanlogin FROM pg_catalog.pg_roles"
_MEMBERS = """
SELECT m.rolname, r.rolname FROM pg_catalog.pg_auth_members a
JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
"""
_TABLES = """
SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner),
       CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(g.grantee) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT e.grantee FROM pg_catalog.aclexplode(
        COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS e
    WHERE e.privilege_type = 'SELECT') AS g ON TRUE
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname,
       CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.grantee) END
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS e
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND e.privilege_type = 'SELECT'
"""
_DEFAULTS = """
SELECT COALESCE(n.nspname, ''),
       CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.grantee) END
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(d.defaclacl) AS e
WHERE d.defaclobjtype = 'r' AND e.privilege_type = 'SELECT' AND e.grantee <> d.defaclrole
"""
_SCHEMAS = """
SELECT n.nspname, CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.grantee) END
FROM pg_catalog.pg_namespace n
CROSS JOIN LATERAL pg_catalog.aclexplode(
    COALESCE(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) AS e
WHERE e.privilege_type = 'USAGE'
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that can read the table.

    Attributes:
        by: ``grant``, ``owner``, ``public``, ``columns``, ``read_all`` or ``superuser``.
        chain: the role itself, then each role that it is a member of, up to the one that may read.
        columns: where only some may be read.
        logs_in: whether somebody can connect as the role.
    """

    role: str
    by: str
    chain: tuple[str, ...]
    columns: tuple[str, ...] = ()
    logs_in: bool = True


@dataclass(frozen=True, slots=True)
class Grants:
    """The catalogue's word on one database.

    Attributes:
        members: role to the roles that it is a member of.
        owners: (schema, table) to its owner; ``readers`` to those who may read all of it.
        columns: (schema, table) to role to the columns that it may read.
        usage: schema to the roles that may look into it.
        to_come: schema ("" for any) to the roles that will read tables yet to be made there.
    """

    superusers: frozenset[str]
    logins: frozenset[str]
    members: Mapping[str, tuple[str, ...]]
    owners: Mapping[tuple[str, str], str]
    readers: Mapping[tuple[str, str], frozenset[str]]
    columns: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]
    usage: Mapping[str, frozenset[str]]
    to_come: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def who_reads(self, schema: str, table: str) -> tuple[Reader, ...]:
        """Every role that can read the table or a column of it, by name; each by its shortest way.

        A member may always become the role it is a member of, whether it inherits or not. Postgres's own
        roles (``pg_...``) are ways, and not readers.
        """
        roles = sorted({*self.logins, *self.superusers, *self.members, *self._named(schema, table)})
        found = (self._reader(role, schema, table) for role in roles if not role.startswith("pg_"))
        return tuple(one for one in found if one is not None)

    def _named(self, schema: str, table: str) -> set[str]:
        key = (schema, table)
        named = {*self.readers.get(key, ()), *self.columns.get(key, {}), self.owners.get(key, PUBLIC)}
        return named - {PUBLIC}

    def _reader(self, role: str, schema: str, table: str) -> Reader | None:
        logs_in = role in self.logins
        ways = self._ways(role)
        for one, chain in ways.items():  # who may become a superuser is one
            if one in self.superusers:
                return Reader(role, "superuser", chain, (), logs_in)
        looks_in = {PUBLIC, *ways} & self.usage.get(schema, frozenset())
        if not looks_in and READS_ALL not in ways:
            return None
        key = (schema, table)
        for one, chain in ways.items():
            by = self._directly(one, key)
            if by:
                return Reader(role, by, chain, (), logs_in)
        if PUBLIC in self.readers.get(key, ()):
            return Reader(role, "public", (role,), (), logs_in)
        partly = self.columns.get(key, {})
        for one, chain in (*ways.items(), (PUBLIC, (role,))):
            if one in partly:
                return Reader(role, "columns", chain, partly[one], logs_in)
        return None

    def _directly(self, role: str, key: tuple[str, str]) -> str:
        if role == self.owners.get(key):
            return "owner"
        if role == READS_ALL:
            return "read_all"
        return "grant" if role in self.readers.get(key, ()) else ""

    def _ways(self, role: str) -> dict[str, tuple[str, ...]]:
        """The roles that ``role`` is or may become, the nearest first, each with the way to it."""
        found: dict[str, tuple[str, ...]] = {role: (role,)}
        waiting = [role]
        while waiting:
            here = waiting.pop(0)
            for above in sorted(self.members.get(here, ())):
                if above not in found:
                    found[above] = (*found[here], above)
                    waiting.append(above)
        return found


def read_grants(session: Session) -> Grants:
    """What the catalogues of a Postgres database say of roles and who may read.

    Raises:
        StatementFailed: the database refuses to tell.
    """
    roles = session.rows(_ROLES)
    tables = session.rows(_TABLES)
    columns: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for schema, table, column, role in session.rows(_COLUMNS):
        mine = columns.setdefault((schema, table), {})
        mine[role] = tuple(sorted((*mine.get(role, ()), column)))
    return Grants(
        superusers=frozenset(name for name, supreme, _ in roles if supreme),
        logins=frozenset(name for name, _, logs_in in roles if logs_in),
        members={name: tuple(above) for name, above in _gathered(session.rows(_MEMBERS)).items()},
        owners={(schema, table): owner for schema, table, owner, _ in tables},
        readers=_gathered([((schema, table), role) for schema, table, _, role in tables if role is not None]),
        columns=columns,
        usage=_gathered(session.rows(_SCHEMAS)),
        to_come=_gathered(session.rows(_DEFAULTS)),
    )


def _gathered(pairs: Iterable[Sequence[Any]]) -> dict[Any, frozenset[str]]:
    found: dict[Any, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(str(value))
    return {key: frozenset(values) for key, values in found.items()}
