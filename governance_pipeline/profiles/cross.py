"""Counts a training snapshot's features by protected attributes and by the label, reading it once.

One statement puts every row's bins, targets and fold side by side, counts each feature with all targets
together, and then adds those counts up by single targets. On DuckDB its first part fills a temporary table.
Protected values that the snapshot lacks are joined from another dataset by the person's key. Only counts
come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from governance_pipeline.profiles import sql
from governance_pipeline.profiles.columns import EngineType
from governance_pipeline.profiles.cross_plan import CrossFeature, CrossPlan, CrossTarget
from governance_pipeline.profiles.cross_table import FOLDS, MISSING, OTHER, CrossTable, table_of
from governance_pipeline.profiles.cut import bin_of
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable
from governance_pipeline.profiles.text import as_text

MOST_BINS = 256
"""Categories of one feature that are counted apart: the most frequent."""

_LONGEST = 256
_SMALL = exp.DataType(this=exp.DataType.Type.SMALLINT)
_MATERIALIZES = frozenset({"duckdb", "postgres"})
_NAMED, _RARE, _MISSING = 0, 1, 2
_HEX = "0123456789abcdef"

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """Another dataset's table: ``key`` is its column with the person."""

    table: SourceTable
    key: str


def cross_tables(
    session: Session, table: SourceTable, plan: CrossPlan, joined: Mapping[str, Joined], *, k: int
) -> tuple[tuple[CrossTable, ...], dict[str, str]]:
    """Every feature by every target, and why one could not be counted.

    Categories and values of a target that fewer than ``k`` rows share are counted together.

    Args:
        joined: the other datasets' tables by the dataset's name.
    """
    found: list[CrossTable] = []
    unmeasured: dict[str, str] = {}

    def attempt(features: Sequence[CrossFeature]) -> None:
        try:
            rows = _counted(session, table, plan, features, joined, k)
        except StatementFailed as error:
            if len(features) <= 1:
                unmeasured.update({feature.name: error.message for feature in features})
                return
            middle = len(features) // 2
            attempt(features[:middle])
            attempt(features[middle:])
        else:
            found.extend(_tables(plan, features, rows, joined, table, k))

    if plan.features and plan.targets:
        attempt(plan.features)
    return tuple(found), unmeasured


def _counted(
    session: Session,
    table: SourceTable,
    plan: CrossPlan,
    features: Sequence[CrossFeature],
    joined: Mapping[str, Joined],
    k: int,
) -> list[Row]:
    """The counts. DuckDB 1.5 was seen to wait for itself for ever, deaf to interrupts, where the rows'
    part was a materialised expression of the same statement and joined other datasets.
    """
    rows = _rows(session.dialect, table, plan, features, joined)
    if session.dialect != "duckdb":
        return session.rows(_statement(session.dialect, plan, features, k, rows))
    temporary = exp.Properties(expressions=[exp.TemporaryProperty()])
    create = exp.Create(
        this=_relation("r"), kind="TABLE", expression=rows, replace=True, properties=temporary
    )
    session.rows(sql.render(create, session.dialect))
    found = session.rows(_statement(session.dialect, plan, features, k))
    session.rows(sql.render(exp.Drop(this=_relation("r"), kind="TABLE"), session.dialect))
    return found


def _statement(
    dialect: str,
    plan: CrossPlan,
    features: Sequence[CrossFeature],
    k: int,
    rows: exp.Expression | None = None,
) -> str:
    """The whole count as one statement; ``rows`` where the rows' part is not a table yet."""
    once = " MATERIALIZED" if dialect in _MATERIALIZES else ""  # else every feature would read it anew
    parts = [] if rows is None else [f"r AS{once} ({sql.render(rows, dialect)})"]
    selects = []
    targets = range(len(plan.targets))
    for place, feature in enumerate(features):
        parts.append(f"g{place} AS{once} ({sql.render(_together(place, len(plan.targets)), dialect)})")
        if feature.edges is None:
            parts.append(f"k{place} AS ({sql.render(_ranked(place, len(plan.targets)), dialect)})")
        selects += [sql.render(_by_target(place, target, feature, k), dialect) for target in targets]
    return f"WITH {', '.join(parts)} {sql.union(selects, dialect)}"


def _relation(name: str) -> exp.Table:
    """A relation that we named ourselves."""
    return exp.Table(this=exp.Identifier(this=name))


