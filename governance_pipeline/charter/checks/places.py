"""governance.yaml: each place of ``catalog`` names one reader and usable paths, and stands there once."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from governance_pipeline.charter.diagnostics import Problem, nearest, one_of
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.paths import UnfitPath, project_path
from governance_pipeline.charter.places import Place
from governance_pipeline.charter.settings import Settings

READERS_GROUP = "governance_pipeline.readers"
_FILES = ("manifest", "catalog", "run_results", "registry", "repository", "database")


def check_places(settings: Loaded[Settings], root: Path) -> Iterator[Problem]:
    """Each place by itself, and that none stands there twice."""
    seen: set[str] = set()
    for index, place in enumerate(settings.value.catalog):
        path = ("catalog", index)
        if len(place.named) != 1:
            found = " and ".join(place.named) or "nothing"
            message = f"a place of the catalogue names {found}"
            yield settings.source.problem(path, message, expected=f"exactly {one_of(Place.model_fields)}")
            continue
        if place.by in seen:
            yield settings.source.problem(path, f"the place '{place.by}' stands here twice")
        seen.add(place.by)
        yield from _files(settings, path, place, root)
        yield from _connection(settings, path, place)
        if place.plugin is not None:
            yield from _plugin(settings, (*path, "plugin", "reader"), place.plugin.reader)


def _files(
    settings: Loaded[Settings], path: tuple[str | int, ...], place: Place, root: Path
) -> Iterator[Problem]:
    key = place.named[0]
    for name in _FILES:
        text = getattr(getattr(place, key), name, None)
        if text is None:
            continue
        try:
            project_path(text, root)
        except UnfitPath as error:
            expected = "a path in the project folder, or an absolute path"
            yield settings.source.problem((*path, key, name), str(error), expected=expected)


def _connection(settings: Loaded[Settings], path: tuple[str | int, ...], place: Place) -> Iterator[Problem]:
    key = place.named[0]
    if place.feast is not None and (place.feast.registry is None) == (place.feast.connection is None):
        message = "a feature store is in one place"
        yield settings.source.problem((*path, key), message, expected="either 'registry' or 'connection'")
    if place.warehouse is not None and (place.warehouse.database is None) == (
        place.warehouse.connection is None
    ):
        message = "a warehouse is in one place"
        yield settings.source.problem((*path, key), message, expected="either 'connection' or 'database'")
    name = getattr(getattr(place, key), "connection", None)
    known = sorted(settings.value.connections)
    if name is not None and name not in known:
        yield settings.source.problem(
            (*path, key, "connection"),
            f"there is no connection '{name}'",
            expected=one_of(known) if known else "an entry of 'connections'",
            suggestion=nearest(name, known),
        )


def _plugin(settings: Loaded[Settings], path: tuple[str | int, ...], reader: str) -> Iterator[Problem]:
    known = sorted(entry.name for entry in entry_points(group=READERS_GROUP))
    if reader not in known:
        message = f"no installed package has a reader '{reader}'"
        yield settings.source.problem(
            path, message, expected=one_of(known), suggestion=nearest(reader, known)
        )
