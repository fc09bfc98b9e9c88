"""What a Postgres database says of who may read: roles, grants, views, row-level security, inheritance.

The catalogues are read as they are, and followed by :mod:`who_reads`, so that the way can be told. The
statements are constant: no name of a table or role becomes part of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from governance_pipeline.profiles.session import Session

Key = tuple[str, str]
"""The schema and the name of a relation."""

_ROLES = "SELECT rolname, rolsuper, rolcanlogin, rolbypassrls FROM pg_catalog.pg_roles"
_MEMBERS = """
SELECT m.rolname, r.rolname FROM pg_catalog.pg_auth_members a
JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
"""
_RELATIONS = """
SELECT n.nspname, c.relname, c.relkind::text, pg_catalog.pg_get_userbyid(c.relowner),
       COALESCE((SELECT o.option_value::boolean FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
                 WHERE o.option_name = 'security_invoker'), FALSE),
       c.relrowsecurity, c.relforcerowsecurity
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_SELECT = """
SELECT n.nspname, c.relname,
       CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.grantee) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(
    COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS e
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND e.privilege_type = 'SELECT'
"""
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname,
       CASE WHEN e.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.grantee) END
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) AS e
WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND e.privilege_type = 'SELECT'
"""
_VIEWS = """
SELECT DISTINCT vn.nspname, v.relname, tn.nspname, t.relname
FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid
JOIN pg_catalog.pg_class v ON v.oid = r.ev_class JOIN pg_catalog.pg_namespace vn ON vn.oid = v.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
  AND v.relkind IN ('v', 'm') AND t.relkind IN ('r', 'p', 'v', 'm', 'f') AND v.oid <> t.oid
"""
_PARENTS = """
SELECT cn.nspname, c.relname, pn.nspname, p.relname
FROM pg_catalog.pg_inherits i
JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relkind IN ('r', 'p', 'f')
"""
_POLICIES = """
SELECT n.nspname, c.relname, p.polname,
       CASE WHEN e.role = 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(e.role) END
FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace CROSS JOIN LATERAL unnest(p.polroles) AS e(role)
WHERE p.polpermissive AND p.polcmd IN ('r', '*')
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
class Relation:
    """A table or a view.

    Attributes:
        view: whether it is a view whose tables are read whenever it is; a materialised one keeps its rows.
        invoker: of a view: its tables are read with the rights of who asks, and not of its owner.
        secured: row-level security tells who sees which rows; ``forced``: its owner too.
    """

    owner: str
    view: bool = False
    invoker: bool = False
    secured: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Grants:
    """The catalogue's word on one database.

    Attributes:
        bypassing: roles that row-level security does not bind.
        members: role to the roles that it is a member of.
        readers: relation to the roles that may read all of it.
        columns: relation to role to the columns that it may read.
        shows: view to the relations that it reads.
        parents: table to those whose rows are its rows too: of a partition, the partitioned one.
        policies: relation to the policies that let rows be seen, each with the roles that it is for.
        usage: schema to the roles that may look into it.
        to_come: schema ("" for any) to the roles that will read tables yet to be made there.
    """

    superusers: frozenset[str]
    bypassing: frozenset[str]
    logins: frozenset[str]
    members: Mapping[str, frozenset[str]]
    relations: Mapping[Key, Relation]
    readers: Mapping[Key, frozenset[str]]
    columns: Mapping[Key, Mapping[str, tuple[str, ...]]]
    shows: Mapping[Key, frozenset[Key]]
    parents: Mapping[Key, frozenset[Key]]
    policies: Mapping[Key, Mapping[str, frozenset[str]]]
    usage: Mapping[str, frozenset[str]]
    to_come: Mapping[str, frozenset[str]] = field(default_factory=dict)


def read_grants(session: Session) -> Grants:
    """What the catalogues of a Postgres database say of roles and who may read.

    Raises:
        StatementFailed: the database refuses to tell.
    """
    roles = session.rows(_ROLES)
    columns: dict[Key, dict[str, tuple[str, ...]]] = {}
    for schema, table, column, role in session.rows(_COLUMNS):
        mine = columns.setdefault((schema, table), {})
        mine[role] = tuple(sorted((*mine.get(role, ()), column)))
    policies: dict[Key, dict[str, frozenset[str]]] = {}
    for schema, table, name, role in session.rows(_POLICIES):
        of = policies.setdefault((schema, table), {})
        of[name] = of.get(name, frozenset()) | {role}
    return Grants(
        superusers=frozenset(name for name, supreme, _, _ in roles if supreme),
        bypassing=frozenset(name for name, _, _, bypasses in roles if bypasses),
        logins=frozenset(name for name, _, logs_in, _ in roles if logs_in),
        members=_gathered(session.rows(_MEMBERS)),
        relations={
            (schema, name): Relation(owner, kind == "v", invoker, secured, forced)
            for schema, name, kind, owner, invoker, secured, forced in session.rows(_RELATIONS)
        },
        readers=_gathered(((schema, table), role) for schema, table, role in session.rows(_SELECT)),
        columns=columns,
        shows=_gathered(_pairs(session.rows(_VIEWS))),
        parents=_gathered(_pairs(session.rows(_PARENTS))),
        policies=policies,
        usage=_gathered(session.rows(_SCHEMAS)),
        to_come=_gathered(session.rows(_DEFAULTS)),
    )


def _pairs(rows: Iterable[Sequence[str]]) -> Iterable[tuple[Key, Key]]:
    return (((one, name), (other, whose)) for one, name, other, whose in rows)


def _gathered(pairs: Iterable[Sequence[Any]]) -> dict[Any, frozenset[Any]]:
    found: dict[Any, set[Any]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}
