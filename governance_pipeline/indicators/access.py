"""Access: can anybody read the table whose role the contract does not name?

GDPR article 5(1)(f) and 25(2): personal data is by default not made accessible to an indefinite number of
persons; ISO/IEC 27001:2022, Annex A 5.15 and 5.18: access rights are reviewed. The roles are those of the
contract (Open Data Contract Standard, ``roles``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.wording import counted, listed
from governance_pipeline.profiles.reader import Access, Reader
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

NAME = "access"
_TOLD = 5
_KEPT = 50


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """How many roles that somebody can connect as can read the table, and have no role that the contract
    names. Superusers are told and not counted.

    Not measured without roles in the contract. Roles that default privileges will let read warn.
    ``insufficient`` where the night was run a day or more after its end: who could read then is not known.
    """
    policy, contract, profile = inputs.playbook.indicators.access, inputs.contract, inputs.profile
    if policy is None or not contract.readers:
        return
    threshold = policy.threshold(inputs.tier)
    record = partial(
        Measurement,
        night=inputs.night,
        entity=Entity.dataset(contract.dataset),
        indicator=NAME,
        clause=policy.clause,
        unit="readers",
        threshold=threshold,
    )
    reason, found = profile.unmeasured.get(NAME), profile.access
    if reason:
        sentence = f"Who can read {contract.dataset} could not be measured: {reason}."
        yield record(outcome=Outcome.NOT_RUN, sentence=sentence)
    elif found is None:
        sentence = (
            f"Who could read {contract.dataset} that night is not known: the night was run later, and grants"
            " are read as they are."
        )
        yield record(outcome=Outcome.INSUFFICIENT, sentence=sentence)
    else:
        strangers = float(len(found.undeclared))
        judged = threshold.judge(strangers)
        yield record(
            outcome=worst([judged, Outcome.WARN]) if found.to_come else judged,
            sentence=_sentence(found),
            value=strangers,
            n=len(found.allowed) + len(found.undeclared),
            details={
                "undeclared": [_told(one) for one in found.undeclared[:_KEPT]],
                "superusers": len(found.superusers),
                "to_come": list(found.to_come[:_KEPT]),
            },
        )


def _told(reader: Reader) -> str:
    return f"{reader.role}: {reader.way}"


def _sentence(found: Access) -> str:
    name, strangers = found.dataset, found.undeclared
    if strangers:
        said = listed([f"{one.role} ({one.way})" for one in strangers[:_TOLD]])
        more = f", and {len(strangers) - _TOLD:,} more" if len(strangers) > _TOLD else ""
        have = "has" if len(strangers) == 1 else "have"
        text = (
            f"{counted(len(strangers), 'reader')} of {name} {have} no role that its contract names:"
            f" {said}{more}."
        )
    else:
        text = f"Whoever can read {name} has a role that its contract names ({listed(list(found.declared))})."
    if found.to_come:
        coming = listed([f"{role}" for role in found.to_come[:_TOLD]])
        text += f" Default privileges will let others read tables yet to be made beside it: {coming}."
    return text


ACCESS = Indicator(
    name=NAME,
    title="Access",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, _: bool(contract.readers),
)
