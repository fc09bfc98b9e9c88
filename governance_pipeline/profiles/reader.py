"""Who can read a table, as it is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reader:
    """A role that can read the table.

    Attributes:
        by: ``grant``, ``owner``, ``public``, ``columns``, ``read_all``, ``superuser``, or of a file ``file``.
        chain: the role itself, then each role that it is a member of, up to the one that may read.
        columns: where only some may be read.
        logs_in: whether somebody can connect as the role.
        through: the view, the partition or the partitioned table that is read in place of the table itself.
        policies: of row-level security, where they choose the rows; without any, all rows are seen.
    """

    role: str
    by: str
    chain: tuple[str, ...]
    columns: tuple[str, ...] = ()
    logs_in: bool = True
    through: str = ""
    policies: tuple[str, ...] = ()

    @property
    def way(self) -> str:
        """How it reads, in words."""
        if self.by == "file":
            return "by the permissions of its files"
        roles = f"through {' -> '.join(self.chain[1:])}" if len(self.chain) > 1 else "itself"
        told = [f"{self.by.replace('_', ' ')}, {roles}"]
        if self.through:
            told.append(f"by way of {self.through}")
        if self.columns:
            told.append(f"columns {', '.join(self.columns)} only")
        if self.policies:
            told.append(f"rows of {', '.join(self.policies)} only")
        return ", ".join(told)


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
