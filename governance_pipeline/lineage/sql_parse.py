"""From text to statements. Imports sqlglot."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import sqlglot
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from governance_pipeline.lineage.sql import reason_of


def parsed(sql: str, dialect: str) -> tuple[list[exp.Expr], list[str]]:
    """The statements of a script, and why some could not be read.

    Raises:
        SqlglotError: where the text has no beginning and end of its words, e.g. an open quote.
    """
    try:
        found = sqlglot.parse(sql, read=dialect or None)
        return [_replacing(one, dialect) for one in found if one is not None], []
    except ParseError:
        return _one_by_one(sql, dialect)


def _replacing(statement: exp.Expr, dialect: str) -> exp.Expr:
    """MySQL's REPLACE INTO, which sqlglot does not read, as the INSERT that it is for lineage."""
    if not isinstance(statement, exp.Command) or statement.name.upper() != "REPLACE":
        return statement
    rest = statement.expression
    text = rest.name if isinstance(rest, exp.Expr) else str(rest)
    try:
        return sqlglot.parse_one(f"INSERT {text}", read=dialect or None)
    except SqlglotError:
        return statement


def _one_by_one(sql: str, dialect: str) -> tuple[list[exp.Expr], list[str]]:
    """One statement that cannot be read takes no other with it."""
    spoken = Dialect.get_or_raise(dialect or None)
    statements: list[exp.Expr] = []
    reasons: list[str] = []
    for tokens in _statements(spoken.tokenize(sql)):
        try:
            statements.extend(one for one in spoken.parser().parse(tokens, sql) if one is not None)
        except SqlglotError as error:
            reasons.append(f"line {tokens[0].line}: {reason_of(error)}")
    return statements, reasons


def _statements(tokens: list[Token]) -> Iterator[list[Token]]:
    held: list[Token] = []
    for token in tokens:
        if token.token_type is not TokenType.SEMICOLON:
            held.append(token)
        elif held:
            yield held
            held = []
    if held:
        yield held


def body_of(statement: exp.Expr, dialect: str) -> list[exp.Expr] | None:
    """The statements in a procedure, as far as they stand in the parsed one; None where it is none."""
    if not isinstance(statement, exp.Create):
        return None
    body = statement.expression
    if isinstance(body, exp.Block):
        return list(body.expressions)
    if isinstance(body, exp.Command) and body.name.upper() == "BEGIN":
        text = body.expression
        return parsed(text.name if isinstance(text, exp.Expr) else str(text), dialect)[0]
    return None


def line_of(statement: exp.Expr) -> int:
    """The first line of a statement that holds a name; 0 where none does."""
    lines = (node.meta.get("line") for node in statement.find_all(exp.Identifier, exp.Star))
    return min((line for line in lines if line), default=0)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep sqlglot from logging what it does not know: it quotes the SQL, which may hold secrets."""
    logger = logging.getLogger("sqlglot")

    def silence(_: logging.LogRecord) -> bool:
        return False

    logger.addFilter(silence)
    try:
        yield
    finally:
        logger.removeFilter(silence)
