"""What a contract's own SQL says about where its columns come from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from governance_pipeline.charter.contract import Column, Contract
from governance_pipeline.lineage.sql import expression_columns, lineage_among
from governance_pipeline.lineage.table_names import TableNames

_QUERY = re.compile(r"(\s|--[^\n]*\n|/\*.*?\*/)*(select|with)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """That ``column`` is computed from ``sources`` by ``transformation``; ``line`` of the contract."""

    column: str
    sources: tuple[tuple[str, str], ...]
    transformation: str
    line: int


@dataclass
class SqlFindings:
    """All that a contract's SQL says; ``not_understood`` are (line, reason) pairs."""

    tables: set[str] = field(default_factory=set)
    columns: list[ColumnFinding] = field(default_factory=list)
    not_understood: list[tuple[int, str]] = field(default_factory=list)


def sql_findings(contract: Contract, dialect: str, names: TableNames) -> SqlFindings:
    """Read the job's SQL and each column's transform logic. Nothing is parsed where there is none."""
    found = SqlFindings()
    if contract.job_sql.strip():
        _read_job(contract, dialect, names, found)
    for column in contract.columns:
        if column.transform_logic.strip():
            _read_logic(contract, column, dialect, names, found)
    return found


def _read_job(contract: Contract, dialect: str, names: TableNames, found: SqlFindings) -> None:
    lineage = lineage_among(contract.job_sql, dialect, names)
    found.tables |= lineage.tables
    found.not_understood.extend((contract.line, reason) for reason in lineage.not_understood)
    own = {column.name.lower(): column for column in contract.columns}
    for output, sources in lineage.written.get(contract.dataset, lineage.columns).items():
        column = own.get(output.lower())
        if column is None:
            found.not_understood.append(
                (contract.line, f"the SQL makes a column {output} the contract lacks")
            )
        elif sources:
            sql = lineage.transformations.get(output, "")
            found.columns.append(ColumnFinding(column.name, sources, sql, column.line))


def _read_logic(
    contract: Contract, column: Column, dialect: str, names: TableNames, found: SqlFindings
) -> None:
    logic = column.transform_logic
    if _QUERY.match(logic):
        lineage = lineage_among(logic, dialect, names)
        reasons = list(lineage.not_understood)
        made = {name.lower(): pairs for name, pairs in lineage.columns.items()}
        pairs = made.get(column.name.lower(), next(iter(made.values()), ()) if len(made) == 1 else ())
    else:
        read, reason = expression_columns(logic, dialect=dialect)
        reasons = [reason] if reason else []
        placed = [_place(contract, column, table, name, names) for table, name in read]
        reasons.extend(why for pair, why in placed if pair is None)
        pairs = tuple(sorted({pair for pair, _ in placed if pair is not None}))
    found.not_understood.extend((column.line, f"column {column.name}: {reason}") for reason in reasons)
    if pairs:
        found.columns.append(ColumnFinding(column.name, pairs, logic, column.line))


def _place(
    contract: Contract, column: Column, table: str, name: str, names: TableNames
) -> tuple[tuple[str, str] | None, str]:
    """The dataset a column name in an expression belongs to, or why it is not clear.

    A name without a table is looked for among the declared sources, then the datasets the contract
    is built from, then in the dataset itself.
    """
    if table:
        return (names.name(table.split(".")), name), ""
    declared = {s.dataset for s in column.sources if s.column.lower() == name.lower()}
    upstream = {d for d in contract.upstream if _has(names, d, name)}
    own = {contract.dataset} if _has(names, contract.dataset, name) else set()
    for candidates in (declared, upstream, own):
        if len(candidates) == 1:
            dataset = next(iter(candidates))
            return (dataset, _cased(names, dataset, name)), ""
        if candidates:
            several = " and ".join(sorted(candidates))
            return None, f"{name} could be a column of {several}"
    return None, f"{name} is a column of no dataset this one is built from"


def _has(names: TableNames, dataset: str, column: str) -> bool:
    return column.lower() in {name.lower() for name in names.columns(dataset) or ()}


def _cased(names: TableNames, dataset: str, column: str) -> str:
    cased = {name.lower(): name for name in names.columns(dataset) or ()}
    return cased.get(column.lower(), column)
