"""Who can read a table of Postgres, and through what: grants, ownership, PUBLIC, memberships, columns, views,
partitions, row-level security, superusers.

A member may always become the role that it is a member of, whether it inherits or not. A view reads its
tables with the rights of its owner, unless it says ``security_invoker``: whoever may read the view reads them
without a grant of their own, and sees the rows that the owner sees. A table's rows are read through its
parents and its partitions too, each by its own grants and policies. What a function gives away that runs with
its owner's rights (``SECURITY DEFINER``) is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from governance_pipeline.profiles.grants import Grants, Key
from governance_pipeline.profiles.reader import Reader

PUBLIC = "PUBLIC"
READS_ALL = "pg_read_all_data"


@dataclass(frozen=True)
class Followed:
    """The grants of one database, followed."""

    grants: Grants

    def who_reads(self, schema: str, table: str) -> tuple[Reader, ...]:
        """Every role that can read a row of the table, by name; each by its shortest way to the most rows.

        Postgres's own roles (``pg_...``) are ways, and not readers.
        """
        here = (schema, table)
        whole = self._upward([here])
        parts = [one for one in self._upward(self._below(here)) if one not in whole]
        found = (self._best(role, whole, parts) for role in self._roles if not role.startswith("pg_"))
        return tuple(one for one in found if one is not None)

    @cached_property
    def _roles(self) -> tuple[str, ...]:
        known = self.grants
        named = {role for roles in known.readers.values() for role in roles}
        partly = {role for roles in known.columns.values() for role in roles}
        owners = {one.owner for one in known.relations.values()}
        above = {role for roles in known.members.values() for role in roles}
        every = {*known.logins, *known.superusers, *known.members, *above, *named, *partly, *owners}
        return tuple(sorted(every - {PUBLIC}))

    def _upward(self, places: Iterable[Key]) -> list[Key]:
        """The places, then whatever shows all rows of one of them, the nearest first."""
        found = list(places)
        for here in found:
            found.extend(sorted(self._above.get(here, frozenset()) - set(found)))
        return found

    @cached_property
    def _above(self) -> dict[Key, set[Key]]:
        """Relation to the views that show it, and to its parents."""
        found: dict[Key, set[Key]] = {key: set(parents) for key, parents in self.grants.parents.items()}
        for view, shown in self.grants.shows.items():
            for one in shown:
                found.setdefault(one, set()).add(view)
        return found

    def _below(self, table: Key) -> list[Key]:
        """The table's partitions, and theirs."""
        found = [table]
        for here in found:
            found.extend(
                child
                for child, parents in sorted(self.grants.parents.items())
                if here in parents and child not in found
            )
        return found[1:]

    def _best(self, role: str, whole: Sequence[Key], parts: Sequence[Key]) -> Reader | None:
        """The best way of all that a role has as itself, and as each role that it may become."""
        logs_in = role in self.grants.logins
        for one, chain in self._ways[role].items():
            if one in self.grants.superusers:
                return Reader(role, "superuser", chain, (), logs_in)
        places, able = frozenset((*whole, *parts)), []
        for one, chain in self._ways[role].items():
            for order, place in enumerate((*whole, *parts)):
                found = self._reads(one, place, places)
                if found is not None:
                    way = replace(found, role=role, chain=(*chain, *found.chain[1:]), logs_in=logs_in)
                    told = replace(way, through=".".join(place)) if order else way
                    fewer = bool(found.policies) or place in parts
                    able.append((fewer, bool(found.columns), order, len(way.chain), told))
        return min(able, key=lambda one: one[:4])[4] if able else None

    def _reads(
        self, asker: str, place: Key, places: frozenset[Key], owner: str | None = None
    ) -> Reader | None:
        """How a statement that ``asker`` gives reads rows of ``places`` from one of them.

        Args:
            owner: of the view that the relation stands in, with whose rights it is read; None where the
                statement names it itself, for which the asker must look into its schema.
        """
        user = asker if owner is None else owner
        found = self._granted(user, place, named=owner is None)
        if found is None:
            return None
        if self.grants.relations[place].view:
            policies = self._shown(asker, place, places)
        else:
            policies = self._policies(user, place)
        return None if policies is None else replace(found, policies=policies)

    def _shown(self, asker: str, view: Key, places: frozenset[Key]) -> tuple[str, ...] | None:
        """The policies that choose the rows of ``places`` that a view shows; None where it shows none.

        It shows nothing where one of its relations may not be read at all.
        """
        reads_as = self._reads_as(asker, view)
        behind = sorted(self.grants.shows.get(view, ()))
        if not all(self._may(asker, one, reads_as) for one in behind):
            return None
        found = [self._reads(asker, one, places, reads_as) for one in behind if one in places]
        rows = [one.policies for one in found if one is not None]
        return min(rows, key=bool, default=None)

    def _may(self, asker: str, place: Key, user: str) -> bool:
        """Whether a view may read a relation as ``user``, whatever rows it sees."""
        if self._granted(user, place, named=False) is None:
            return False
        behind = self.grants.shows.get(place, frozenset()) if self.grants.relations[place].view else ()
        return all(self._may(asker, one, self._reads_as(asker, place)) for one in behind)

    def _reads_as(self, asker: str, view: Key) -> str:
        """With whose rights a view reads: of one in another view too, the asker's where it says so."""
        relation = self.grants.relations[view]
        return asker if relation.invoker else relation.owner

    def _granted(self, user: str, place: Key, *, named: bool) -> Reader | None:
        """By what a user may select from one relation."""
        ways, supreme = self._ways[user], user in self.grants.superusers
        looks_in = {PUBLIC, *ways} & {READS_ALL, *self.grants.usage.get(place[0], ())}
        closed = named and not looks_in and not supreme
        if closed or place in self._endless:
            return None
        if supreme:
            return Reader(user, "superuser", (user,))
        for one, chain in ways.items():
            by = self._directly(one, place)
            if by:
                return Reader(user, by, chain)
        if PUBLIC in self.grants.readers.get(place, ()):
            return Reader(user, "public", (user,))
        partly = self.grants.columns.get(place, {})
        for one, chain in (*ways.items(), (PUBLIC, (user,))):
            if one in partly:
                return Reader(user, "columns", chain, partly[one])
        return None

    @cached_property
    def _endless(self) -> frozenset[Key]:
        """Views that read themselves, or one that does: Postgres lets them be made, and never reads them."""
        left = dict(self.grants.shows)
        while True:
            ends = [view for view, shown in left.items() if not shown & left.keys()]
            if not ends:
                return frozenset(left)
            for view in ends:
                del left[view]

    def _directly(self, role: str, place: Key) -> str:
        if role == self.grants.relations[place].owner:
            return "owner"
        if role == READS_ALL:
            return "read_all"
        return "grant" if role in self.grants.readers.get(place, ()) else ""

    def _policies(self, user: str, place: Key) -> tuple[str, ...] | None:
        """The policies that choose the rows a user sees; () where it sees all, None where it sees none."""
        relation = self.grants.relations[place]
        owns = relation.owner in self._ways[user] and not relation.forced
        bound = user not in self.grants.superusers | self.grants.bypassing
        if not relation.secured or owns or not bound:
            return ()
        mine = {PUBLIC, *self._ways[user]}
        told = (name for name, roles in self.grants.policies.get(place, {}).items() if roles & mine)
        return tuple(sorted(told)) or None

    @cached_property
    def _ways(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """By role: those that it is or may become, the nearest first, each with the way to it."""
        return {role: self._ways_of(role) for role in self._roles}

    def _ways_of(self, role: str) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {role: (role,)}
        waiting = [role]
        while waiting:
            here = waiting.pop(0)
            for above in sorted(self.grants.members.get(here, ())):
                if above not in found:
                    found[above] = (*found[here], above)
                    waiting.append(above)
        return found
