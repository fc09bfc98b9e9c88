"""What lets a version be at a stage, and what takes that away: permits, signatures, rollbacks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance_pipeline.charter.playbook import SignersPolicy
from governance_pipeline.ledger.offline import BrokenProof, Keys
from governance_pipeline.reviews.permit import Permit, permit_id, read_permit, signers_of
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.review import ModelVersion, ReviewAct, ReviewEvent


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count.

    Attributes:
        keys: of the project; each permit needs one of them.
        signers: the people who must sign too, where the playbook asks.
    """

    keys: Keys
    signers: SignersPolicy | None = None


@dataclass(frozen=True, slots=True)
class Signed:
    """A permit that a key of the project has signed, with whatever people have signed since.

    Attributes:
        signed_by: the people whose own signatures hold, by the playbook of now.
        since: when it had all the signatures that it needs; None where it still lacks some.
        needed: how many people must sign it.
    """

    permit: Permit
    envelope: Mapping[str, Any]
    signed_by: tuple[str, ...]
    since: datetime | None
    needed: int


def acts_on(unit: Unit, model: str) -> list[ReviewEvent]:
    """All acts in the reviews of a model, oldest first."""
    found = [
        event
        for review_id, milestone in unit.reviews.list()
        if milestone.model == model
        for event in unit.reviews.events(review_id)
    ]
    return sorted(found, key=lambda event: (event.at, event.review, event.sequence))


def permits(events: Iterable[ReviewEvent], version: str, stage: str, trust: Trust) -> Iterator[Signed]:
    """The permits of a version for a stage, oldest first; what no key of the project has signed is none."""
    given = list(events)
    for event in given:
        if event.act is ReviewAct.PERMITTED and event.data.get("stage") == stage:
            try:
                found = signed(event, given, trust)
            except BrokenProof:
                continue
            if found.permit.version == version and found.permit.stage == stage:
                yield found


def with_signatures(event: ReviewEvent, events: Iterable[ReviewEvent]) -> dict[str, Any]:
    """The envelope of a permit with the signatures that were added to it."""
    envelope = dict(event.data["envelope"])
    name = permit_id(envelope)
    added = [
        {"keyid": one.data["keyid"], "sig": one.data["sig"]}
        for one in events
        if one.act is ReviewAct.SIGNED and one.data["permit"] == name
    ]
    return {**envelope, "signatures": [*envelope["signatures"], *added]}


def signed(event: ReviewEvent, events: Sequence[ReviewEvent], trust: Trust) -> Signed:
    """The permit that an act gave, with what ``events`` have added to it.

    Raises:
        BrokenProof: no key of the project has signed it, or it is none.
    """
    envelope = with_signatures(event, events)
    permit = read_permit(event.data["envelope"], trust.keys)
    if trust.signers is None:
        return Signed(permit, envelope, (), event.at, 0)
    at = {event.at}
    at |= {e.at for e in events if e.act is ReviewAct.SIGNED and e.data["permit"] == permit.id}
    since = None
    for moment in sorted(at, reverse=True):
        until = with_signatures(event, [one for one in events if one.at <= moment])
        if len(signers_of(until, trust.signers)) < trust.signers.needed:
            break
        since = moment
    return Signed(permit, envelope, signers_of(envelope, trust.signers), since, trust.signers.needed)


def rolled_back(
    events: Iterable[ReviewEvent], version: str | None, stage: str | None = None
) -> ReviewEvent | None:
    """The newest rollback from a version, at one stage or at any."""
    found = [
        event
        for event in events
        if event.act is ReviewAct.ROLLED_BACK
        and event.data["from"] == version
        and stage in (None, event.data["stage"])
    ]
    return found[-1] if found else None


def unpermitted(unit: Unit, version: ModelVersion, trust: Trust, until: datetime) -> str | None:
    """Why a version should not be at its stage: nobody permitted that artefact there, or it was rolled back
    from since.

    Args:
        until: what was done after it does not count.
    """
    events = [event for event in acts_on(unit, version.model) if event.at <= until]
    left = rolled_back(events, version.version, version.stage)
    if version.digest in _admitted(events, version, trust, left.at if left else None):
        return None
    where = f"version {version.version} is at '{version.stage}'"
    if left is not None:
        return (
            f"{where}, from where it was rolled back on {left.at:%d %B %Y}, and nobody has permitted it since"
        )
    return f"{where}, and no permit was ever given for that"


def _admitted(
    events: Sequence[ReviewEvent], version: ModelVersion, trust: Trust, after: datetime | None
) -> set[str]:
    """The digests of the artefacts that may be at the version's stage under its name."""
    found = {
        str(event.data["digest"])
        for event in events
        if event.act is ReviewAct.ROLLED_BACK
        and (event.data["to"], event.data["stage"]) == (version.version, version.stage)
        and (after is None or event.at > after)
    }
    for one in permits(events, version.version, version.stage, trust):
        if one.since is not None and (after is None or one.permit.issued_at > after):
            found.add(one.permit.model_digest)
    return found


def rightful(events: Sequence[ReviewEvent], stage: str) -> Iterator[str]:
    """The versions that people brought to a stage, the last one first, each once."""
    seen: set[str] = set()
    for event in reversed(events):
        if event.act in (ReviewAct.PROMOTED, ReviewAct.ROLLED_BACK) and event.data["stage"] == stage:
            brought = str(event.data["to"])
            if brought not in seen:
                seen.add(brought)
                yield brought


def took_stage(events: Sequence[ReviewEvent], version: str, stage: str) -> datetime | None:
    """When a version was last brought to a stage, by promotion or rollback; None where nobody did."""
    brought = [
        event.at
        for event in events
        if event.act in (ReviewAct.PROMOTED, ReviewAct.ROLLED_BACK)
        and (event.data["to"], event.data["stage"]) == (version, stage)
    ]
    return brought[-1] if brought else None


def rehearsals(events: Sequence[ReviewEvent], version: str, stage: str) -> list[ReviewEvent]:
    """The rehearsals of a rollback from a version at a stage, oldest first."""
    return [
        event
        for event in events
        if event.act is ReviewAct.REHEARSED
        and (event.data["version"], event.data["stage"]) == (version, stage)
    ]
