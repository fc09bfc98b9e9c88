"""Where Feast keeps its registry: one protobuf file, or tables of a database that hold a message a row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from time import time
from typing import Any

from governance_pipeline.catalog.database import open_database, reading
from governance_pipeline.catalog.feast_messages import Message, decode, new
from governance_pipeline.catalog.reader import Surroundings, state_of_files
from governance_pipeline.charter.paths import project_path
from governance_pipeline.charter.places import FeastPlace
from governance_pipeline.errors import CannotEvaluate

HINT = "run `feast apply`, or correct the place in governance.yaml"
_JUST_NOW = 60
"""Seconds: Feast writes times by the second, so what was written just now may be written again unseen."""

_TABLES = {  # of Feast's SQL registry: the column with the message, and what it is
    "entities": ("entity_proto", "Entity"),
    "data_sources": ("data_source_proto", "DataSource"),
    "feature_views": ("feature_view_proto", "FeatureView"),
    "stream_feature_views": ("feature_view_proto", "StreamFeatureView"),
    "on_demand_feature_views": ("feature_view_proto", "OnDemandFeatureView"),
    "label_views": ("feature_view_proto", "LabelView"),  # since 0.60
    "feature_services": ("feature_service_proto", "FeatureService"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Attributes:
    registry: the ``Registry`` message.
    shown: the file or the connection, for evidence.
    problems: the rows that could not be read.
    """

    registry: Message
    shown: str
    problems: tuple[str, ...] = ()


def load_registry(place: FeastPlace, around: Surroundings) -> Loaded:
    """Read a registry whole.

    Raises:
        CannotEvaluate: the file or the database cannot be read, or holds no registry of Feast.
    """
    if place.registry is not None:
        return _of_file(place.registry, around)
    return _of_database(str(place.connection), around)


def registry_state(place: FeastPlace, around: Surroundings) -> str:
    """The file's digest; of a database how many rows its tables have, and when the newest was written.

    Raises:
        CannotEvaluate: the database cannot be read.
    """
    if place.registry is not None:
        return state_of_files([place.registry], around)
    import sqlalchemy as sa

    connection, written = str(place.connection), "last_updated_timestamp"
    engine = open_database(connection, around)
    told = []
    with reading(engine, connection) as connected:
        inspector = sa.inspect(connected)
        there = set(inspector.get_table_names())
        for name in (name for name in _TABLES if name in there):
            if written not in {column["name"] for column in inspector.get_columns(name)}:
                return ""
            table = sa.table(name, sa.column(written))
            rows, newest = connected.execute(sa.select(sa.func.count(), sa.func.max(table.c[written]))).one()
            if rows and not (isinstance(newest, int) and newest <= time() - _JUST_NOW):
                return ""
            told.append(f"{name} {rows} {newest}")
    return "; ".join(told)


def _of_file(text: str, around: Surroundings) -> Loaded:
    try:
        content = project_path(text, around.root).read_bytes()
    except OSError as error:
        raise CannotEvaluate(f"{text} cannot be read: {error.strerror or error}", hint=HINT) from error
    registry = decode("Registry", content, text)
    if not registry.registry_schema_version:  # Feast always writes one; other files may decode to nothing
        raise CannotEvaluate(f"{text} is no registry of Feast, or is cut off", hint=HINT)
    return Loaded(registry, text)


def _of_database(connection: str, around: Surroundings) -> Loaded:
    import sqlalchemy as sa

    engine = open_database(connection, around)
    registry = new("Registry")
    problems: list[str] = []
    with reading(engine, connection) as connected:
        there = set(sa.inspect(connected).get_table_names())
        if "feature_views" not in there:
            raise CannotEvaluate(
                f"the database of connection '{connection}' holds no registry of Feast", hint=HINT
            )
        for name in (name for name in _TABLES if name in there):
            column, message = _TABLES[name]
            table = sa.table(name, sa.column("project_id"), sa.column(column))
            rows = connected.execute(sa.select(table.c.project_id, table.c[column]))
            found = sorted((str(project), bytes(content)) for project, content in rows)
            problems.extend(_add(getattr(registry, name), message, found, f"{connection}: {name}"))
    return Loaded(registry, connection, tuple(problems))


def _add(into: Any, message: str, rows: Iterable[tuple[str, bytes]], shown: str) -> Iterable[str]:
    """Each row by itself: one that is broken costs no other. Returns what is wrong."""
    for number, (project, content) in enumerate(rows, 1):
        try:
            found = decode(message, content, f"{shown}, row {number} of project {project}")
        except CannotEvaluate as error:
            yield error.message
            continue
        named = found if message == "DataSource" else found.spec
        named.project = named.project or project
        into.append(found)
