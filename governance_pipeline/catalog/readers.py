"""All readers of other tools' catalogues; and those that other packages add.

A new reader is one module here and one line in :data:`READERS`. An outside package adds its own with an
entry point, whose object is a :class:`~governance_pipeline.catalog.reader.Reader`::

    [project.entry-points."governance_pipeline.readers"]
    datahub = "my_package.datahub:DATAHUB"
"""

from __future__ import annotations

import hashlib
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

from pydantic import ValidationError

from governance_pipeline.catalog.dbt import DBT
from governance_pipeline.catalog.feast import FEAST
from governance_pipeline.catalog.fit import fit
from governance_pipeline.catalog.mlflow import MLFLOW
from governance_pipeline.catalog.reader import Reader, Surroundings
from governance_pipeline.catalog.warehouse import WAREHOUSE
from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.checks.places import READERS_GROUP
from governance_pipeline.charter.places import Place, PluginPlace
from governance_pipeline.errors import CannotEvaluate, GovernanceError
from governance_pipeline.vocabulary.lineage import Reading

READERS: tuple[Reader, ...] = (DBT, FEAST, MLFLOW, WAREHOUSE)


def read_place(place: Place, around: Surroundings) -> Reading:
    """Read one place of governance.yaml.

    Raises:
        CannotEvaluate: it cannot be read, or the package that reads it is broken.
    """
    if place.plugin is not None:
        return fit(_by_plugin(place.plugin, place.by, around))
    reader = next(one for one in READERS if one.name == place.reader)
    return fit(reader.read(getattr(place, place.reader), place.by, around))


def state_of(place: Place, around: Surroundings) -> str:
    """What tells whether a place may say something else than before; "" where nobody knows without reading.

    A digest, in which what the place is asked for counts too, and the release: options may hold a secret.

    Raises:
        CannotEvaluate: as :func:`read_place`.
    """
    reader = (
        _load(_entry(place.plugin))
        if place.plugin is not None
        else next(one for one in READERS if one.name == place.reader)
    )
    if reader.state is None:
        return ""
    options: Any = getattr(place, place.named[0])
    asked = _options(reader, options, place.by) if place.plugin is not None else options
    try:
        found = reader.state(asked, around)
    except GovernanceError:
        raise
    except Exception:  # foreign code can raise anything; then the place is read, which names it
        if place.plugin is None:
            raise
        return ""
    told = f"{version('governance_pipeline')} {options.model_dump_json()} {found}"
    return hashlib.sha256(told.encode()).hexdigest() if found else ""


def _by_plugin(place: PluginPlace, by: str, around: Surroundings) -> Reading:
    entry = _entry(place)
    reader = _load(entry)
    options = _options(reader, place, by)
    try:
        reading = reader.read(options, by, around)
    except GovernanceError:
        raise
    except Exception as error:  # foreign code can raise anything; it is named, and costs its own place only
        raise _broken(entry, f"it failed: {type(error).__name__}: {error}") from error
    if not isinstance(reading, Reading):
        raise _broken(entry, f"it returned {type(reading).__name__} and no Reading")
    return reading


def _entry(place: PluginPlace) -> EntryPoint:
    entry = next((one for one in entry_points(group=READERS_GROUP) if one.name == place.reader), None)
    if entry is None:
        raise CannotEvaluate(
            f"no installed package has a reader '{place.reader}'", hint="install the package that has it"
        )
    return entry


def _options(reader: Reader, place: PluginPlace, by: str) -> FileModel:
    try:
        return reader.options.model_validate(place.options)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, wrong["loc"]))
        raise CannotEvaluate(
            f"{by}: options.{where}: {wrong['msg']}", hint="correct governance.yaml"
        ) from error


def _load(entry: EntryPoint) -> Reader:
    try:
        loaded = entry.load()
    except Exception as error:  # importing foreign code can raise anything; it is named and passed on
        raise _broken(entry, f"it cannot be imported: {type(error).__name__}: {error}") from error
    if not isinstance(loaded, Reader):
        raise _broken(entry, f"'{entry.value}' is no Reader")
    return loaded


def _broken(entry: EntryPoint, why: str) -> CannotEvaluate:
    package = entry.dist.name if entry.dist else "an installed package"
    return CannotEvaluate(
        f"the reader '{entry.name}' of {package} does not work: {why}", hint=f"repair or uninstall {package}"
    )
