"""Purposes as a hierarchy: cases worked out by hand, the rule's words as oracle, every engine alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from governance_pipeline.charter.contract import LawfulBasis, PurposeUse
from governance_pipeline.charter.purposes import Purpose, chain, ledger_words, words_of
from governance_pipeline.profiles.engine import IbisEngine
from governance_pipeline.profiles.plan import ConsentPlan
from tests.profiles.support import KINDS, contract, plan, scan, settings, url_of, write
from tests.profiles.test_consent import LEDGER, RECORDS, Record, day, ledger_table

PURPOSES = {
    "marketing": Purpose(title="Marketing", dpv="dpv:Marketing"),
    "mailing": Purpose(title="Mailing", parent="marketing", dpv="dpv:DirectMarketing"),
    "ads": Purpose(title="Advertising", parent="marketing", covered_by_parent=True, tcf=2),
    "own_ads": Purpose(
        title="Own adverts", parent="ads", covered_by_parent=True, written=("Annonces d'ici",)
    ),
    "model_training": Purpose(title="Training"),
}
USES = tuple(PurposeUse(name, LawfulBasis.CONSENT) for name in PURPOSES)


def said(purpose: str, at: int = 1, status: str = "given", **changes: Any) -> Record:
    """A record made, and beginning, on a day of January."""
    return replace(
        Record("ann", purpose, status, begins=day(1, at), made=day(1, at)),
        **changes,
    )


def no(purpose: str, at: int) -> Record:
    return said(purpose, at, "withdrawn")


# What ann said, and for which purposes she has a valid consent then, and which she withdrew.
CASES: dict[str, tuple[list[Record], set[str], set[str]]] = {
    "wider": ([said("marketing")], {"marketing", "ads", "own_ads"}, set()),
    "narrower": ([said("own_ads")], {"own_ads"}, set()),
    "by other words": ([said("Annonces d'ici"), said("dpv:DirectMarketing")], {"own_ads", "mailing"}, set()),
    "by address": ([said("https://w3id.org/dpv#DirectMarketing")], {"mailing"}, set()),
    "by number": ([said("tcf:2")], {"ads", "own_ads"}, set()),
    "a number of another purpose": ([said("tcf:3")], set(), set()),
    "bare term": ([said("DirectMarketing")], set(), set()),
    "wider withdrawn": (
        [said("mailing"), said("own_ads"), no("marketing", 2)],
        set(), {"marketing", "mailing", "ads", "own_ads"}),
    "wider withdrawn, narrower given again": (
        [no("marketing", 2), said("mailing", 3)], {"mailing"}, {"marketing", "ads", "own_ads"}),
    "wider given again": (
        [said("mailing"), no("marketing", 2), said("marketing", 3)],
        {"marketing", "ads", "own_ads"}, {"mailing"}),
    "narrower withdrawn": (
        [said("marketing"), no("ads", 2)], {"marketing"}, {"ads", "own_ads"}),
    "narrower withdrawn, wider given later": (
        [said("marketing"), no("own_ads", 2), said("marketing", 3)], {"marketing", "ads"}, {"own_ads"}),
    "narrower and wider withdrawn, wider given later": (
        [no("own_ads", 2), no("marketing", 3), said("marketing", 4)], {"marketing", "ads"},
        {"own_ads", "mailing"}),
    "everything withdrawn in the vocabulary": (
        [said("marketing"), said("mailing"), no("dpv:Purpose", 2)],
        set(), {"marketing", "mailing", "ads", "own_ads"}),
    "everything given in the vocabulary": ([said("dpv:Purpose")], set(), set()),
    "wider one's consent ran out": ([said("marketing", ends=day(2, 1)), said("mailing")], {"mailing"}, set()),
    "all the same": ([said("model_training"), no("marketing", 2)], {"model_training"},
                     {"marketing", "mailing", "ads", "own_ads"}),
}  # fmt: skip


def consent_plan(consents, conflict="most_protective"):
    return ConsentPlan(LEDGER, consents, conflict, words=ledger_words(PURPOSES))


@pytest.mark.parametrize("conflict", ["most_protective", "latest_recorded"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_engine_reads_purposes_by_the_rule(tmp_path, request, kind, conflict):
    """Every case at once, a subject each."""
    url = url_of(kind, request)
    records = [replace(record, subject=case) for case, (spoken, _, _) in CASES.items() for record in spoken]
    location = write(kind, tmp_path, pa.table({"subject": list(CASES)}), url)
    consents = write(kind, tmp_path, ledger_table(records), url, name="consents")
    of = contract(location, subject_key="subject", purposes=USES)
    profile = scan(tmp_path, of, url=url, consent=consent_plan(consents, conflict))
    assert not profile.unmeasured
    for tally in profile.consent:
        valid = sum(tally.purpose in given for _, given, _ in CASES.values())
        withdrawn = sum(tally.purpose in taken for _, _, taken in CASES.values())
        assert (tally.purpose, tally.valid, tally.withdrawn) == (tally.purpose, valid, withdrawn)
        assert tally.absent == 0


@pytest.mark.parametrize("conflict", ["most_protective", "latest_recorded"])
@pytest.mark.parametrize("case", CASES)
def test_purposes_case_by_case(tmp_path, case, conflict):
    spoken, given_for, taken_for = CASES[case]
    location = write("parquet", tmp_path, pa.table({"subject": ["ann"]}))
    consents = write("parquet", tmp_path, ledger_table(spoken), name="consents")
    of = contract(location, subject_key="subject", purposes=USES)
    found = scan(tmp_path, of, consent=consent_plan(consents, conflict)).consent
    assert {tally.purpose for tally in found if tally.valid} == given_for
    assert {tally.purpose for tally in found if tally.withdrawn} == taken_for


def test_an_expired_wider_consent_is_expired_for_what_it_covered_only(tmp_path):
    location = write("parquet", tmp_path, pa.table({"subject": ["ann"]}))
    consents = write("parquet", tmp_path, ledger_table([said("marketing", ends=day(2, 1))]), name="consents")
    of = contract(location, subject_key="subject", purposes=USES)
    found = scan(tmp_path, of, consent=consent_plan(consents)).consent
    assert {tally.purpose for tally in found if tally.expired} == {"marketing", "ads", "own_ads"}


def test_words_with_quotes_and_backslashes_are_words(tmp_path):
    odd = 'it\'s \\ "so"; DROP TABLE t --'
    words = ledger_words({"mailing": Purpose(title="Mailing", written=(odd,))})
    location = write("parquet", tmp_path, pa.table({"subject": ["ann"]}))
    consents = write("parquet", tmp_path, ledger_table([said(odd)]), name="consents")
    of = contract(location, subject_key="subject", purposes=(PurposeUse("mailing", LawfulBasis.CONSENT),))
    (found,) = scan(tmp_path, of, consent=ConsentPlan(LEDGER, consents, words=words)).consent
    assert found.valid == 1


# --- the rule, word for word ---------------------------------------------------------------------


def state_by_rule(records: list[Record], purpose: str, as_of) -> str:  # noqa: C901 - word for word
    line = chain(purpose, PURPOSES)
    covered = 1
    while covered < len(line) and PURPOSES[line[covered - 1]].covered_by_parent:
        covered += 1
    known, counted, aside = False, [], False
    for record in records:
        is_given = record.status == "given"
        if is_given and record.made is None:
            continue
        made = as_of if record.made is None else record.made
        begins = made if record.begins is None else record.begins
        if (record.made is not None and record.made >= as_of) or begins > as_of:
            continue
        lapsed = record.ends is not None and record.ends <= as_of
        foreign = is_given and record.basis not in (None, "consent")
        if foreign and lapsed:
            continue
        known = True
        places = [i for i, name in enumerate(line) if record.purpose in words_of(name, PURPOSES[name])]
        if not places or (is_given and places[0] >= covered):
            continue
        if foreign:
            aside = True
            continue
        counted.append((places[0], begins, made, "expired" if is_given and lapsed else record.status))

    def outdone(one, others) -> bool:
        _, begins, made, _ = one
        return any(b >= begins and m >= made and (b, m) != (begins, made) for _, b, m, _ in others)

    for one in counted:
        if one[3] == "withdrawn" and not outdone(one, [o for o in counted if o[0] <= one[0]]):
            return "withdrawn"
    standing = [one[3] for one in counted if one[3] != "withdrawn" and not outdone(one, counted)]
    if standing:
        return "expired" if "expired" in standing else "valid"
    if aside:
        return "wrong_basis"
    return "wrong_purpose" if known else "absent"


SPOKEN = st.builds(
    lambda record, purpose: replace(record, purpose=purpose),
    RECORDS,
    st.sampled_from(["marketing", "dpv:Marketing", "ads", "tcf:2", "own_ads", "own_ads", "mailing", "x"]),
)


@pytest.fixture(scope="module")
def purpose_engine(tmp_path_factory):
    root = tmp_path_factory.mktemp("purposes")
    engine = IbisEngine(settings(), root, {})
    yield root, engine
    engine.close()


@example_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(SPOKEN, min_size=4, max_size=30), salt=st.integers(0, 10**9))
def test_the_engine_decides_as_the_rule_says(purpose_engine, records, salt):
    root, engine = purpose_engine
    subjects = ["s0", "s1", "s2", "s3"]
    location = write("parquet", root, pd.DataFrame({"subject": subjects}))
    consents = write("parquet", root, ledger_table([*records, Record(f"nobody {salt}")]), name="consents")
    of = contract(location, subject_key="subject", purposes=USES)
    asked = plan(of, consent=consent_plan(consents))
    as_of = asked.as_of.replace(tzinfo=None)
    for tally in engine.scan(asked).consent:
        expected = Counter(
            state_by_rule([r for r in records if r.subject == subject], tally.purpose, as_of)
            for subject in subjects
        )
        assert {name: getattr(tally, name) for name in expected} == dict(expected), tally.purpose
