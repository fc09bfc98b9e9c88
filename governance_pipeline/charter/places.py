"""The ``catalog`` section of governance.yaml: tools that know lineage, and where they keep it."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field

from governance_pipeline.charter.base import FileModel

_USER = re.compile(r"//[^/@]*@")


class DbtPlace(FileModel):
    """What a run of dbt leaves in its ``target`` folder."""

    manifest: str = Field(description="manifest.json of any schema version.")
    catalog: str | None = Field(
        None, description="catalog.json (`dbt docs generate`); without it few column lineages are known."
    )
    run_results: str | None = Field(None, description="run_results.json: how models and tests ended.")

    @property
    def shown(self) -> str:
        return self.manifest


class FeastPlace(FileModel):
    """The registry of a Feast feature store: a file, or tables of a database. Feast itself is not needed."""

    registry: str | None = Field(None, description="The registry file, such as data/registry.db.")
    connection: str | None = Field(
        None, description="Instead: the entry of `connections` with Feast's SQL registry."
    )
    project: str | None = Field(None, description="Only this project of the registry; default: all.")
    repository: str = Field(
        ".", description="Folder of feature_store.yaml, which relative files of its sources start from."
    )

    @property
    def shown(self) -> str:
        place = self.registry or self.connection or ""
        return f"{place}#{self.project}" if self.project else place


class MlflowPlace(FileModel):
    """The registry of an MLflow server: models, versions, aliases, and the runs that made them."""

    connection: str = Field(description="The entry of `connections` with the server's http address.")
    models: tuple[str, ...] = Field((), description="Only these registered models; default: all.")

    @property
    def shown(self) -> str:
        return self.connection


class WarehousePlace(FileModel):
    """The catalogue of a database, Postgres or DuckDB: tables, columns, comments, views and grants."""

    connection: str | None = Field(None, description="The entry of `connections` with its URL.")
    database: str | None = Field(None, description="Instead: the file of a DuckDB database.")
    schemas: tuple[str, ...] = Field((), description="Only these schemas; default: all but the system's.")

    @property
    def shown(self) -> str:
        return self.connection or self.database or ""


class PluginPlace(FileModel):
    """A place that a reader of an installed package reads."""

    reader: str = Field(description="Name of its entry point in `governance_pipeline.readers`.")
    options: dict[str, Any] = Field(default_factory=dict, description="What that reader asks for.")

    @property
    def shown(self) -> str:
        return str(self.options.get("place", "")) or ", ".join(map(str, sorted(self.options)))


class Place(FileModel):
    """One place that the night reads lineage from: exactly one of these keys."""

    dbt: DbtPlace | None = Field(None, description="A dbt project.")
    feast: FeastPlace | None = Field(None, description="A feature store of Feast.")
    mlflow: MlflowPlace | None = Field(None, description="An MLflow server.")
    warehouse: WarehousePlace | None = Field(None, description="A database.")
    plugin: PluginPlace | None = Field(None, description="A place for a reader of another package.")

    @property
    def named(self) -> tuple[str, ...]:
        """The keys that are given; a checked project's places have exactly one."""
        return tuple(key for key in type(self).model_fields if getattr(self, key) is not None)

    @property
    def reader(self) -> str:
        """The reader's name."""
        return self.plugin.reader if self.plugin is not None else self.named[0]

    @property
    def by(self) -> str:
        """Who says what is read here, e.g. ``dbt:target/manifest.json``; never a user or a password."""
        said: DbtPlace | FeastPlace | MlflowPlace | WarehousePlace | PluginPlace = getattr(
            self, self.named[0]
        )
        return f"{self.reader}:{_USER.sub('//', said.shown).partition('?')[0]}"