def _rows(
    dialect: str,
    table: SourceTable,
    plan: CrossPlan,
    features: Sequence[CrossFeature],
    joined: Mapping[str, Joined],
) -> exp.Expression:
    """One row per row of the snapshot: its fold, each feature's bin, each target's value."""
    sources = sorted({target.source.dataset for target in plan.targets if target.source})
    parts = [sql.labelled(sql.cast(_fold(plan.key), _SMALL), "fold")]
    for place, feature in enumerate(features):
        parts.append(sql.labelled(_bin(table, feature, dialect), f"b{place}"))
    for place, target in enumerate(plan.targets):
        if target.source is None:
            value = _value(sql.named(target.column), table.type_of(target.column), target.edges, dialect)
            parts.append(sql.labelled(value, f"t{place}"))
    if not sources:
        return sql.select(parts, table.relation)
    person = sql.named(plan.contract.subject_key or "")
    parts.append(sql.labelled(sql.text_of(person), "person"))
    rows = sql.select([exp.Star()], sql.select(parts, table.relation).subquery("own_rows", copy=False))
    for number, source in enumerate(sources):
        known = _by_person(plan, source, joined[source], dialect).subquery(f"j{number}", copy=False)
        on = sql.equal(exp.column("person", table="own_rows"), exp.column("holder", table=f"j{number}"))
        rows = rows.join(known, on=on, join_type="left", copy=False)
    return rows


def _by_person(plan: CrossPlan, source: str, joined: Joined, dialect: str) -> exp.Select:
    """One row per person: each target's value, null where the person's rows contradict each other."""
    parts = [sql.labelled(sql.text_of(sql.named(joined.key)), "holder")]
    for place, target in enumerate(plan.targets):
        if target.source is not None and target.source.dataset == source:
            type_ = joined.table.type_of(target.column)
            value = _value(sql.named(target.column), type_, target.edges, dialect)
            same = sql.equal(sql.lowest(value.copy()), sql.highest(value.copy()))
            parts.append(sql.labelled(sql.when(same, sql.lowest(value)), f"t{place}"))
    return (
        sql.select(parts, joined.table.relation)
        .where(sql.present(sql.named(joined.key)), copy=False)
        .group_by(sql.text_of(sql.named(joined.key)), copy=False)
    )


def _fold(key: Sequence[str]) -> exp.Expression:
    """A row's part: the first two hexadecimal digits of its key's MD5 as a number, modulo five.

    MD5 of text is the same on every engine, which hash() is not. As 16 leaves 1 modulo 5, the number is
    the sum of the digits.
    """
    texts: list[exp.Expression] = [
        exp.Coalesce(this=sql.text_of(sql.named(name)), expressions=[exp.Literal.string("")]) for name in key
    ]
    joint = texts[0]
    for text in texts[1:]:
        joint = exp.DPipe(this=exp.DPipe(this=joint, expression=exp.Literal.string("|")), expression=text)
    digits = [
        exp.StrPosition(
            this=exp.Literal.string(_HEX),
            substr=exp.Substring(
                this=exp.MD5(this=joint.copy()), start=sql.number(place), length=sql.number(1)
            ),
        )
        for place in (1, 2)
    ]
    total = exp.Sub(this=exp.Add(this=digits[0], expression=digits[1]), expression=sql.number(2))
    return exp.Mod(this=exp.Paren(this=total), expression=sql.number(FOLDS))


def _bin(table: SourceTable, feature: CrossFeature, dialect: str) -> exp.Expression:
    """The row's bin, null for no value: of a number a small number, else text."""
    raw, type_ = sql.named(feature.name), table.type_of(feature.name)
    if not feature.edges or type_ is None or type_.kind != "number":
        return _value(raw, type_, (), dialect)
    value = sql.cast(raw, sql.DOUBLE)
    return sql.when(sql.not_nan(value, dialect), sql.cast(bin_of(value.copy(), feature.edges), _SMALL))


def _value(
    raw: exp.Expression, type_: EngineType | None, edges: tuple[float, ...], dialect: str
) -> exp.Expression:
    """A value as text: of a number with edges its range, of other numbers their shortest form."""
    if type_ is None or type_.kind != "number":
        return sql.text_of(raw)
    value = sql.cast(raw, sql.DOUBLE)
    known = sql.not_nan(value, dialect)
    return sql.when(known, sql.text_of(bin_of(value.copy(), edges) if edges else value.copy()))


def _together(place: int, targets: int) -> exp.Expression:
    """One feature with the fold and all targets: few rows, from which the tables are added up."""
    names = ["fold", f"b{place}", *(f"t{target}" for target in range(targets))]
    counted = sql.select(
        [
            sql.own("fold"),
            sql.labelled(sql.own(f"b{place}"), "b"),
            *(sql.own(name) for name in names[2:]),
            sql.labelled(sql.count(), "n"),
        ],
        _relation("r"),
    )
    return counted.group_by(*(sql.own(name) for name in names), copy=False)


