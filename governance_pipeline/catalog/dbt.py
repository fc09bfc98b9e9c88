"""Reads dbt: models, seeds, snapshots, sources and exposures, their columns, owners, tests and SQL.

Every table is the node ``source:database.schema.name``, joined to a contract where one describes that very
table. Ephemeral models and metrics are no tables; what depends on them depends on what they are made from.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from governance_pipeline.catalog.collected import Collected
from governance_pipeline.catalog.dbt_artifacts import (
    Artifacts,
    Json,
    code,
    config,
    listed,
    load,
    mapping,
    said,
)
from governance_pipeline.catalog.dbt_artifacts import parents as depends_on
from governance_pipeline.catalog.dbt_tests import Tests, tests_of
from governance_pipeline.catalog.reader import NAME, TABLE, Reader, Surroundings, state_of_files
from governance_pipeline.charter.places import DbtPlace
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Node, Reading

_TABLES = ("model", "seed", "snapshot", "source")
_DIALECTS = {
    "athena": "athena",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "databricks": "databricks",
    "duckdb": "duckdb",
    "fabric": "tsql",
    "mysql": "mysql",
    "postgres": "postgres",
    "redshift": "redshift",
    "snowflake": "snowflake",
    "spark": "spark",
    "sqlite": "sqlite",
    "sqlserver": "tsql",
    "synapse": "tsql",
    "trino": "trino",
}


def read_dbt(place: DbtPlace, by: str, around: Surroundings) -> Reading:
    """Read the artefacts of one dbt project.

    Raises:
        CannotEvaluate: a file is not there, or is none of dbt's.
    """
    artifacts = load(place, around.root)
    return _Dbt(artifacts, by, place.manifest, around).reading()


def _state(place: DbtPlace, around: Surroundings) -> str:
    return state_of_files(filter(None, (place.manifest, place.catalog, place.run_results)), around)


DBT = Reader("dbt", DbtPlace, read_dbt, _state)


class _Dbt(Collected):
    def __init__(self, artifacts: Artifacts, by: str, manifest: str, around: Surroundings) -> None:
        super().__init__(by)
        self.artifacts = artifacts
        self.manifest = manifest
        self.around = around
        self.tests = tests_of(artifacts)
        self.tables = {
            key: Entity.source(name)
            for key, node in artifacts.nodes.items()
            if node.get("resource_type") in _TABLES and (name := _relation(node))
        }
        self.columns: dict[str, tuple[str, ...]] = {}
        self.nodes: list[Node] = []

    def reading(self) -> Reading:
        for key in self._in_order():
            node = self.artifacts.nodes[key]
            if key in self.tables:
                self._table(key, node)
            elif node.get("resource_type") == "exposure":
                self._exposure(key, node)
        return self.read(self.nodes)

    def _in_order(self) -> list[str]:
        """Parents before children, because a table's columns are known from its parents'. Cycles end."""
        order: dict[str, None] = {}
        begun: set[str] = set()
        for first in self.artifacts.nodes:
            stack = [(first, False)]
            while stack:
                key, done = stack.pop()
                if done:
                    order[key] = None
                elif key not in begun and key in self.artifacts.nodes:
                    begun.add(key)
                    stack.append((key, True))
                    stack.extend((one, False) for one in depends_on(self.artifacts.nodes[key]))
        return list(order)

    def _table(self, key: str, node: Json) -> None:
        here, evidence = self.tables[key], self._evidence(node)
        types = self.artifacts.columns.get(key, {})
        declared = {
            str(column.get("name", name)).lower(): column
            for name, column in mapping(node.get("columns")).items()
            if isinstance(column, dict)
        }
        for parent in self._parents(node):
            if parent != key:
                self.edge(self.tables[parent], here, evidence)
        found = self._sql(key, node, evidence)
        names = tuple(types) or found or tuple(said(one.get("name")) for one in declared.values())
        if types or found or mapping(mapping(node.get("config")).get("contract")).get("enforced"):
            self.columns[key] = names
        owners = self._owners(node)
        self.owns(owners, here, evidence)
        tests = self.tests.get(key, Tests())
        self.nodes.append(
            Node(
                here,
                by=self.by,
                evidence=evidence,
                role=said(node.get("resource_type")),
                description=said(node.get("description")),
                owners=owners,
                tags=_tags(node),
                digest=self._digest(key, node, types, declared),
                facts=self._facts(key, node, tests),
            )
        )
        for name in names:
            self._column(here, name, types.get(name, ""), declared.get(name.lower(), {}), tests, evidence)

    def _column(
        self, table: Entity, name: str, held_as: str, declared: Json, tests: Tests, evidence: str
    ) -> None:
        facts = {
            "type": held_as or said(declared.get("data_type")),
            "tests": ", ".join(
                sorted(
                    test
                    for column, named in tests.names.items()
                    if column.lower() == name.lower()
                    for test in named
                )
            ),
        }
        self.nodes.append(
            Node(
                Entity.column(table.name, name),
                by=self.by,
                evidence=evidence,
                description=said(declared.get("description")),
                tags=_tags(declared),
                facts={fact: value for fact, value in facts.items() if value},
            )
        )

    def _sql(self, key: str, node: Json, evidence: str) -> tuple[str, ...]:
        """Follow the columns through the compiled code; returns those it makes, where all are known."""
        sql = code(node, "compiled")
        if node.get("resource_type") not in ("model", "snapshot") or not sql.strip():
            if node.get("resource_type") == "model" and said(node.get("language")) in ("", "sql"):
                self.note(
                    evidence, f"{node.get('name')} has no compiled code: run `dbt compile` or `dbt build`"
                )
            return ()
        if said(node.get("language")) not in ("", "sql"):
            self.note(
                evidence, f"{node.get('name')} is written in {node.get('language')}: no columns are followed"
            )
            return ()
        known = {self.tables[one].name: self.columns.get(one, ()) for one in self._parents(node)}
        adapter = said(self.artifacts.metadata.get("adapter_type")).lower()
        found = self.around.sql(sql, dialect=_DIALECTS.get(adapter, ""), schemas=known)
        for reason in found.not_understood:
            self.note(evidence, f"{node.get('name')}: {reason}")
        cased = {name.lower(): name for name in self.artifacts.columns.get(key, {})}
        here = self.tables[key].name
        for output, sources in found.columns.items():
            target = Entity.column(here, cased.get(output.lower(), output))
            for table, column in sources:
                if table in known:
                    how = found.transformations.get(output, "")
                    self.edge(Entity.column(table, column), target, evidence, how)
        return () if found.not_understood else tuple(found.columns)

    def _exposure(self, key: str, node: Json) -> None:
        """A dashboard, notebook, application or model outside that uses tables."""
        here = Entity.deployment(key)
        evidence = self._evidence(node)
        for parent in self._parents(node):
            self.edge(self.tables[parent], here, evidence)
        owners = self._owners(node)
        self.owns(owners, here, evidence)
        facts = {
            name: said(node.get(name)) for name in ("type", "maturity", "url", "label") if node.get(name)
        }
        self.nodes.append(
            Node(
                here,
                by=self.by,
                evidence=evidence,
                role="exposure",
                description=said(node.get("description")),
                owners=owners,
                tags=_tags(node),
                facts={NAME: said(node.get("name")), **facts},
            )
        )

    def _parents(self, node: Json) -> list[str]:
        """The tables a node is made from, through what is no table (ephemeral models, metrics)."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        stack = list(reversed(depends_on(node)))
        while stack:
            key = stack.pop()
            if key in seen:
                continue
            seen.add(key)
            if key in self.tables:
                found[key] = None
            elif key in self.artifacts.nodes:
                stack.extend(reversed(depends_on(self.artifacts.nodes[key])))
        return list(found)

    def _owners(self, node: Json) -> tuple[str, ...]:
        """Of meta, of the exposure and of the group: mail addresses before names."""
        meta = {**mapping(node.get("meta")), **mapping(mapping(node.get("config")).get("meta"))}
        group = self.artifacts.groups.get(said(config(node, "group")), {})
        found: dict[str, None] = {}
        for owner in (meta.get("owner"), node.get("owner"), group.get("owner")):
            for one in _people(owner):
                found[one] = None
        return tuple(found)

    def _digest(self, key: str, node: Json, types: Mapping[str, str], declared: Mapping[str, Json]) -> str:
        """Of the columns, the code as it is written, the project's own macros in it, and what it reads.
        Compiled code would change with every date that a macro writes into it.
        """
        columns = types or {name: said(column.get("data_type")) for name, column in declared.items()}
        content = {
            "columns": sorted(columns.items()),
            "code": code(node, "raw"),
            "checksum": said(mapping(node.get("checksum")).get("checksum")),
            "macros": sorted(self._macros(node)),
            "parents": sorted(self.tables[one].name for one in self._parents(node)),
            "relation": self.tables[key].name,
        }
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _macros(self, node: Json) -> Iterator[str]:
        own = node.get("package_name")
        seen: set[str] = set()
        stack = list(listed(mapping(node.get("depends_on")).get("macros")))
        while stack:
            key = stack.pop()
            macro = mapping(self.artifacts.macros.get(key))
            if key in seen or macro.get("package_name") != own:
                continue
            seen.add(key)
            yield said(macro.get("macro_sql"))
            stack.extend(listed(mapping(macro.get("depends_on")).get("macros")))

    def _facts(self, key: str, node: Json, tests: Tests) -> dict[str, str]:
        facts = {
            NAME: key,
            TABLE: self.tables[key].name,
            "materialized": said(config(node, "materialized")),
            "group": said(config(node, "group")),
            "access": said(config(node, "access")),
            "last run": self.artifacts.statuses.get(key, ""),
            "tests": tests.sentence if tests.names else "",
        }
        return {name: value for name, value in facts.items() if value}

    def _evidence(self, node: Json) -> str:
        return said(node.get("original_file_path")) or self.manifest


def _relation(node: Json) -> str:
    """``database.schema.name`` of the table that a node is; "" where it is none."""
    if mapping(node.get("config")).get("materialized") == "ephemeral":
        return ""
    name = said(node.get("identifier")) or said(node.get("alias")) or said(node.get("name"))
    parts: Sequence[str] = (said(node.get("database")), said(node.get("schema")), name)
    return ".".join(filter(None, parts))


def _tags(node: Json) -> tuple[str, ...]:
    own, configured = listed(node.get("tags")), listed(mapping(node.get("config")).get("tags"))
    return tuple(sorted({str(tag) for tag in (*own, *configured)}))


def _people(owner: object) -> Iterable[str]:
    """Owners as they are written: a text, a list, or a mapping with ``email`` and ``name``."""
    if isinstance(owner, dict):
        yield from _people(owner.get("email") or owner.get("name"))
    elif isinstance(owner, list):
        for one in owner:
            yield from _people(one)
    elif isinstance(owner, str) and owner.strip():
        yield owner.strip()
