"""Go back to a version that was good, and rehearse that it could be done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from governance_pipeline.catalog.registry_moves import move_stage
from governance_pipeline.charter.people import Person
from governance_pipeline.errors import NotFound, Refused
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.response.compose import compose
from governance_pipeline.reviews.desk import Desk, Promotion, act, actor_of, holder, registered
from governance_pipeline.reviews.incidents import open_for_rollback, rollback_incident
from governance_pipeline.reviews.service import append_late, review_of_version
from governance_pipeline.reviews.targets import find_target, target_faults
from governance_pipeline.store.ports import Unit
from governance_pipeline.vocabulary.review import ReviewAct, ReviewEvent


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether there is something to roll back to.

    Attributes:
        target: the version; None where there is none.
        faults: why it could not take over; empty where it could.
    """

    model: str
    version: str
    target: str | None
    faults: tuple[str, ...]

    @property
    def is_ready(self) -> bool:
        return self.target is not None and not self.faults


def look_back(desk: Desk, model: str, now: datetime, *, to: str | None = None, stage: str) -> Readiness:
    """Whether the version at ``stage`` could be rolled back now. Changes nothing.

    Raises:
        NotFound: no such model, or nothing is at that stage.
    """
    spec, around = desk.project.model(model), desk.around(now)
    held = holder(spec, stage, around)
    if held is None:
        raise NotFound(f"no version of {model} is at '{stage}'", hint="see the registry, or name --stage")
    current = registered(spec, held, around)
    with desk.store.reading() as unit:
        target = registered(spec, to, around) if to else find_target(unit, spec, current, around)
        if target is None:
            return Readiness(model, held, None, ("no earlier version was ever approved",))
        if target.version == held:
            return Readiness(model, held, held, (f"version {held} is at '{stage}' already",))
        return Readiness(model, held, target.version, tuple(target_faults(desk.project, unit, target)))


def rehearse(
    desk: Desk, model: str, now: datetime, *, to: str | None = None, stage: str, person: str
) -> Readiness:
    """As :func:`look_back`, and remembered as somebody's act: its age is the indicator ``rehearsal``.

    Raises:
        NotFound: see :func:`look_back`; or there is no such person.
        Refused: the person may not act, or no review of the version is there to keep it.
    """
    actor = actor_of(desk.project, person, now.date())
    ready = look_back(desk, model, now, to=to, stage=stage)
    with desk.store.begin() as unit:
        review = review_of_version(unit, model, ready.version)
        if review is None:
            raise Refused(
                f"version {ready.version} of {model} has no review that could keep the rehearsal",
                hint="run `governance nightly`: it opens one for a version it has not seen",
            )
        data = {
            "stage": stage,
            "version": ready.version,
            "target": ready.target,
            "faults": list(ready.faults),
        }
        append_late(unit, act(review, ReviewAct.REHEARSED, now, actor.id, data))
    return ready


def roll_back(
    desk: Desk,
    model: str,
    *,
    to: str | None = None,
    stage: str,
    person: str,
    reason: str,
    now: datetime,
) -> Promotion:
    """Bring back the version that the model's file names, or ``to``; open an incident of the model's owner.

    The target needs no permit of today: that would forbid the way out when it is needed. It must be the
    artefact that a review once approved. What it replaces loses its permit and, for the gate, its approval.

    Raises:
        Refused: no reason, or the target could not take over.
        NotFound: no such model or person, or nothing is at that stage.
        CannotEvaluate: the registry cannot be read or written.
    """
    actor = actor_of(desk.project, person, now.date())
    if not reason.strip():
        raise Refused("a rollback needs a reason", hint="say in a sentence what is wrong")
    ready = look_back(desk, model, now, to=to, stage=stage)
    if ready.target is None or ready.faults:
        raise Refused(
            f"{model} {ready.version} cannot be rolled back: {'; '.join(ready.faults)}",
            hint="name another approved version with --to",
        )
    spec = desk.project.model(model)
    move_stage(spec, ready.target, stage, desk.around(now))
    with desk.store.begin() as unit:
        review = review_of_version(unit, model, ready.target)
        assert review is not None  # it was approved
        data = {
            "stage": stage,
            "from": ready.version,
            "to": ready.target,
            "digest": registered(spec, ready.target, desk.around(now)).digest,
            "reason": reason.strip(),
        }
        event = act(review, ReviewAct.ROLLED_BACK, now, actor.id, data)
        append_late(unit, event)
        _open_incident(desk, unit, model, event, actor)
    return Promotion(model, ready.target, stage, "", ready.version)


def _open_incident(desk: Desk, unit: Unit, model: str, event: ReviewEvent, actor: Person) -> None:
    """What was rolled back has to be understood by somebody, and told to whoever it concerns."""
    day = event.at.date()
    known = unit.incidents.get(rollback_incident(model, event.data["from"]))
    change = open_for_rollback(day, model, event, actor.name, desk.project.model(model).owner, known)
    unit.incidents.put(change.incident, change.event)
    latest = unit.nights.latest()
    edges = unit.lineage.of_night(latest.night) if latest else ()
    risks = unit.risks.of_night(latest.night) if latest else ()
    for alert in compose(day, [change], desk.project, LineageGraph.of(edges), risks):
        unit.outbox.enqueue(alert)