def _ranked(place: int, targets: int) -> exp.Expression:
    """The same rows with each category's rows in all, and its rank among them by these and by name."""
    names = ["fold", "b", *(f"t{target}" for target in range(targets)), "n"]
    rows = exp.Window(this=exp.Sum(this=sql.own("n")), partition_by=[sql.own("b")])
    held = sql.select([*map(sql.own, names), sql.labelled(rows, "held")], _relation(f"g{place}"))
    order = exp.Order(
        expressions=[
            exp.Ordered(this=sql.absent(sql.own("b")), nulls_first=False),
            exp.Ordered(this=sql.own("held"), desc=True, nulls_first=False),
            exp.Ordered(this=sql.own("b"), nulls_first=False),
        ]
    )
    rank = exp.Window(this=exp.Anonymous(this="DENSE_RANK"), order=order)
    return sql.select(
        [*map(sql.own, names), sql.own("held"), sql.labelled(rank, "place")],
        held.subquery("counted", copy=False),
    )


def _rare(k: int) -> exp.Expression:
    """Too few rows share the category, or it is too long, or not among the most frequent."""
    kept = sql.both(
        sql.at_least(sql.own("held"), sql.number(k)),
        sql.at_most(sql.own("place"), sql.number(MOST_BINS)),
        sql.at_most(exp.Length(this=sql.own("b")), sql.number(_LONGEST)),
    )
    return exp.Not(this=exp.Paren(this=kept))


def _by_target(place: int, target: int, feature: CrossFeature, k: int) -> exp.Expression:
    """Rows of (feature, target, fold, how the bin is named, its name, the target's value, count)."""
    by_value = feature.edges is None
    how = sql.when(sql.absent(sql.own("b")), sql.number(_MISSING))
    name = sql.text_of(sql.own("b"))
    if by_value:
        how.args["ifs"].append(exp.If(this=_rare(k), true=sql.number(_RARE)))
        name = sql.when(exp.Not(this=exp.Paren(this=_rare(k))), name)
    how.set("default", sql.number(_NAMED))
    keys = [sql.own("fold"), how, name, sql.own(f"t{target}")]
    query = sql.select(
        [
            sql.labelled(sql.number(place), "feature"),
            sql.labelled(sql.number(target), "target"),
            *(sql.labelled(key, f"x{number}") for number, key in enumerate(keys)),
            sql.labelled(exp.Sum(this=sql.own("n")), "n"),
        ],
        _relation(f"{'k' if by_value else 'g'}{place}"),
    )
    return query.group_by(*(key.copy() for key in keys), copy=False)


def _tables(
    plan: CrossPlan,
    features: Sequence[CrossFeature],
    rows: Sequence[Row],
    joined: Mapping[str, Joined],
    table: SourceTable,
    k: int,
) -> list[CrossTable]:
    cells: dict[tuple[int, int], dict[tuple[int, str | int, str | None], int]] = {}
    for feature, target, fold, how, name, value, count in rows:
        place = (int(str(feature)), int(str(target)))
        mine = cells.setdefault(place, {})
        asked = plan.targets[place[1]]
        source = table if asked.source is None else joined[asked.source.dataset].table
        key = (
            int(str(fold)),
            _bin_name(features[place[0]], int(str(how)), name),
            _plain(value, source.type_of(asked.column), asked),
        )
        mine[key] = mine.get(key, 0) + int(str(count))
    found = []
    for (feature_place, target_place), counts in sorted(cells.items()):
        feature, target = features[feature_place], plan.targets[target_place]
        plain = CrossTable(
            feature=feature.name,
            target=target.name,
            kind=target.kind,
            levels=(),
            counts=(),
            edges=feature.edges or (),
            level_edges=target.edges,
        )
        found.append(table_of(plain, _pooled(counts, k)))
    return found


def _bin_name(feature: CrossFeature, how: int, name: object) -> str | int:
    if how == _MISSING:
        return MISSING
    if how == _RARE:
        return OTHER
    return f"={name}" if feature.edges is None else int(str(name))


def _plain(value: object, type_: EngineType | None, target: CrossTarget) -> str | None:
    """``1``, ``1.0`` and decimal ``1.00`` are one value, whatever the engine writes."""
    if value is None or target.edges or type_ is None:
        return None if value is None else str(value)
    return as_text(float(str(value))) if type_.kind == "number" else as_text(value)


def _pooled(
    cells: Mapping[tuple[int, str | int, str | None], int], k: int
) -> dict[tuple[int, str | int, str | None], int]:
    """Values of the target that fewer than ``k`` rows share are one value, "rarer values"."""
    totals: dict[str | None, int] = {}
    for (_, _, value), count in cells.items():
        totals[value] = totals.get(value, 0) + count
    small = {value for value, total in totals.items() if value is not None and total < k}
    found: dict[tuple[int, str | int, str | None], int] = {}
    for (fold, name, value), count in cells.items():
        key = (fold, name, OTHER if value in small else value)
        found[key] = found.get(key, 0) + count
    return found
