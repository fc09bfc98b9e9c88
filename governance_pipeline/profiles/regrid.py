"""Counts some numbers of a whole table again, on other grids, and reads nothing else of it."""

from __future__ import annotations

from collections.abc import Mapping

from governance_pipeline.profiles.clusters import count_clusters
from governance_pipeline.profiles.columns import specs
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import ColumnProfile
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.statistics import column_profiles
from governance_pipeline.profiles.window import ALL, Window


def columns_on_grids(
    session: Session, table: SourceTable, plan: ScanPlan, *, k: int
) -> Mapping[str, ColumnProfile]:
    """The columns of ``plan.grids`` over all rows, those that are compared by cluster too.

    A column that cannot be measured is left out.

    Raises:
        StatementFailed: the table cannot be read.
    """
    columns = specs(plan.contract, table.schema)
    window = Window(table.relation, ALL, session.dialect)
    asked = [spec for spec in columns if spec.name in plan.grids]
    measured = column_profiles(session, window, asked, plan.grids, k=k)
    [found] = count_clusters(session, window, columns, plan, measured)
    return found.columns
