"""Reads Feast: data sources, entities, feature views of every kind, their features, and feature services.

A view is ``feature_view:project/view``, its features and join keys are ``feature:project/view#name``, a
service is ``feature_service:project/service``. Tables and files that sources read are named by where they
are, and so joined to contracts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from governance_pipeline.catalog.collected import Collected
from governance_pipeline.catalog.feast_messages import Message
from governance_pipeline.catalog.feast_registry import Loaded, load_registry, registry_state
from governance_pipeline.catalog.feast_sources import Source, qualified, source_of
from governance_pipeline.catalog.feast_views import Field, View, projection, tags_of, views_of
from governance_pipeline.catalog.reader import NAME, PATH, TABLE, Reader, Surroundings, plain
from governance_pipeline.charter.paths import project_path
from governance_pipeline.charter.places import FeastPlace
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node, Reading

_MOST_PAIRS = 10_000
"""Of inputs and outputs of one function; above, its inputs flow into the view and not into each feature."""
_MODEL_TAGS = ("model", "models")


def read_feast(place: FeastPlace, by: str, around: Surroundings) -> Reading:
    """Read one registry, of all its projects or of ``place.project``.

    Raises:
        CannotEvaluate: the registry cannot be read, or is none of Feast.
    """
    return _Feast(load_registry(place, around), place, by, around).reading()


FEAST = Reader("feast", FeastPlace, read_feast, registry_state)


@dataclass(frozen=True, slots=True)
class _Known:
    """A data source, and the columns that are known by other names in views."""

    entity: Entity
    source: Source
    renamed: Mapping[str, str]  # feature to column

    def column(self, feature: str) -> Entity:
        return Entity.column(self.entity.name, self.renamed.get(feature, feature))


class _Feast(Collected):
    def __init__(self, loaded: Loaded, place: FeastPlace, by: str, around: Surroundings) -> None:
        super().__init__(by, loaded.problems)
        self.loaded = loaded
        self.registry = loaded.registry
        self.project = place.project
        self.around = around
        self.repository = project_path(place.repository, around.root)
        self.nodes: dict[Entity, Node] = {}
        self.entities = {(one.spec.project, one.spec.name): one.spec for one in self.registry.entities}
        self.views = {
            (view.project, view.name): view for view in views_of(self.registry) if self._asked(view.project)
        }

    def reading(self) -> Reading:
        for source in self.registry.data_sources:
            if self._asked(source.project):
                self._source(source, source.project)
        for view in self.views.values():
            self._view(view)
        for service in self.registry.feature_services:
            if self._asked(service.spec.project):
                self._service(service.spec)
        if self.registry.feature_tables:
            self.note("feature tables", "they are of Feast before 0.10 and are not read")
        told: dict[tuple[Entity, Entity, EdgeKind], Edge] = {}
        for edge in self.edges:  # as it was told first: views hold again what the registry lists
            told.setdefault((edge.source, edge.target, edge.kind), edge)
        self.edges = [*told.values()]
        return self.read(self.nodes.values())

    def _asked(self, project: str) -> bool:
        return not self.project or project == self.project

    def _source(self, message: Message, project: str) -> _Known:
        """The source's node; a second source of the same table or files adds its name."""
        found = source_of(message, project, self.around.root, self.repository)
        here = Entity.source(found.name)
        known = _Known(here, found, {feature: column for column, feature in message.field_mapping.items()})
        held = self.nodes.get(here, Node(here, self.by))
        names = set(filter(None, held.facts.get(NAME, "").split(", ")))
        if message.name in names and not message.project:
            return known  # as a view holds it: the registry's own list says more
        evidence = held.evidence or self._evidence("data source", message.name)
        owners = tuple(dict.fromkeys((*held.owners, *filter(None, (message.owner,)))))
        times = {"event time": message.timestamp_field} if message.timestamp_field else {}
        self.nodes[here] = Node(
            here,
            by=self.by,
            evidence=evidence,
            role=found.role,
            description=held.description or message.description,
            owners=owners,
            tags=tuple(sorted({*tags_of(message.tags), *held.tags})),
            facts={NAME: ", ".join(sorted({*names, message.name})), **found.facts, **times},
        )
        self.owns(owners, here, evidence)
        for name, kind in found.columns.items():
            column = Entity.column(here.name, name)
            self.nodes[column] = Node(column, by=self.by, evidence=evidence, facts={"type": kind})
        if found.query and not held.evidence:
            self._query(known, evidence)
        return known

    def _query(self, known: _Known, evidence: str) -> None:
        found = self.around.sql(known.source.query, dialect=known.source.dialect, schemas={})
        for reason in found.not_understood:
            self.note(evidence, reason)
        for table in sorted(found.tables):
            here = Entity.source(plain(table))
            self.nodes.setdefault(
                here, Node(here, by=self.by, evidence=evidence, facts={NAME: table, TABLE: table})
            )
            self.edge(here, known.entity, evidence)
        for output, sources in found.columns.items():
            for table, column in sources:
                how = found.transformations.get(output, "")
                target = Entity.column(known.entity.name, output)
                self.edge(Entity.column(plain(table), column), target, evidence, how)

    def _view(self, view: View) -> None:
        here, evidence = _view_entity(view.project, view.name), self._evidence(view.role, view.name)
        sources = [self._source(one, view.project) for one in view.sources]
        for known in sources:
            self.edge(known.entity, here, evidence, view.code.shown)
        self.nodes[here] = Node(
            here,
            by=self.by,
            evidence=evidence,
            role=view.role,
            description=view.description,
            owners=(view.owner,) if view.owner else (),
            tags=tuple(tags_of(view.tags)),
            digest=self._digest(view, sources),
            facts={NAME: f"{view.project}/{view.name}", **view.facts, **_rows_of(view, sources)},
        )
        self.owns((view.owner,) if view.owner else (), here, evidence)
        for one in view.features:
            self._feature(view, one, "feature", one.description, tags_of(one.tags))
        for one in view.keys:
            self._key(view, one)
        self._columns(view, sources, evidence)
        self._inputs(view, here, evidence)

    def _feature(
        self,
        view: View,
        one: Field,
        role: str,
        description: str,
        tags: Sequence[str],
        owner: str = "",
        **facts: str,
    ) -> None:
        here, evidence = _feature(view.project, view.name, one.name), self._evidence(view.role, view.name)
        owners = (owner,) if owner else ()
        self.nodes[here] = Node(
            here, self.by, evidence, role, description, owners, tuple(tags), facts={"type": one.kind, **facts}
        )
        self.owns(owners, here, evidence)
        self.edge(here, _view_entity(view.project, view.name), evidence, kind=EdgeKind.PART_OF)

    def _key(self, view: View, one: Field) -> None:
        """A join key says what its entity says: whose rows these are."""
        held = (self.entities.get((view.project, name)) for name in view.entities)
        entity = next((found for found in held if found and (found.join_key or found.name) == one.name), None)
        if entity is None:
            self._feature(view, one, "join key", one.description, tags_of(one.tags))
            return
        tags = sorted({*tags_of(one.tags), *tags_of(entity.tags)})
        description = one.description or entity.description
        self._feature(view, one, "join key", description, tags, entity.owner, entity=entity.name)

    def _columns(self, view: View, sources: Sequence[_Known], evidence: str) -> None:
        """What flows into each feature: its column, or where a function is between, the sources whole."""
        how = view.code.shown
        for known in sources:
            whole = [Entity.column(known.entity.name, name) for name in known.source.columns]
            for one in view.features:
                target = _feature(view.project, view.name, one.name)
                if not view.code.is_there:
                    self.edge(known.column(one.name), target, evidence)
                for column in (whole or [known.entity]) if view.code.is_there else ():
                    self.edge(column, target, evidence, how)
            for one in view.keys:
                if not known.source.columns:
                    self.edge(known.column(one.name), _feature(view.project, view.name, one.name), evidence)

    def _inputs(self, view: View, here: Entity, evidence: str) -> None:
        how = view.code.shown
        given: list[tuple[str, Entity]] = []
        for one in view.inputs:
            if (view.project, one.view) not in self.views:
                self.note(evidence, f"it reads the view '{one.view}', which the registry does not have")
                continue
            self.edge(_view_entity(view.project, one.view), here, evidence, how)
            given.extend((name, _feature(view.project, one.view, name)) for name in one.features)
        made = {one.name: _feature(view.project, view.name, one.name) for one in view.features}
        if len(given) * len(made) > _MOST_PAIRS:
            pairs = f"{len(given)} inputs and {len(made)} features"
            self.note(evidence, f"its function has {pairs}: they flow into the view as a whole")
            made = {"": here}
        for name, source in given:
            for feature, target in made.items():
                if view.code.is_there or name == feature:
                    self.edge(source, target, evidence, how)

    def _service(self, spec: Message) -> None:
        here = Entity(EntityKind.FEATURE_SERVICE, qualified(spec.project, spec.name))
        evidence = self._evidence("feature service", spec.name)
        owners = (spec.owner,) if spec.owner else ()
        used = [projection(one) for one in spec.features]
        self.nodes[here] = Node(
            here,
            by=self.by,
            evidence=evidence,
            role="feature service",
            description=spec.description,
            owners=owners,
            tags=tuple(tags_of(spec.tags)),
            facts={NAME: f"{spec.project}/{spec.name}", "views": ", ".join(sorted({u.view for u in used}))},
        )
        self.owns(owners, here, evidence)
        for one in used:
            if (spec.project, one.view) not in self.views:
                self.note(evidence, f"it serves the view '{one.view}', which the registry does not have")
                continue
            self.edge(_view_entity(spec.project, one.view), here, evidence)
            for feature in one.features:
                self.edge(_feature(spec.project, one.view, feature), here, evidence)
        named = ",".join(spec.tags[tag] for tag in _MODEL_TAGS if tag in spec.tags).split(",")
        for model in sorted({name.strip() for name in named} - {""}):
            self.edge(here, Entity.model(model), evidence)

    def _digest(self, view: View, sources: Iterable[_Known]) -> str:
        """Of schema, keys, sources and transformation, in an order that does not depend on Feast's."""
        text = view.code.text
        content = {
            "features": sorted((one.name, one.kind, *tags_of(one.tags)) for one in view.features),
            "keys": sorted((one.name, one.kind) for one in view.keys),
            "entities": sorted(view.entities),
            "sources": sorted(
                [known.entity.name, known.source.role, known.source.query, sorted(known.renamed.items())]
                for known in sources
            ),
            "times": sorted(
                (one.timestamp_field, one.created_timestamp_column, one.date_partition_column)
                for one in view.sources
            ),
            "requests": sorted(
                (name, kind) for known in sources for name, kind in known.source.columns.items()
            ),
            "inputs": sorted((one.view, sorted(one.features)) for one in view.inputs),
            "mode": view.facts.get("mode", ""),
            "code": text if isinstance(text, str) else hashlib.sha256(text).hexdigest(),
            "aggregations": sorted(view.code.aggregations),
            "ttl": view.facts.get("ttl", ""),
        }
        return "sha256:" + hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _evidence(self, what: str, name: str) -> str:
        return f"{self.loaded.shown}, {what} {name}"


def _view_entity(project: str, name: str) -> Entity:
    return Entity(EntityKind.FEATURE_VIEW, qualified(project, name))


def _feature(project: str, view: str, name: str) -> Entity:
    return Entity(EntityKind.FEATURE, f"{qualified(project, view)}#{name}")


def _rows_of(view: View, sources: Sequence[_Known]) -> Mapping[str, str]:
    """The place whose rows are the view's own, where nothing is computed on the way."""
    places = {
        (fact, known.source.facts[fact])
        for known in sources
        for fact in (TABLE, PATH)
        if fact in known.source.facts
    }
    return dict(places) if len(places) == 1 and not view.code.is_there and not view.inputs else {}
