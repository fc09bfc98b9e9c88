"""Reads a warehouse: its tables, columns and comments, what its views are made from, and who may use what.

A table is ``source:database.schema.table``, joined to the contract that describes it; a role is
``role:place/name``. Grants are edges from the role to the table or the column, with the privileges as their
transformation; memberships are edges from a role to the role whose rights it has.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from governance_pipeline.catalog.collected import Collected
from governance_pipeline.catalog.reader import NAME, TABLE, Reader, Surroundings, plain
from governance_pipeline.catalog.warehouse_tables import (
    Grant,
    Role,
    Warehouse,
    WarehouseTable,
    load_warehouse,
    warehouse_state,
)
from governance_pipeline.charter.places import WarehousePlace
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import EdgeKind, Node, Reading

_DEFAULT_SCHEMAS = ("main", "public")
_USAGE = "schema used by"
"""Fact of a table: the roles that may use its schema, without which a grant on the table is worth nothing."""


def read_warehouse(place: WarehousePlace, by: str, around: Surroundings) -> Reading:
    """Read the catalogue of one database.

    Raises:
        CannotEvaluate: it cannot be read.
    """
    return _Warehouse(load_warehouse(place, around), place.shown, by, around).reading()


WAREHOUSE = Reader("warehouse", WarehousePlace, read_warehouse, warehouse_state)


class _Warehouse(Collected):
    def __init__(self, found: Warehouse, shown: str, by: str, around: Surroundings) -> None:
        super().__init__(by)
        self.found = found
        self.shown = shown
        self.around = around
        self.nodes: list[Node] = []
        self.tables = {(table.schema.lower(), table.name.lower()): table for table in found.tables}

    def reading(self) -> Reading:
        for table in self.found.tables:
            self._table(table)
        for role in self.found.roles:
            self._role(role)
        for grant in self.found.grants:
            self._grant(grant)
        return self.read(self.nodes)

    def _table(self, table: WarehouseTable) -> None:
        here, evidence = self._entity(table), self._evidence(table)
        written = {"columns": [(one.name, one.kind) for one in table.columns], "sql": table.sql}
        digest = hashlib.sha256(json.dumps(written).encode()).hexdigest()
        facts = {
            NAME: f"{table.schema}.{table.name}",
            TABLE: here.name,
            "owner role": table.owner,
            _USAGE: ", ".join(self.found.usable.get(table.schema, ())),
        }
        self.nodes.append(
            Node(
                here,
                self.by,
                evidence,
                table.kind,
                table.comment,
                digest=f"sha256:{digest}",
                facts={name: value for name, value in facts.items() if value},
            )
        )
        for column in table.columns:
            entity = Entity.column(here.name, column.name)
            self.nodes.append(
                Node(entity, self.by, evidence, description=column.comment, facts={"type": column.kind})
            )
        if table.sql:
            self._view(table, here, evidence)

    def _view(self, view: WarehouseTable, here: Entity, evidence: str) -> None:
        """What a view is made from. Names without a schema mean the view's own, else the default one."""
        known = {
            f"{table.schema}.{table.name}": tuple(column.name for column in table.columns)
            for table in self.found.tables
            if table.name in view.sql and table is not view
        }
        found = self.around.sql(view.sql, dialect=self.found.dialect, schemas=known)
        self.not_understood.extend(f"{evidence}: {why}" for why in found.not_understood)
        named: Mapping[str, Entity] = {name: self._named(name, view) for name in found.tables}
        for source in sorted(set(named.values())):
            self.edge(source, here, evidence)
        cased = {column.name.lower(): column.name for column in view.columns}
        for output, sources in found.columns.items():
            target = Entity.column(here.name, cased.get(output.lower(), output))
            for table, column in sources:
                source = named.get(table) or self._named(table, view)
                how = found.transformations.get(output, "")
                self.edge(Entity.column(source.name, column), target, evidence, how)

    def _named(self, name: str, view: WarehouseTable) -> Entity:
        *rest, table = name.replace('"', "").split(".")
        schemas = [rest[-1]] if rest else [view.schema, *_DEFAULT_SCHEMAS]
        for schema in schemas:
            found = self.tables.get((schema.lower(), table.lower()))
            if found is not None:
                return self._entity(found)
        database = [] if len(rest) > 1 else [self.found.database]
        return Entity.source(plain(".".join([*database, *rest, table])))

    def _role(self, role: Role) -> None:
        here, evidence = self._role_entity(role.name), f"{self.shown}, role {role.name}"
        facts = {NAME: role.name, "rights": ", ".join(role.rights)}
        self.nodes.append(Node(here, self.by, evidence, "role", facts={k: v for k, v in facts.items() if v}))
        for one in role.member_of:
            self.edge(here, self._role_entity(one), evidence, kind=EdgeKind.MEMBER_OF)

    def _grant(self, grant: Grant) -> None:
        table = self.tables.get((grant.schema.lower(), grant.table.lower()))
        if table is None:
            return
        whole = self._entity(table)
        target = Entity.column(whole.name, grant.column) if grant.column else whole
        how = ", ".join(grant.privileges)
        role = self._role_entity(grant.role)
        self.edge(role, target, self._evidence(table), how, EdgeKind.GRANTED)

    def _entity(self, table: WarehouseTable) -> Entity:
        return Entity.source(".".join(map(plain, (self.found.database, table.schema, table.name))))

    def _role_entity(self, name: str) -> Entity:
        return Entity(EntityKind.ROLE, f"{plain(self.shown, '/')}/{plain(name)}")

    def _evidence(self, table: WarehouseTable) -> str:
        return f"{self.shown}, {table.kind} {table.schema}.{table.name}"
