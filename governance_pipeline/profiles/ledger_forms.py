"""What each record of a consent ledger says, whatever form the ledger has.

A ledger with a row for each act is read as it is. One with a column for each purpose, or with TC strings,
is read once and each row taken for as many acts as purposes are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from governance_pipeline.charter.consent_ledger import ConsentLedger
from governance_pipeline.charter.purposes import CONSENT_WORD, TCF_WORDS
from governance_pipeline.profiles import sql, tcf
from governance_pipeline.profiles.plan import ConsentPlan
from governance_pipeline.profiles.session import Session, StatementFailed
from governance_pipeline.profiles.source_table import SourceTable

MAX_TAILS = 10_000
_ASKED = "governance_asked"  # beside the ledger's own columns, so named as none of these is
_TRUE = ("true", "t", "yes", "1")

VendorMasks = Mapping[str, tuple[int, int]]
"""What our vendor may do, by the end of the TC string: see :meth:`tcf.Vendors.allowed`."""


@dataclass(frozen=True, slots=True)
class Acts:
    """The ledger as a relation of acts.

    Attributes:
        purpose: the word for the purpose.
        given: whether the act gives consent; ``lapsed`` whether it says that one ran out.
        said: the condition that the row says anything about the purpose; None where all rows do.
    """

    relation: exp.Expression
    purpose: exp.Expression
    given: exp.Expression
    lapsed: exp.Expression | None = None
    said: exp.Expression | None = None
    join: exp.Join | None = None


def acts(consent: ConsentPlan, ledger: SourceTable, vendors: VendorMasks | None) -> Acts:
    """The acts of the ledger, in the form that the mapping says it has."""
    columns = consent.ledger
    if columns.columns:
        return _by_column(columns, ledger)
    if columns.tcf is not None:
        return _by_string(columns.tcf.column, _asked_numbers(consent), ledger, vendors)
    purpose = sql.text_of(sql.named(columns.purpose))
    if columns.status is None:
        return Acts(ledger.relation, purpose, exp.true())
    status = sql.text_of(sql.named(columns.status))
    lapsed = _among(exp.Lower(this=status.copy()), columns.expired) if columns.expired else None
    return Acts(ledger.relation, purpose, _among(status, columns.given), lapsed)


def truth(column: str, ledger: SourceTable, words: Sequence[str]) -> exp.Expression:
    """Whether a column says yes: it is true, or one of ``words``. Never null."""
    type_ = ledger.type_of(column)
    if type_ is not None and type_.family == "boolean":
        return _certain(sql.named(column))
    return _certain(_among(sql.text_of(sql.named(column)), words))


def filled_in(column: str, ledger: SourceTable) -> exp.Expression:
    """Whether a column holds anything that is not a no. Never null."""
    type_ = ledger.type_of(column)
    if type_ is not None and type_.family == "boolean":
        return _certain(sql.named(column))
    text = exp.Lower(this=exp.Trim(this=sql.text_of(sql.named(column))))
    return _certain(exp.Not(this=exp.Paren(this=_among(text, ("", "false", "f", "no", "0")))))


def _among(what: exp.Expression, words: Sequence[str]) -> exp.Expression:
    return exp.In(this=what, expressions=[exp.Literal.string(word) for word in words])


def _certain(condition: exp.Expression) -> exp.Expression:
    """The condition, false where it is null."""
    return exp.Coalesce(this=condition, expressions=[exp.false()])


def _asked(words: Sequence[str]) -> exp.Join:
    """A CROSS JOIN with the words, one row each."""
    values = exp.values([(word,) for word in words], alias="governance_words", columns=[_ASKED])
    return exp.Join(this=values, kind="CROSS")


def _case(branches: Mapping[str, exp.Expression]) -> exp.Expression:
    ifs = [
        exp.If(this=sql.equal(sql.own(_ASKED), exp.Literal.string(word)), true=value)
        for word, value in branches.items()
    ]
    return exp.Case(ifs=ifs, default=exp.false())


def _by_column(columns: ConsentLedger, ledger: SourceTable) -> Acts:
    for column in columns.columns:
        if ledger.type_of(column) is None:
            raise StatementFailed(f"the consent ledger has no column '{column}'")
    about: dict[str, list[str]] = {}
    for column, word in columns.columns.items():
        about.setdefault(word, []).append(column)
    words = (*columns.given, *_TRUE)
    # two columns for one purpose: what gives must give in both of them
    given = {word: _all(*(_gives(c, ledger, words) for c in names)) for word, names in about.items()}
    said = {
        word: exp.Paren(this=exp.Not(this=exp.Paren(this=_all(*(_empty(c, ledger) for c in names)))))
        for word, names in about.items()
    }
    return Acts(ledger.relation, sql.own(_ASKED), _case(given), None, _case(said), _asked(list(about)))


def _all(*conditions: exp.Expression) -> exp.Expression:
    return sql.both(exp.Paren(this=conditions[0]), *conditions[1:])


def _gives(column: str, ledger: SourceTable, words: Sequence[str]) -> exp.Expression:
    return exp.Or(this=truth(column, ledger, words), expression=_empty(column, ledger))


def _empty(column: str, ledger: SourceTable) -> exp.Expression:
    type_ = ledger.type_of(column)
    nothing = sql.absent(sql.named(column))
    if type_ is None or type_.family != "string":
        return nothing
    blank = sql.equal(exp.Trim(this=sql.text_of(sql.named(column))), exp.Literal.string(""))
    return exp.Paren(this=exp.Or(this=nothing, expression=blank))


# --- TC strings --------------------------------------------------------------------------------------


def _asked_numbers(consent: ConsentPlan) -> dict[str, tuple[int, bool]]:
    """The words that stand for a number of the framework, with it and whether its basis is consent."""
    found = {}
    for line in consent.words:
        for start in TCF_WORDS:
            number = line.word.removeprefix(start)
            if line.word.startswith(start) and number.isdecimal() and 1 <= int(number) <= tcf.PURPOSES:
                found[line.word] = (int(number), start == CONSENT_WORD)
    if not found:
        raise StatementFailed("the ledger holds TC strings, but no purpose of the playbook has a tcf number")
    return found


def _by_string(
    column: str,
    numbers: Mapping[str, tuple[int, bool]],
    ledger: SourceTable,
    vendors: VendorMasks | None,
) -> Acts:
    core = _core(column, ledger)
    readable = sql.both(
        sql.at_least(exp.Length(this=core.copy()), sql.number(tcf.TAIL_CHARACTER)),
        sql.equal(_letter(core, 0), exp.Literal.string(tcf.VERSION_2)),
    )
    given = {}
    for word, (number, on_consent) in numbers.items():
        bit = (tcf.CONSENT_AT if on_consent else tcf.LEGITIMATE_AT) + number - 1
        allowed = [_among(_letter(core, bit // tcf.BITS), tcf.letters_with(bit))]
        if vendors is not None:
            allowed.append(_vendor_may(core, number, vendors, on_consent=on_consent))
        given[word] = _certain(sql.both(readable.copy(), *allowed))
    said = sql.present(sql.named(column))
    return Acts(ledger.relation, sql.own(_ASKED), _case(given), None, said, _asked(list(numbers)))


def _vendor_may(
    core: exp.Expression, number: int, vendors: VendorMasks, *, on_consent: bool
) -> exp.Expression:
    bit = 1 << (number - 1)
    fit = sorted(tail for tail, masks in vendors.items() if masks[0 if on_consent else 1] & bit)
    return _among(_tail(core), fit) if fit else exp.false()


def _core(column: str, ledger: SourceTable) -> exp.Expression:
    if ledger.type_of(column) is None:
        raise StatementFailed(f"the consent ledger has no column '{column}'")
    text = exp.Trim(this=sql.text_of(sql.named(column)))
    return exp.SplitPart(this=text, delimiter=exp.Literal.string("."), part_index=sql.number(1))


def _letter(core: exp.Expression, position: int) -> exp.Expression:
    return exp.Substring(this=core.copy(), start=sql.number(position + 1), length=sql.number(1))


def _tail(core: exp.Expression) -> exp.Expression:
    return exp.Substring(
        this=core.copy(), start=sql.number(tcf.TAIL_CHARACTER + 1), length=sql.number(tcf.LONGEST)
    )


def vendor_masks(session: Session, consent: ConsentPlan, ledger: SourceTable) -> VendorMasks | None:
    """What our vendor may do by each different end of a TC string; None where no vendor is named.

    The ends hold which vendors were agreed to and neither a time nor a person; there are as many as there
    are ways of choosing vendors, and only these are brought here and decoded.

    Raises:
        StatementFailed: the ledger cannot be read, or has more than MAX_TAILS different ends.
    """
    strings = consent.ledger.tcf
    if strings is None or strings.vendor is None:
        return None
    core = _core(strings.column, ledger)
    fit = sql.equal(_letter(core, 0), exp.Literal.string(tcf.VERSION_2))
    tails = (
        sql.select([sql.labelled(_tail(core), "tail")], ledger.relation)
        .distinct(copy=False)
        .where(fit, copy=False)
        .limit(MAX_TAILS + 1, copy=False)
    )
    found = session.rows(sql.render(tails, session.dialect))
    if len(found) > MAX_TAILS:
        raise StatementFailed(f"the TC strings agree to vendors in more than {MAX_TAILS:,} different ways")
    masks = {}
    for (tail,) in found:
        try:
            masks[str(tail)] = tcf.vendors_of(str(tail)).allowed(strings.vendor)
        except tcf.UnfitString:
            masks[str(tail)] = (0, 0)  # a string that cannot be read gives nothing
    return masks
