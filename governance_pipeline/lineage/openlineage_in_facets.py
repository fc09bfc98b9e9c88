"""The facets of an event that lineage is made of; all others stay in the event's body, unread.

Facets: https://openlineage.io/docs/spec/facets/. A facet marked ``_deleted`` says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from governance_pipeline.errors import EventRefused
from governance_pipeline.lineage.openlineage_checks import (
    Json,
    mapping,
    name,
    objects,
    part,
    required_part,
    required_text,
    short_enough,
    text,
    truth,
    word,
)
from governance_pipeline.vocabulary.openlineage import Aspect, Flow, Name, Statement

_COUNTS = ("rowCount", "size", "fileCount")


def facets_of(owner: Json, path: str, key: str = "facets") -> dict[str, tuple[Json, str]]:
    """Every facet with its path. Raises EventRefused where one is not an object."""
    found: dict[str, tuple[Json, str]] = {}
    for title, value in (part(owner, key, path) or {}).items():
        here = f"{path}.{key}.{title}"
        if value is None:
            continue
        facet = mapping(value, here)
        for required in ("_producer", "_schemaURL"):
            text(facet, required, here)
        if not truth(facet, "_deleted", here):
            found[title] = (facet, here)
    return found


def dataset_statements(dataset: Name, facets: dict[str, tuple[Json, str]]) -> Iterator[Statement]:
    """Schema, symlinks, owners, tags and documentation of a dataset."""
    for facet, path in _facet(facets, "symlinks"):
        for one, here in objects(facet, "identifiers", path):
            text(one, "type", here)
            yield Statement(dataset, Aspect.SYMLINK, *name(one, here))
    for facet, path in _facet(facets, "schema"):
        yield from _fields(dataset, facet, path, "")
    yield from common_statements(dataset, facets)


def common_statements(about: Name | None, facets: dict[str, tuple[Json, str]]) -> Iterator[Statement]:
    """What datasets and jobs have alike: owners, tags, documentation."""
    for facet, path in _facet(facets, "ownership"):
        for one, here in objects(facet, "owners", path):
            yield Statement(about, Aspect.OWNER, required_text(one, "name", here), text(one, "type", here))
    for facet, path in _facet(facets, "tags"):
        for one, here in objects(facet, "tags", path):
            key, value, column = (
                required_text(one, "key", here),
                _scalar(one, here),
                text(one, "field", here),
            )
            text(one, "source", here)
            yield Statement(about, Aspect.TAG, column, f"{key}={value}" if value else key)
    for facet, path in _facet(facets, "documentation"):
        described = text(facet, "description", path)
        if described:
            yield Statement(about, Aspect.DESCRIPTION, "", described)


def run_statements(facets: dict[str, tuple[Json, str]]) -> Iterator[Statement]:
    """The jobs that started this run. ``parentRun`` is what early producers called the facet."""
    for title in ("parent", "parentRun"):
        for facet, path in _facet(facets, title):
            yield Statement(None, Aspect.PARENT, *_started_by(facet, path))
            root = part(facet, "root", path)
            if root is not None:
                yield Statement(None, Aspect.ROOT, *_started_by(root, f"{path}.root"))


def column_flows(dataset: Name, facets: dict[str, tuple[Json, str]]) -> Iterator[Flow]:
    """The columnLineage facet, versions 1-0-0 to 1-2-0."""
    for facet, path in _facet(facets, "columnLineage"):
        fields = required_part(facet, "fields", path)
        for column, value in fields.items():
            here = f"{path}.fields.{column}"
            field = mapping(value, here)
            short_enough(dataset, column, here)
            if not column.strip():
                raise EventRefused("has no name", path=here)
            kind, words = (
                text(field, "transformationType", here),
                text(field, "transformationDescription", here),
            )
            for source, there in objects(field, "inputFields", here):
                yield _flow(dataset, column, source, there, _said(kind, "", words, masked=False))
        for source, there in objects(facet, "dataset", path):
            yield _flow(dataset, "", source, there, "INDIRECT")


def require_statistics(dataset: Json, path: str) -> None:
    """Refuse statistics of a run's datasets that are not numbers."""
    for key, title in (("outputFacets", "outputStatistics"), ("inputFacets", "inputStatistics")):
        for facet, here in _facet(facets_of(dataset, path, key), title):
            for count in _COUNTS:
                value = facet.get(count)
                if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
                    raise EventRefused(f"is {word(value)}, not a number", path=f"{here}.{count}")


def _facet(facets: dict[str, tuple[Json, str]], title: str) -> tuple[tuple[Json, str], ...]:
    found = facets.get(title)
    return () if found is None else (found,)


def _fields(dataset: Name, facet: Json, path: str, above: str) -> Iterator[Statement]:
    """Columns; those inside of a struct by their way to it, ``address.city``."""
    for field, here in objects(facet, "fields", path):
        column = f"{above}{required_text(field, 'name', here)}"
        short_enough(dataset, column, f"{here}.name")
        yield Statement(dataset, Aspect.COLUMN, column, text(field, "type", here))
        described = text(field, "description", here)
        if described:
            yield Statement(dataset, Aspect.COLUMN_DESCRIPTION, column, described)
        yield from _fields(dataset, field, here, f"{column}.")


def _started_by(facet: Json, path: str) -> Name:
    required_text(required_part(facet, "run", path), "runId", f"{path}.run")
    return name(required_part(facet, "job", path), f"{path}.job")


def _scalar(tag: Json, path: str) -> str:
    """A tag's value, which some producers send as a number or true and false."""
    value = tag.get("value")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else text(tag, "value", path)


def _flow(dataset: Name, column: str, source: Json, path: str, otherwise: str) -> Flow:
    origin, field = name(source, path), required_text(source, "field", path)
    short_enough(origin, field, f"{path}.field")
    said = {
        _said(
            required_text(one, "type", here),
            text(one, "subtype", here),
            text(one, "description", here),
            masked=truth(one, "masking", here),
        )
        for one, here in objects(source, "transformations", path)
    }
    return Flow(dataset, column, origin, field, "; ".join(sorted(said)) or otherwise)


def _said(kind: str, subtype: str, description: str, *, masked: bool) -> str:
    head = " ".join(filter(None, (kind, subtype))) + (", masked" if masked else "")
    return ": ".join(filter(None, (head, description)))
