"""What is governed, and how it is named everywhere: in rows, pages, alerts and lineage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from governance_pipeline.errors import UsageError


class EntityKind(StrEnum):
    """The kinds of thing that carry measurements, risk, incidents or lineage."""

    SOURCE = "source"
    DATASET = "dataset"
    COLUMN = "column"
    FEATURE_VIEW = "feature_view"  # of a feature store, where no contract says that it is a dataset
    FEATURE = "feature"
    FEATURE_SERVICE = "feature_service"  # the features of a feature store that are served together
    JOB = "job"
    RUN = "run"
    MODEL = "model"
    VERSION = "version"
    DEPLOYMENT = "deployment"
    PERSON = "person"  # or a team
    ROLE = "role"  # of a database
    VENDOR = "vendor"
    PURPOSE = "purpose"
    PROJECT = "project"


_KINDS = {str(kind): kind for kind in EntityKind}


@dataclass(frozen=True, slots=True, order=True)
class Entity:
    """A governed thing: ``dataset:lending.incomes``, ``column:lending.incomes#ratio``,
    ``version:mortgage_approval/2``.
    """

    kind: EntityKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    def __hash__(self) -> int:
        return hash(self.name)  # the name nearly tells the kind, and a graph is built of many lookups

    @classmethod
    def parse(cls, text: str) -> Entity:
        """Read ``kind:name`` back. Raises UsageError where the kind is unknown or the name empty."""
        word, _, name = text.partition(":")
        kind = _KINDS.get(word)
        if kind is None or not name:
            raise UsageError(
                f"'{text}' is not the name of a governed thing",
                hint=f"write kind:name, with one of {', '.join(EntityKind)}",
            )
        return cls(kind, name)

    @classmethod
    def dataset(cls, name: str) -> Entity:
        return cls(EntityKind.DATASET, name)

    @classmethod
    def column(cls, dataset: str, column: str) -> Entity:
        return cls(EntityKind.COLUMN, f"{dataset}#{column}")

    @classmethod
    def model(cls, name: str) -> Entity:
        return cls(EntityKind.MODEL, name)

    @classmethod
    def version(cls, model: str, version: str) -> Entity:
        return cls(EntityKind.VERSION, f"{model}/{version}")

    @classmethod
    def source(cls, name: str) -> Entity:
        """A table that is read but has no contract."""
        return cls(EntityKind.SOURCE, name)

    @classmethod
    def deployment(cls, name: str) -> Entity:
        return cls(EntityKind.DEPLOYMENT, name)

    @property
    def dataset_name(self) -> str:
        """The dataset a dataset or column entity belongs to."""
        return self.name.partition("#")[0]

    @property
    def column_name(self) -> str | None:
        """The column of a column entity, else None."""
        return self.name.partition("#")[2] or None
