"""How each column of a table is summarised, decided by its type and by what the contract says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import exp

from governance_pipeline.charter.contract import Contract
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.profile import ColumnType

_WIDE_NUMBERS = frozenset({"UINT128", "UHUGEINT", "BIGNUM", "VARINT"})
_BINARY_FLOATS = frozenset({"float16", "float32", "float64"})


@dataclass(frozen=True, slots=True)
class EngineType:
    """A column's type as the engine has it.

    Attributes:
        name: as shown in schemas, e.g. ``float64``.
        kind: how such a column can be summarised.
        family: the ODCS logical type it answers to: string, date, timestamp, time, number, integer,
            object, array, boolean; "" for types ODCS has no word for.
        floating: may hold NaN, infinities or numbers whose squares overflow.
        cast: must be cast to text before it is grouped with text.
        zoned: a timestamp that knows its offset.
        dtype: the Ibis data type itself.
    """

    name: str
    kind: ColumnType
    family: str
    floating: bool = False
    cast: bool = False
    zoned: bool = False
    dtype: Any = field(default=None, compare=False, repr=False)

    def differs_from(self, other: EngineType) -> bool:
        """Whether ids of the two types can be compared as text only."""
        return not (self.name == other.name or self.family == other.family == "integer")


def engine_type(dtype: Any) -> EngineType:
    """The type of an Ibis data type; what Ibis does not know is counted only, or read as text where
    the database's users defined it (enumerations, domains).
    """
    return replace(_plainly(dtype.copy(nullable=True)), dtype=dtype.copy(nullable=True))


def _plainly(dtype: Any) -> EngineType:
    name = str(dtype)
    if dtype.is_unknown():
        return _unknown(dtype.raw_type)
    if dtype.is_numeric() and not dtype.is_boolean():
        whole = dtype.is_integer() or (dtype.is_decimal() and dtype.scale == 0)
        unbounded = dtype.is_floating() or (dtype.is_decimal() and dtype.scale is None)
        return EngineType(name, "number", "integer" if whole else "number", floating=unbounded)
    if dtype.is_timestamp():
        return EngineType(name, "time", "timestamp", zoned=dtype.timezone is not None)
    for is_such, kind, family, cast in _PLAIN:
        if getattr(dtype, is_such)():
            return EngineType(name, kind, family, cast=cast)
    return EngineType(name, "other", "")


_PLAIN: tuple[tuple[str, ColumnType, str, bool], ...] = (
    ("is_boolean", "boolean", "boolean", False),
    ("is_string", "category", "string", False),
    ("is_uuid", "category", "string", True),
    ("is_inet", "category", "string", True),
    ("is_macaddr", "category", "string", True),
    ("is_date", "time", "date", False),
    ("is_time", "time", "time", False),
    ("is_array", "other", "array", False),
    ("is_struct", "other", "object", False),
    ("is_map", "other", "object", False),
    ("is_json", "other", "object", False),
)


def _unknown(raw: Any) -> EngineType:
    name = raw.sql().lower() if isinstance(raw, exp.Expression) else str(raw).lower()
    if name.upper() in _WIDE_NUMBERS:
        return EngineType(name, "number", "number", floating=True)
    defined = isinstance(raw, exp.DataType) and raw.this == exp.DataType.Type.USERDEFINED
    return EngineType(name, "category" if defined else "other", "", cast=defined)


_INTEGERS = {
    name: exp.DataType(this=type_)
    for name, type_ in {
        "int8": exp.DataType.Type.TINYINT,
        "int16": exp.DataType.Type.SMALLINT,
        "int32": exp.DataType.Type.INT,
        "int64": exp.DataType.Type.BIGINT,
        "uint8": exp.DataType.Type.UTINYINT,
        "uint16": exp.DataType.Type.USMALLINT,
        "uint32": exp.DataType.Type.UINT,
        "uint64": exp.DataType.Type.UBIGINT,
    }.items()
}


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column to measure.

    Attributes:
        label: the name our statements give it, free of whatever the user called it.
        kind: ``other`` also for columns that identify a person or a row (subject key, primary key):
            their values and bounds never enter a profile.
        personal: values that fewer than k rows share are not kept.
    """

    name: str
    label: str
    type: EngineType
    kind: ColumnType
    personal: bool = False

    @property
    def value(self) -> exp.Expression:
        """The raw value."""
        return sql.own(f"c{self.label}")

    @property
    def double(self) -> exp.Expression:
        """The value of a number as a double."""
        return self.value if self.type.name == "float64" else sql.own(f"v{self.label}")

    @property
    def floating(self) -> bool:
        return self.type.floating

    @property
    def whole(self) -> bool:
        """Whether a number has no fraction."""
        return self.type.family == "integer"

    @property
    def exact(self) -> bool:
        """Whether it is a number of which a double may only hold an approximation."""
        return self.kind == "number" and self.type.name not in _BINARY_FLOATS

    @property
    def integer(self) -> exp.DataType | None:
        """The SQL type of a number that the engine stores as an integer."""
        return _INTEGERS.get(self.type.name) if self.kind == "number" else None

    @property
    def sketched(self) -> bool:
        """Whether its different values are counted: nearly all floats differ, and nobody asks."""
        return self.kind == "category" or (self.kind == "number" and self.whole and not self.floating)

    def selected(self) -> Iterable[exp.Expression]:
        """The expressions by which a window statement hands the column on."""
        raw = sql.named(self.name)
        yield sql.labelled(sql.text_of(raw) if self.type.cast else raw, f"c{self.label}")
        if self.kind == "number" and self.type.name != "float64":
            yield sql.labelled(sql.cast(raw.copy(), sql.DOUBLE), f"v{self.label}")


def specs(contract: Contract, schema: Iterable[tuple[str, EngineType]]) -> tuple[ColumnSpec, ...]:
    """How each column of the table is summarised."""
    identifying = {*contract.primary_key, contract.subject_key}
    found = []
    for position, (name, type_) in enumerate(schema):
        declared = contract.column(name)
        found.append(
            ColumnSpec(
                name=name,
                label=str(position),
                type=type_,
                kind="other" if name in identifying else type_.kind,
                personal=bool(declared and declared.personal),
            )
        )
    return tuple(found)
