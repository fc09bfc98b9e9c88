"""The files of a location of any format; of Iceberg, what DuckDB's extension reads."""

from __future__ import annotations

from pathlib import Path

from sqlglot import exp

from governance_pipeline.charter.contract import Location
from governance_pipeline.errors import SourceUnavailable
from governance_pipeline.profiles.delta import delta_files
from governance_pipeline.profiles.files import Listing, file_states, plain_files, reader, shown
from governance_pipeline.profiles.session import Session, StatementFailed


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
