"""SQL that somebody proposes for a dataset or for one of its columns, read as the contract's own is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from governance_pipeline.charter.project import Project
from governance_pipeline.lineage.build import dialect_of, table_names
from governance_pipeline.lineage.build_sql import ColumnFinding, sql_findings
from governance_pipeline.lineage.sql import lineage_among
from governance_pipeline.vocabulary.entity import Entity


@dataclass(frozen=True, slots=True)
class NewSql:
    """What the new SQL computes from what, the columns it makes, and what of it is not understood.

    Attributes:
        complete: a column that is not among ``made`` is not made.
    """

    columns: tuple[ColumnFinding, ...]
    made: tuple[str, ...]
    not_understood: tuple[str, ...]
    complete: bool


def read_new_sql(project: Project, node: Entity, sql: str) -> NewSql:
    """Read ``sql`` in place of the job's SQL of a dataset, or of the logic of one column.

    Raises:
        NotFound: no contract describes the node.
    """
    contract = project.contract(node.dataset_name)
    dialect, names = dialect_of(project, contract), table_names(project)
    bare = tuple(replace(column, transform_logic="") for column in contract.columns)
    if node.column_name is None:
        found = sql_findings(replace(contract, job_sql=sql, columns=bare), dialect, names)
        lineage = lineage_among(sql, dialect, names)
        made = tuple(lineage.written.get(contract.dataset, lineage.columns))
        complete = not lineage.not_understood
    else:
        logic = [replace(one, transform_logic=sql) for one in bare if one.name == node.column_name]
        found = sql_findings(replace(contract, job_sql="", columns=tuple(logic)), dialect, names)
        made, complete = (node.column_name,), True
    reasons = tuple(dict.fromkeys(reason for _, reason in found.not_understood))
    return NewSql(tuple(found.columns), made, reasons, complete)
