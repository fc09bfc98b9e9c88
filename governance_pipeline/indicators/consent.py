"""Consent: for how many of the people in a dataset is there a valid basis, purpose by purpose?

GDPR articles 5(1)(b), 6(1) and 7: data about a person is used for a purpose only on a lawful basis;
consent can be withdrawn at any time, and whoever relies on it must be able to show it. The counting is
done in the engine, as of the night; here the count is judged and put into words.

Small groups stay hidden: who reads that three people of a thousand withdrew can often tell who they
are. Where fewer than k people lack a basis (or have one), the number, the share and the interval are
replaced by the most careful statement that is still true; the outcome is judged on the exact share.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from math import floor

from governance_pipeline.charter.contract import LawfulBasis
from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.disclosure import Shown, is_small, publishable
from governance_pipeline.indicators.statistics.intervals import wilson
from governance_pipeline.indicators.wording import counted, listed, percent
from governance_pipeline.profiles.profile import ConsentTally, Moment
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, Threshold, worst

NAME = "consent"
ROUNDING = 1e-9
STATES = {
    "withdrawn": "withdrew it",
    "expired": "gave one that has expired",
    "absent": "never gave one",
    "wrong_purpose": "gave one for another purpose only",
    "wrong_basis": "are recorded on another basis",
    "void": "gave one that does not count",
}
_MOMENTS = {Moment.EVENT: "covered_at_event_time", Moment.TRAINING: "covered_at_training"}
OBJECTED = {**STATES, "withdrawn": "objected"}


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """One measurement per purpose (facet): the share of subjects with a valid basis.

    A purpose of the contract that was not tallied is ``not_run``; counts that do not add up are
    ``not_run``; a dataset without a single subject is ``insufficient``.
    """
    policy = inputs.playbook.indicators.consent
    threshold = policy.threshold(inputs.tier, "below")
    record = partial(
        Measurement,
        night=inputs.night,
        entity=Entity.dataset(inputs.contract.dataset),
        indicator=NAME,
        clause=policy.clause,
        unit="share",
        threshold=threshold,
    )
    tallies = {tally.purpose: tally for tally in inputs.profile.consent}
    declared = [use.purpose for use in inputs.contract.purposes]
    dataset = inputs.contract.dataset
    for purpose in dict.fromkeys([*declared, *tallies]):
        tally = tallies.get(purpose)
        problem = _problem(inputs, tally)
        if tally is None or problem:
            sentence = f"Consent for {_spoken(purpose)} could not be counted in {dataset}: {problem}."
            yield record(facet=purpose, outcome=Outcome.NOT_RUN, sentence=sentence)
        elif tally.subjects == 0:
            sentence = f"{dataset} is about nobody whose basis for {_spoken(purpose)} could be checked."
            yield record(facet=purpose, outcome=Outcome.INSUFFICIENT, sentence=sentence)
        else:
            yield _judged(inputs, tally, threshold, record)


def _problem(inputs: DatasetInputs, tally: ConsentTally | None) -> str:
    """Why a tally cannot be judged, "" where it can."""
    if tally is None:
        return inputs.profile.unmeasured.get(NAME) or "the scan brought no count of the people concerned"
    parts = (tally.covered, *(getattr(tally, state) for state in STATES))
    if min(parts) < 0 or sum(parts) != tally.subjects:
        return "the counts by state do not add up to the number of people"
    return ""


def _judged(
    inputs: DatasetInputs, tally: ConsentTally, threshold: Threshold, record: partial[Measurement]
) -> Measurement:
    k, nameless = inputs.minimum_group_size, inputs.profile.rows_without_subject
    exact = threshold.judge(tally.covered / tally.subjects)
    share = _shown_share(tally, exact, threshold, k)
    few = is_small(tally.subjects, k)
    return record(
        facet=tally.purpose,
        # A row about nobody has no basis that could be shown, however good the others are.
        outcome=worst([exact, Outcome.WARN]) if nameless else exact,
        sentence=_sentence(inputs, tally, exact),
        value=share,
        n=0 if few else tally.subjects,
        interval=None if share is None else wilson(floor(share * tally.subjects + ROUNDING), tally.subjects),
        details={
            "basis": str(tally.basis),
            "subjects": f"fewer than {k}" if few else tally.subjects,
            "states": _shown_states(tally, k).as_details(k),
            "rows_without_subject": f"fewer than {k}" if is_small(nameless, k) else nameless,
            **({} if few else _then(inputs, tally)),
        },
    )


def _then(inputs: DatasetInputs, tally: ConsentTally) -> dict[str, str]:
    """How it was at other moments, in words. A share is told only where neither it nor its difference
    from tonight's, nor from another moment's, speaks of a small group.
    """
    found, k = {}, inputs.minimum_group_size
    told = [tally.covered]
    for then in inputs.profile.consent_then:
        if then.purpose != tally.purpose or is_small(then.subjects, k) or not then.subjects:
            continue
        counts = (then.covered, then.subjects - then.covered, abs(then.subjects - tally.subjects))
        apart = (abs(then.covered - other) for other in told)
        if is_small(then.subjects - then.covered, k):
            share = f"all but fewer than {k} people"
        elif is_small(then.covered, k):
            share = f"fewer than {k} people"
        elif any(is_small(count, k) for count in counts) or any(is_small(count, k) for count in apart):
            share = "about as many people as tonight"
        else:
            told.append(then.covered)
            share = f"{percent(then.covered / then.subjects)} of the people"
        found[_MOMENTS[then.moment]] = share
    return found


def _shown_share(tally: ConsentTally, exact: Outcome, threshold: Threshold, k: int) -> float | None:
    """The share that may be published; None where any share would give a small group away.

    With fewer than k people lacking a basis it is the least share that "fewer than k" leaves open,
    raised to the bound the exact share was found to meet, so that share and outcome agree.
    """
    if is_small(tally.covered, k) or is_small(tally.subjects, k):
        return None
    if not is_small(tally.subjects - tally.covered, k):
        return tally.covered / tally.subjects
    least = max(tally.subjects - (k - 1), 0) / tally.subjects
    bounds = {Outcome.PASS: (threshold.warn, threshold.fail), Outcome.WARN: (threshold.fail,)}.get(exact, ())
    return max([least, *(bound for bound in bounds if bound is not None)])


def _shown_states(tally: ConsentTally, k: int) -> Shown:
    """Why people lack a basis, with what small groups require left out. The number of people who have
    one is part of the table when it is small itself: else it would follow from the others.
    """
    cells = {state: getattr(tally, state) for state in STATES}
    if is_small(tally.subjects, k) or is_small(sum(cells.values()), k):
        return Shown({}, withheld=tuple(state for state, count in cells.items() if count))
    if is_small(tally.covered, k):
        cells["covered"] = tally.covered
    return publishable(cells, k)


def _sentence(inputs: DatasetInputs, tally: ConsentTally, exact: Outcome) -> str:
    k, dataset = inputs.minimum_group_size, inputs.contract.dataset
    people = counted(tally.subjects, "person", "people")
    have = f"{_basis_words(tally)} for {_spoken(tally.purpose)}"
    lacking = tally.subjects - tally.covered
    if is_small(tally.subjects, k):
        verdict = "meets" if exact is Outcome.PASS else "is below"
        start = f"{dataset} is about fewer than {k} people, too few to say how many have {have}; "
        return f"{start}the share {verdict} what the playbook asks for.{_nameless(inputs)}"
    if lacking == 0:
        start = f"All {people} in {dataset} have {have}"
    elif is_small(tally.covered, k):
        start = f"Fewer than {k} of {people} in {dataset} have {have}"
    elif is_small(lacking, k):
        start = f"All but fewer than {k} of {people} in {dataset} have {have}"
    else:
        share = percent(tally.covered / tally.subjects)
        start = f"{tally.covered:,} of {people} in {dataset} ({share}) have {have}"
    return f"{start}{_reasons(tally, k)}{_needed(inputs)}.{_nameless(inputs)}{_then_said(inputs, tally)}"


def _then_said(inputs: DatasetInputs, tally: ConsentTally) -> str:
    """The other moments, where they differ from tonight."""
    words = {
        "covered_at_event_time": "When their own records came about",
        "covered_at_training": "When the model in service was trained",
    }
    lines = [f" {words[moment]}: {share}." for moment, share in _then(inputs, tally).items() if "%" in share]
    return "".join(lines)


def _reasons(tally: ConsentTally, k: int) -> str:
    """Who lacks a basis and why, with small groups and what would betray them unsaid."""
    if is_small(tally.subjects - tally.covered, k):
        return ""
    words = STATES if tally.basis == LawfulBasis.CONSENT else OBJECTED
    shown = _shown_states(tally, k)
    parts = [f"{count:,} {words[state]}" for state, count in shown.counts.items() if state in words]
    parts += [f"fewer than {k} {words[state]}" for state in shown.small if state in words]
    told = f"; {listed(parts)}" if parts else ""
    hidden = [words[state] for state in shown.withheld if state in words]
    if hidden:
        told += f" (how many {listed(hidden)} is not shown, because it would give a small group away)"
    return told


def _needed(inputs: DatasetInputs) -> str:
    threshold = inputs.playbook.indicators.consent.threshold(inputs.tier, "below")
    least = threshold.warn if threshold.warn is not None else threshold.fail
    return "" if least is None else f"; the playbook asks for {percent(least)}"


def _nameless(inputs: DatasetInputs) -> str:
    rows, k = inputs.profile.rows_without_subject, inputs.minimum_group_size
    if not rows:
        return ""
    said = f"Fewer than {k}" if is_small(rows, k) else f"{rows:,}"
    return f" {said} records name no person, so no basis can be shown for them."


def _basis_words(tally: ConsentTally) -> str:
    if tally.basis == LawfulBasis.CONSENT:
        return "a valid consent"
    return f"a valid basis ({_spoken(tally.basis)}, no objection)"


def _spoken(name: str) -> str:
    """``model_training`` as words."""
    return name.replace("_", " ")


CONSENT = Indicator(
    name=NAME,
    title="Consent coverage",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, _: bool(contract.purposes),
)
