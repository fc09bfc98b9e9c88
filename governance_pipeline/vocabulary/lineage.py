"""What flows into what, and who stands behind it: the edges of the lineage graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from governance_pipeline.vocabulary.entity import Entity


class EdgeKind(StrEnum):
    """What an edge says."""

    FEEDS = "feeds"  # dataset or source -> dataset, column -> column, feature view -> model
    READ_BY = "read_by"  # dataset -> job or run
    WRITES = "writes"  # job or run -> dataset or version
    PART_OF = "part_of"  # feature -> feature view
    TRAINS = "trains"  # snapshot -> version and model, feature or snapshot column -> model and version
    VERSION_OF = "version_of"  # version -> model
    PREDICTS = "predicts"  # model -> predictions dataset and its prediction columns
    DEPLOYED_TO = "deployed_to"  # model or version -> deployment
    OWNS = "owns"  # person or team -> what it answers for
    SUPPLIES = "supplies"  # vendor -> dataset or source
    ALLOWS = "allows"  # purpose -> dataset or model that is used for it
    GRANTED = "granted"  # role -> table or column that it may use; its transformation names the privileges
    MEMBER_OF = "member_of"  # role -> role whose rights it has

    @property
    def is_flow(self) -> bool:
        """Whether data flows along it. Ownership, supply, purpose and rights stand beside the flow: two
        datasets of one owner are not each other's lineage.
        """
        return self not in _BESIDE


_BESIDE = frozenset({EdgeKind.OWNS, EdgeKind.SUPPLIES, EdgeKind.ALLOWS, EdgeKind.GRANTED, EdgeKind.MEMBER_OF})


class KnownBy(StrEnum):
    """How an edge is known."""

    DECLARED = "declared"  # somebody wrote it down
    DISCOVERED = "discovered"  # read out of SQL, a registry or a catalogue
    OBSERVED = "observed"  # a run said that it happened


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """``source`` flows into ``target``.

    Attributes:
        evidence: where this is known from, e.g. ``datasets/incomes.odcs.yaml:42``.
        transformation: SQL or words, "" where unknown.
        by: who says so, e.g. ``feast:lending`` or ``job:dbt/jaffle.customers``; "" for the project's files.
    """

    source: Entity
    target: Entity
    kind: EdgeKind
    known_by: KnownBy = KnownBy.DECLARED
    evidence: str = ""
    transformation: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """An edge, the night since which it is known, and the first one that did not know it any more."""

    edge: Edge
    since: date
    until: date | None = None


FEATURE_VIEW_ROLES = frozenset(
    {"feature view", "stream feature view", "on-demand feature view", "label view"}
)
"""Roles of views of a feature store; where one changes, the models that read it are reviewed."""


@dataclass(frozen=True, slots=True)
class Node:
    """What a reader knows of one node beside its edges.

    Attributes:
        role: what a dataset is used as: ``feature view``, ``training snapshot``, ``predictions``; "" else.
        owners: as the tool names them: mail addresses, users, teams.
        tags: names, or ``name=value``.
        digest: of everything that makes it what it is (schema, transformation, source): where it
            changes, the thing has changed.
        facts: what else is worth showing, by name, as text.
    """

    entity: Entity
    by: str
    evidence: str = ""
    role: str = ""
    description: str = ""
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    digest: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader brings from one place.

    Attributes:
        by: the reader and the place, e.g. ``dbt:target/manifest.json``; edges and nodes carry it.
        not_understood: ``place: why``, one for each part that could not be read; the rest stands.
    """

    by: str
    edges: tuple[Edge, ...] = ()
    nodes: tuple[Node, ...] = ()
    not_understood: tuple[str, ...] = ()
