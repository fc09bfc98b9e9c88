"""The playbook's purposes: a tree, each word one purpose's, and in agreement with the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from governance_pipeline.charter import dpv
from governance_pipeline.charter.checks.datasets import known_name
from governance_pipeline.charter.diagnostics import Problem, nearest
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.purposes import TCF_WORDS, Purpose, chain, words_of
from governance_pipeline.charter.settings import Settings


def check_purposes(playbook: Loaded[Playbook], settings: Loaded[Settings] | None) -> Iterator[Problem]:
    """Parents exist and go round in no circle; no word means two purposes; a purpose's term of the Data
    Privacy Vocabulary exists, and is a kind of those of its wider purposes and of no others'. What notices
    and numbers of the IAB ask for, the consent ledger can tell.
    """
    purposes, source = playbook.value.purposes, playbook.source
    yield from _ledger(playbook, settings)
    owners: dict[str, str] = {}
    for name, purpose in purposes.items():
        if purpose.parent is not None:
            path = ("purposes", name, "parent")
            yield from known_name(purpose.parent, list(purposes), source, path, "no purpose of this playbook")
            if _goes_round(name, purposes):
                yield source.problem(path, f"'{name}' is, by its parents, wider than itself")
        elif purpose.covered_by_parent:
            message = f"'{name}' is covered by its parent, and has none"
            yield source.problem(
                ("purposes", name, "covered_by_parent"), message, expected="a line parent: ..."
            )
        for word in words_of(name, purpose):
            first = owners.setdefault(word, name)
            if first != name:
                message = f"the word '{word}' means both '{first}' and '{name}'"
                yield source.problem(("purposes", name), message, expected="a word for one purpose only")
        yield from _vocabulary(name, purpose, playbook)


def _ledger(playbook: Loaded[Playbook], settings: Loaded[Settings] | None) -> Iterator[Problem]:
    ledger = settings.value.consent if settings else None
    if settings is None or ledger is None:
        return
    for name, purpose in playbook.value.purposes.items():
        if purpose.notices and ledger.notice is None:
            message = f"'{name}' asks for notices, but the consent ledger has no column for them"
            expected = "a line notice: ... under consent in governance.yaml"
            yield playbook.source.problem(("purposes", name, "notices"), message, expected=expected)
    words = {word for name, one in playbook.value.purposes.items() for word in words_of(name, one)}
    if ledger.tcf is not None and not any(word.startswith(TCF_WORDS) for word in words):
        message = "the consent ledger holds TC strings, but no purpose of the playbook has a number of theirs"
        yield settings.source.problem(("consent", "tcf"), message, expected="a purpose with a line tcf: ...")


def _goes_round(name: str, purposes: Mapping[str, Purpose]) -> bool:
    above = purposes[chain(name, purposes)[-1]].parent
    return above is not None and above in purposes


def _vocabulary(name: str, purpose: Purpose, playbook: Loaded[Playbook]) -> Iterator[Problem]:
    purposes, source = playbook.value.purposes, playbook.source
    if purpose.dpv is None:
        return
    path, term = ("purposes", name, "dpv"), dpv.term_of(purpose.dpv)
    if term not in dpv.broader():
        near = nearest(term, dpv.broader())
        yield source.problem(
            path,
            f"'{purpose.dpv}' is no purpose of the W3C Data Privacy Vocabulary",
            expected="a term such as dpv:ServiceProvision",
            suggestion=f"dpv:{near}" if near else "",
        )
        return
    above = chain(name, purposes)[1:]
    wider = dpv.wider_than(term)
    for other, declared in purposes.items():
        theirs = dpv.term_of(declared.dpv) if declared.dpv else None
        if theirs is None or other == name or theirs == term:
            continue
        if other in above and theirs in dpv.broader() and theirs not in wider:
            message = f"'{name}' is part of '{other}', but dpv:{term} is no kind of dpv:{theirs}"
            yield source.problem(path, message, expected="a narrower term, or another parent")
        if other not in above and theirs in wider:
            message = f"dpv:{term} is a kind of dpv:{theirs}, but '{name}' is not part of '{other}'"
            yield source.problem(path, message, expected=f"'{other}' among the parents of '{name}'")
