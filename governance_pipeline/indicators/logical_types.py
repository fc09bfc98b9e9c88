"""Which engine types keep the promise of an ODCS logical type.

Engine types are written as the engine names them: Ibis (``float64``, ``timestamp('UTC', 6)``,
``!string`` for "never null") and SQL (``double precision``, ``varchar(20)``, ``integer[]``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_INTEGERS = frozenset(
    [
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "int",
        "integer",
        "bigint",
        "smallint",
        "tinyint",
        "hugeint",
        "uhugeint",
        "uint128",
        "long",
        "short",
    ]
)
_NUMBERS = _INTEGERS | frozenset(
    [
        "float16",
        "float32",
        "float64",
        "float",
        "double",
        "real",
        "decimal",
        "numeric",
        "number",
        "double_precision",
        "bignum",
        "varint",
    ]
)
_TIMESTAMPS = frozenset(
    [
        "timestamp",
        "datetime",
        "timestamptz",
        "timestamp_ntz",
        "timestamp_ltz",
        "timestamp_with_time_zone",
        "timestamp_without_time_zone",
    ]
)

ACCEPTED: Mapping[str, frozenset[str]] = {
    "string": frozenset(
        [
            "string",
            "varchar",
            "char",
            "text",
            "bpchar",
            "character",
            "character_varying",
            "uuid",
            "enum",
            "inet",
            "macaddr",
        ]
    ),
    "integer": _INTEGERS,
    "number": _NUMBERS,
    "boolean": frozenset({"boolean", "bool"}),
    "date": frozenset({"date"}),
    "timestamp": _TIMESTAMPS,
    "time": frozenset({"time", "timetz", "time_with_time_zone", "time_without_time_zone"}),
    "array": frozenset({"array", "list"}),
    "object": frozenset({"struct", "map", "json", "jsonb", "object", "variant", "row"}),
}
"""Logical type to the base names of engine types that keep it (ODCS v3.1, ``logicalType``)."""

_KNOWN = frozenset[str]().union(*ACCEPTED.values()) | {"binary", "blob", "bytea", "interval"}
_DECIMAL_SCALE = re.compile(r"\(\s*\d+\s*(?:,\s*(-?\d+)\s*)?\)")
_DECIMALS = frozenset({"decimal", "numeric", "number"})
_HOURS = re.compile(r"[Hh]")


def base_name(engine_type: str) -> str:
    """The type without its arguments: ``!decimal(10, 2)`` -> ``decimal``, ``integer[]`` -> ``array``."""
    text = engine_type.strip().lower().lstrip("!")
    if text.endswith("[]"):
        return "array"
    return "_".join(re.split(r"[(<]", text, maxsplit=1)[0].split())


def conforms(logical_type: str, engine_type: str, options: Mapping[str, Any]) -> bool | None:
    """Whether a column of ``engine_type`` keeps the promise of ``logical_type``; None where the engine
    type is one that this table does not know (a database's own enumerations and domains), so that
    nobody can tell. A column without a promised type keeps it.

    A ``date`` whose ``format`` has hours may be a timestamp (ODCS before v3.1 knew no other way), and a
    decimal without fraction digits is an integer.
    """
    if not logical_type:
        return True
    base = base_name(engine_type)
    if base not in _KNOWN:
        return None
    if logical_type == "integer" and base in _DECIMALS:
        scale = _DECIMAL_SCALE.search(engine_type)
        return scale is not None and int(scale.group(1) or 0) == 0
    if logical_type == "date" and _HOURS.search(str(options.get("format", ""))):
        return base in _TIMESTAMPS
    return base in ACCEPTED.get(logical_type, frozenset())
