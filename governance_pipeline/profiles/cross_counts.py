"""All counts across columns of one snapshot: each that fails is named, and the others go on."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace

from governance_pipeline.charter.contract import Contract
from governance_pipeline.errors import CannotEvaluate, ScanTimedOut
from governance_pipeline.profiles.connect import family_of
from governance_pipeline.profiles.cross import Joined, cross_tables
from governance_pipeline.profiles.cross_plan import CrossPlan, CrossTarget
from governance_pipeline.profiles.cross_rows import late_rows, overlapping_rows
from governance_pipeline.profiles.cross_table import Crosses, CrossTable, LateTally, OverlapTally
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.tables import Tables

NO_KEY = (
    "the contract names no subject key and no primary key, so that its rows cannot be dealt into parts "
    "to learn from and to try on"
)


def count_crosses(
    session: Session, tables: Tables, table: SourceTable, plan: CrossPlan, *, k: int
) -> Crosses:
    """Count what ``plan`` asks for.

    Raises:
        ScanTimedOut: the time is over.
    """
    unmeasured: dict[str, str] = {}
    with ExitStack() as stack:
        joined: dict[str, Joined] = {}
        kept: list[CrossTarget] = []
        for target in plan.targets:
            try:
                _find(stack, session, tables, table, plan, target, joined)
                kept.append(target)
            except ScanTimedOut:
                raise
            except CannotEvaluate as error:
                unmeasured[f"~{target.name}"] = error.message
        present = tuple(one for one in plan.features if table.type_of(one.name) is not None)
        for feature in plan.features:
            if feature not in present:
                unmeasured[feature.name] = f"the column '{feature.name}' {table.absence(feature.name)}"
        known = replace(plan, targets=tuple(kept), features=present)
        found, reasons = _tables(session, table, known, joined, k)
    late, not_late = _late(session, tables, table, plan)
    overlaps, not_overlaps = _overlaps(session, tables, table, plan)
    return Crosses(
        counted=plan.night,
        tables=found,
        overlaps=overlaps,
        late=late,
        joined={target.name: target.source.dataset for target in kept if target.source},
        unmeasured={**unmeasured, **reasons, **not_late, **not_overlaps},
    )


def _tables(
    session: Session, table: SourceTable, plan: CrossPlan, joined: dict[str, Joined], k: int
) -> tuple[tuple[CrossTable, ...], dict[str, str]]:
    if plan.key and all(table.type_of(name) for name in plan.key):
        return cross_tables(session, table, plan, joined, k=k)
    return (), {"*": NO_KEY} if plan.targets else {}


def _find(
    stack: ExitStack,
    session: Session,
    tables: Tables,
    table: SourceTable,
    plan: CrossPlan,
    target: CrossTarget,
    joined: dict[str, Joined],
) -> None:
    """Make the target's table ready to be joined. Raises where it cannot be."""
    source = target.source
    if source is None:
        _column(table, target.column, plan.contract.dataset)
        return
    if source.dataset not in joined:
        other = stack.enter_context(_opened(session, tables, source))
        if source.subject_key is None or plan.contract.subject_key is None:
            raise StatementFailed(f"{plan.contract.dataset} and {source.dataset} share no key of a person")
        _column(other, source.subject_key, source.dataset)
        _column(table, plan.contract.subject_key, plan.contract.dataset)
        joined[source.dataset] = Joined(other, source.subject_key)
    _column(joined[source.dataset].table, target.column, source.dataset)


def _column(table: SourceTable, name: str, dataset: str) -> None:
    if table.type_of(name) is None:
        raise StatementFailed(f"the column '{name}' is not in {dataset}")


def _opened(session: Session, tables: Tables, contract: Contract) -> AbstractContextManager[SourceTable]:
    if family_of(contract.location) != session.family:
        raise StatementFailed(
            f"{contract.dataset} is in another database than the training snapshot, so they cannot be joined"
        )
    return tables.open(session, contract.location)


def _late(
    session: Session, tables: Tables, table: SourceTable, plan: CrossPlan
) -> tuple[tuple[LateTally, ...], dict[str, str]]:
    found: list[LateTally] = []
    unmeasured: dict[str, str] = {}
    for late in plan.late:
        try:
            with ExitStack() as stack:
                view = stack.enter_context(_opened(session, tables, late.view)) if late.view else None
                found.append(late_rows(session, table, plan, late, view))
        except ScanTimedOut:
            raise
        except CannotEvaluate as error:
            unmeasured[f"late:{late.feature}"] = error.message
    return tuple(found), unmeasured


def _overlaps(
    session: Session, tables: Tables, table: SourceTable, plan: CrossPlan
) -> tuple[tuple[OverlapTally, ...], dict[str, str]]:
    if plan.evaluation is None:
        return (), {}
    try:
        if not plan.evaluation_keys:
            raise StatementFailed(
                f"{plan.contract.dataset} and {plan.evaluation.dataset} have no key in common"
            )
        with _opened(session, tables, plan.evaluation) as judged:
            return (overlapping_rows(session, table, plan, judged),), {}
    except ScanTimedOut:
        raise
    except CannotEvaluate as error:
        return (), {"overlap": error.message}
