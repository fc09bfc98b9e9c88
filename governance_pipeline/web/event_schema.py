"""JSON Schemas of the events that the receiver takes: what it checks, and no more.

Wider than the specification's own schema, as the receiver is: ``null`` means absent, and of unknown facets
only the outline is asked for. What no schema can say (names up to 700 bytes with their namespace, 32 levels,
5 MB, no NUL characters or half surrogates) is said in the description.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from governance_pipeline.lineage.openlineage_in import MAX_RUN_ID

Schema = dict[str, Any]

SEEN = r"[^\s\x1c-\x1f\x85]"  # at least one character that is no space, as Python has it
_FROM_YEAR_2 = "^(?!000[01])"  # earlier instants may lie before the first that is known
_TEXT: Schema = {"type": ["string", "null"]}
_NAME: Schema = {"type": "string", "pattern": SEEN}
_TRUTH: Schema = {"type": ["boolean", "null"]}
_NONE: Schema = {"type": ["array", "null"], "maxItems": 0}
_NUMBER: Schema = {"type": ["number", "null"]}
_STATES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Mapping[str, Any], required: Sequence[str] = (), **further: Any) -> Schema:
    wanted = {"required": list(required)} if required else {}
    return {"type": "object", **wanted, "properties": dict(properties), **further}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _many(items: Schema) -> Schema:
    return {"type": ["array", "null"], "items": items}


def _facet(properties: Mapping[str, Any], required: Sequence[str] = ()) -> Schema:
    """A facet; one that is marked deleted may leave out everything else."""
    outline = {"_producer": _TEXT, "_schemaURL": _TEXT, "_deleted": _TRUTH}
    deleted = _object(outline | {"_deleted": {"const": True}}, ["_deleted"])
    said = _object(outline | dict(properties), required)
    return _optional({"anyOf": [deleted, said]} if properties else _object(outline))


def _facets(known: Mapping[str, Schema]) -> Schema:
    return _optional(_object(known, additionalProperties=_facet({})))


_IDENTITY = {"namespace": _NAME, "name": _NAME}
_COMMON = {
    "ownership": _facet({"owners": _many(_object({"name": _NAME, "type": _TEXT}, ["name"]))}),
    "tags": _facet(
        {
            "tags": _many(
                _object(
                    {
                        "key": _NAME,
                        "value": {"type": ["string", "number", "boolean", "null"]},
                        "field": _TEXT,
                        "source": _TEXT,
                    },
                    ["key"],
                )
            )
        }
    ),
    "documentation": _facet({"description": _TEXT}),
}
_STATISTICS = _facet({"rowCount": _NUMBER, "size": _NUMBER, "fileCount": _NUMBER})
_STARTED_BY = {
    "run": _object({"runId": _NAME}, ["runId"]),
    "job": _object(_IDENTITY, ["namespace", "name"]),
}
_PARENT = _facet(_STARTED_BY | {"root": _optional(_object(_STARTED_BY, ["run", "job"]))}, ["run", "job"])

EVENT_SCHEMAS: Mapping[str, Schema] = {
    "InputField": _object(
        {
            **_IDENTITY,
            "field": _NAME,
            "transformations": _many(
                _object({"type": _NAME, "subtype": _TEXT, "description": _TEXT, "masking": _TRUTH}, ["type"])
            ),
        },
        ["namespace", "name", "field"],
    ),
    "SchemaField": _object(
        {"name": _NAME, "type": _TEXT, "description": _TEXT, "fields": _many(_reference("SchemaField"))},
        ["name"],
    ),
    "Dataset": _object(
        {
            **_IDENTITY,
            "facets": _facets(
                _COMMON
                | {
                    "symlinks": _facet(
                        {"identifiers": _many(_object({**_IDENTITY, "type": _TEXT}, ["namespace", "name"]))}
                    ),
                    "schema": _facet({"fields": _many(_reference("SchemaField"))}),
                    "columnLineage": _facet(
                        {
                            "fields": _object(
                                {},
                                propertyNames={"pattern": SEEN},
                                additionalProperties=_object(
                                    {
                                        "transformationType": _TEXT,
                                        "transformationDescription": _TEXT,
                                        "inputFields": _many(_reference("InputField")),
                                    }
                                ),
                            ),
                            "dataset": _many(_reference("InputField")),
                        },
                        ["fields"],
                    ),
                }
            ),
            "inputFacets": _facets({"inputStatistics": _STATISTICS}),
            "outputFacets": _facets({"outputStatistics": _STATISTICS}),
        },
        ["namespace", "name"],
    ),
    "Job": _object({**_IDENTITY, "facets": _facets(_COMMON)}, ["namespace", "name"]),
    "Run": _object(
        {
            "runId": {**_NAME, "maxLength": MAX_RUN_ID},
            "facets": _facets({"parent": _PARENT, "parentRun": _PARENT}),
        },
        ["runId"],
    ),
    "Event": {
        "description": (
            "A run event (run and job), a job event (job) or a dataset event (dataset) of OpenLineage; null"
            " means absent. Names have at most 700 bytes with their namespace and column; no text holds NUL"
            " characters or half surrogates, no key occurs twice, and nothing is nested more than 32 deep."
        ),
        **_object(
            {
                "eventTime": {"type": "string", "format": "date-time", "pattern": _FROM_YEAR_2},
                "eventType": {"enum": [*_STATES, "", None]},
                "producer": _TEXT,
                "schemaURL": _TEXT,
                "run": _optional(_reference("Run")),
                "job": _optional(_reference("Job")),
                "dataset": _optional(_reference("Dataset")),
                "inputs": _many(_reference("Dataset")),
                "outputs": _many(_reference("Dataset")),
            },
            ["eventTime"],
        ),
        "anyOf": [
            _object({"job": _reference("Job")}, ["job"]),
            _object(
                {
                    "run": {"type": "null"},
                    "job": {"type": "null"},
                    "dataset": _reference("Dataset"),
                    "inputs": _NONE,
                    "outputs": _NONE,
                },
                ["dataset"],
            ),
        ],
    },
}
