"""The tally of every quality rule of a contract, each by the cheapest way that answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import ColumnSpec, specs
from governance_pipeline.profiles.facts import event_time
from governance_pipeline.profiles.instants import TimeColumn
from governance_pipeline.profiles.plan import ScanPlan
from governance_pipeline.profiles.profile import Profile, RuleTally
from governance_pipeline.profiles.rules import answer
from governance_pipeline.profiles.session import Session
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.sql_rules import count_repeated, run_query


def rule_tallies(
    session: Session, table: SourceTable, plan: ScanPlan, profile: Profile
) -> tuple[RuleTally, ...]:
    """In the contract's order: from the profile where it knows, else by a query over the window.

    Raises:
        ScanTimedOut: the scan's time is over.
    """
    rules = plan.contract.rules
    found = {rule.id: tally for rule in rules if (tally := answer(rule, profile)) is not None}
    asked = [rule for rule in rules if rule.id not in found]
    if asked:
        found |= _queried(session, table, plan, asked, profile)
    return tuple(found[rule.id] for rule in rules)


def _queried(
    session: Session, table: SourceTable, plan: ScanPlan, asked: Sequence[QualityRule], profile: Profile
) -> dict[str, RuleTally]:
    columns = {spec.name: spec for spec in specs(plan.contract, table.schema)}
    moment = event_time(plan, table, session.dialect)

    def window_of(wanted: Sequence[ColumnSpec]) -> str:
        return window_query(table, plan, moment, wanted, session.dialect)

    found: dict[str, RuleTally] = {}
    over_values: list[QualityRule] = []
    for rule in asked:
        if rule.metric == "sql":
            found[rule.id] = run_query(session, table, rule, profile.rows)
        elif rule.metric == "duplicateValues":
            names = [str(name) for name in rule.arguments.get("properties") or [rule.column]]
            missing = [name for name in names if name not in columns]
            if missing:
                why = f"the column '{missing[0]}' {table.absence(missing[0])}"
                found[rule.id] = RuleTally(rule.id, 0, None, error=why)
            elif _told_by_the_key(names, columns, plan, profile):
                found[rule.id] = RuleTally(rule.id, profile.window_rows, 0)
            else:
                wanted = [columns[name] for name in names]
                found[rule.id] = count_repeated(session, window_of, wanted, rule, profile.window_rows)
        else:
            over_values.append(rule)
    if over_values:
        from governance_pipeline.profiles.pandera_rules import count_failing

        counted = count_failing(session, window_of, columns, over_values, profile.window_rows)
        found |= {rule.id: _with_nulls(rule, counted[rule.id], profile) for rule in over_values}
    return found


def _told_by_the_key(
    names: Sequence[str], columns: Mapping[str, ColumnSpec], plan: ScanPlan, profile: Profile
) -> bool:
    """Whether no values can repeat, as the primary key is among them and is known not to repeat."""
    key = plan.contract.primary_key
    if not key or profile.duplicate_keys or not set(key) <= set(names):
        return False
    return not any(columns[name].type.cast or columns[name].floating for name in key)


def window_query(
    table: SourceTable, plan: ScanPlan, moment: TimeColumn | None, columns: Sequence[ColumnSpec], dialect: str
) -> str:
    """SELECT the columns of the rows that the profile's columns describe."""
    parts = [part for column in columns for part in column.selected()] or [sql.number(1)]
    query = sql.select(parts, table.relation)
    if moment is not None and plan.window_start is not None:
        query = query.where(moment.within(plan.window_start, plan.as_of), copy=False)
    return sql.render(query, dialect)


def _with_nulls(rule: QualityRule, tally: RuleTally, profile: Profile) -> RuleTally:
    """Where null is one of the stand-ins for a missing value: checks of values pass over nulls."""
    if rule.metric != "missingValues" or tally.failing is None or None not in rule.arguments["missingValues"]:
        return tally
    column = profile.columns[rule.column or ""]
    return replace(tally, failing=tally.failing + column.nulls + column.nans)
