"""The lineage in a database: every edge and node once for each time for which it held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, bindparam, delete, func, or_, select, update

from governance_pipeline.store.lineage_records import EDGE, by_id, edge_reader, edge_row, node_of, node_row
from governance_pipeline.store.tables import lineage_edges, lineage_nights, lineage_nodes
from governance_pipeline.store.transaction import Transaction
from governance_pipeline.store.values import day
from governance_pipeline.vocabulary.lineage import Edge, Held, Node

Row = Mapping[str, Any]


class SqlLineage:
    """See :class:`ports.Lineage`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def replace(self, night: date, edges: Iterable[Edge], nodes: Iterable[Node] = ()) -> None:
        at = day(night, "a night")
        self._transaction.lock("lineage")  # a span may be shared with another night's writer
        following = self._transaction.rows(
            select(func.min(lineage_nights.c.night).label("night")).where(lineage_nights.c.night > at)
        )[0]["night"]
        self._transaction.insert_missing(lineage_nights, {"night": at})
        for table, rows in (
            (lineage_edges, by_id(map(edge_row, edges))),
            (lineage_nodes, by_id(map(node_row, nodes))),
        ):
            _Spans(self._transaction, table, at, following).become(rows)

    def of_night(self, night: date) -> Sequence[Edge]:
        read = edge_reader()
        return [read(row) for row in self._edges(night)]

    def held(self, night: date) -> Sequence[Held]:
        read = edge_reader()
        found = self._edges(night, lineage_edges.c.since, lineage_edges.c.until)
        return [Held(read(edge), since, until) for *edge, since, until in found]

    def _edges(self, night: date, *further: Column[Any]) -> Sequence[Sequence[Any]]:
        """Of each edge of a night the columns :data:`EDGE`, and further ones."""
        columns = lineage_edges.c
        return self._transaction.tuples(
            select(*(columns[name] for name in EDGE), *further)
            .where(_at(lineage_edges, day(night, "a night")))
            .order_by(columns.source, columns.target, columns.id)
        )

    def nodes_of_night(self, night: date) -> Sequence[Node]:
        rows = self._transaction.rows(
            select(lineage_nodes)
            .where(_at(lineage_nodes, day(night, "a night")))
            .order_by(lineage_nodes.c.entity, lineage_nodes.c.id)
        )
        return [node_of(row) for row in rows]


class _Spans:
    """The spans of one table around one night, which ends where the ``following`` recorded night begins."""

    def __init__(self, transaction: Transaction, table: Table, night: date, following: date | None) -> None:
        self._transaction = transaction
        self._table = table
        self._night = night
        self._following = following

    def become(self, rows: Mapping[str, dict[str, Any]]) -> None:
        """Make ``rows`` what is there on this night, and leave all other nights as they are."""
        standing = self._spans(_at(self._table, self._night))
        fresh = [row for id_, row in rows.items() if id_ not in standing]
        known = {id_: span["evidence"] for id_, span in standing.items()} | self._evidence_elsewhere(fresh)
        self._remove([span for id_, span in standing.items() if id_ not in rows])
        self._insert(fresh)
        self._run(
            update(self._table).where(self._table.c.id == bindparam("i")).values(evidence=bindparam("e")),
            [
                {"i": row["id"], "e": row["evidence"]}
                for row in rows.values()
                if known.get(row["id"], row["evidence"]) != row["evidence"]
            ],
        )

    def _evidence_elsewhere(self, fresh: Sequence[Row]) -> dict[str, str]:
        """Of spans at other nights of what is new tonight. Those that have not ended begin later."""
        if not fresh:
            return {}
        ids = {row["id"] for row in fresh}
        table = self._table
        other = or_(table.c.until.is_not(None), table.c.since > self._night)
        query = select(table.c.id, table.c.evidence).where(other)
        found = self._transaction.rows(query)
        return {row["id"]: row["evidence"] for row in found if row["id"] in ids}

    def _spans(self, where: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
        return {row["id"]: dict(row) for row in self._transaction.rows(select(self._table).where(where))}

    def _remove(self, spans: Sequence[dict[str, Any]]) -> None:
        """Cut this night out: what is left of a span stands before it, after it, both or nowhere."""
        begun = [span for span in spans if span["since"] < self._night]
        self._end([(span, self._night) for span in begun])
        self._delete([span for span in spans if span["since"] == self._night])
        if self._following is not None:
            later = [span for span in spans if span["until"] != self._following]
            self._transaction.upsert(self._table, [{**span, "since": self._following} for span in later])

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add this night, joined with a span that ends where it begins or begins where it ends."""
        if not rows:
            return
        before = self._spans(self._table.c.until == self._night)
        after = {} if self._following is None else self._spans(self._table.c.since == self._following)
        after = {row["id"]: after[row["id"]] for row in rows if row["id"] in after}
        self._delete(list(after.values()))
        ended = [(row, after[row["id"]]["until"] if row["id"] in after else self._following) for row in rows]
        self._end([(before[row["id"]], until) for row, until in ended if row["id"] in before])
        new = [(row, until) for row, until in ended if row["id"] not in before]
        self._transaction.upsert(
            self._table, [{**row, "since": self._night, "until": until} for row, until in new]
        )

    def _end(self, spans: Sequence[tuple[Mapping[str, Any], date | None]]) -> None:
        self._run(
            update(self._table).where(self._one()).values(until=bindparam("u")),
            [{"i": span["id"], "s": span["since"], "u": until} for span, until in spans],
        )

    def _delete(self, spans: Sequence[Mapping[str, Any]]) -> None:
        self._run(
            delete(self._table).where(self._one()),
            [{"i": span["id"], "s": span["since"]} for span in spans],
        )

    def _one(self) -> ColumnElement[bool]:
        return and_(self._table.c.id == bindparam("i"), self._table.c.since == bindparam("s"))

    def _run(self, statement: Any, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._transaction.run(statement, rows)


def _at(table: Table, night: date) -> ColumnElement[bool]:
    return and_(table.c.since <= night, or_(table.c.until.is_(None), table.c.until > night))
