"""The files of a location of any format; of Iceberg, what DuckDB's extension reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.delta import delta_files
from governance_pipeline.profiles.files import (
    FileState,
    Listing,
    file_states,
    listed,
    plain_files,
    reader,
    shown,
)
from governance_pipeline.profiles.session import Session, StatementFailed

_MOST_DIGITS = 38


def listing_of(session: Session, location: Location, root: Path) -> Listing:
    """What a location means tonight.

    Raises:
        SourceUnavailable: nothing is there, or it cannot be read as what it is.
    """
    if location.kind == "delta":
        return delta_files(root / location.path, shown(root / location.path, root))
    if location.kind == "iceberg":
        return _iceberg(session, root / location.path, shown(root / location.path, root))
    return plain_files(location, root)


def wide_decimals(session: Session, files: Sequence[FileState]) -> tuple[tuple[str, str, str], ...]:
    """Columns of Parquet files whose decimals have more digits than DuckDB's: it reads them as doubles, and
    some of them as wrong ones. Name, type, and why they are not read.
    """
    if not files:
        return ()
    schema = reader("parquet_schema", listed(file[0] for file in files))
    digits = exp.column("precision")
    wide = exp.GT(this=digits, expression=sql.number(_MOST_DIGITS))
    query = sql.select([exp.column("name"), digits.copy(), exp.column("scale")], schema).where(
        wide, copy=False
    )
    found = {str(name): (int(p), int(s or 0)) for name, p, s in session.rows(sql.render(query, "duckdb"))}
    return tuple(
        (name, f"decimal({p}, {s})", f"its decimals have {p} digits, and DuckDB reads up to {_MOST_DIGITS}")
        for name, (p, s) in sorted(found.items())
    )


def _iceberg(session: Session, folder: Path, name: str) -> Listing:
    """Read in place by the extension; its metadata file changes with every commit."""
    metadata = file_states(sorted((folder / "metadata").glob("*.metadata.json")))
    if not metadata:
        raise SourceUnavailable(
            f"there is no Iceberg table at {name}: it has no metadata/*.metadata.json",
            hint="check the path in the contract's server",
        )
    try:
        session.rows("LOAD iceberg")
    except StatementFailed:
        raise SourceUnavailable(
            f"{name} is an Iceberg table, which DuckDB reads with an extension that is not installed here",
            hint="install it once, as the user that runs the nights: "
            "python -c \"import duckdb; duckdb.sql('INSTALL iceberg')\"; or read the table through Spark",
        ) from None
    rows = reader("iceberg_scan", exp.Literal.string(str(folder)))
    return Listing(metadata, lambda _: rows.copy(), in_place=True)
