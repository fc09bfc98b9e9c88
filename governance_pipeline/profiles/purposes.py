"""The purposes of ledger records in SQL: what each record's word means for each of our purposes.

See :mod:`governance_pipeline.charter.purposes` for the rule. Where every word means the purpose of the
same name and nothing else, there is nothing to map and the statement stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from governance_pipeline.charter.purposes import LedgerWord
from governance_pipeline.profiles import sql

COLUMNS = ("word", "means", "place", "decides", "gives")


def say_more_than_themselves(words: Sequence[LedgerWord]) -> bool:
    """Whether any word means something else than the purpose of its name."""
    return any(line.word != line.purpose for line in words)


def differ_in_rank(words: Sequence[LedgerWord]) -> bool:
    """Whether records of one purpose have to be told apart by the rank of their words."""
    return any(line.rank or not line.decides for line in words)


def mapped(records: exp.Select, words: Sequence[LedgerWord], withdrawn: int, *further: str) -> exp.Select:
    """The records, once for each purpose they bear on: subject, purpose, begins, made, state, the ``further``
    columns, and place and decides where words differ in rank.

    A word that nobody declared stays the purpose that it is, so that its subject is known to the ledger.
    """
    known = exp.values(
        [(line.word, line.purpose, line.rank, int(line.decides), int(line.gives)) for line in words],
        alias="known_words",
        columns=COLUMNS,
    )

    def said(name: str, otherwise: exp.Expression) -> exp.Expression:
        return exp.Coalesce(this=exp.column(name, table="known_words"), expressions=[otherwise])

    word = exp.column("purpose", table="records")
    takes = sql.equal(exp.column("state", table="records"), sql.number(withdrawn))
    counts = exp.Or(this=takes, expression=sql.equal(said("gives", sql.number(1)), sql.number(1)))
    columns = [
        exp.column("subject", table="records"),
        sql.labelled(said("means", word.copy()), "purpose"),
        *(exp.column(name, table="records") for name in ("begins", "made", "state", *further)),
    ]
    if differ_in_rank(words):
        columns.append(sql.labelled(said("place", sql.number(0)), "place"))
        columns.append(sql.labelled(said("decides", sql.number(1)), "decides"))
    return (
        sql.select(columns, records.subquery("records", copy=False))
        .join(
            known,
            on=sql.equal(word, exp.column("word", table="known_words")),
            join_type="left",
            copy=False,
        )
        .where(exp.Paren(this=counts), copy=False)
    )
