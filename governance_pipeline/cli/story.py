"""Tell what nights found, for people: what, where, since when, who was told, what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.markup import escape

from governance_pipeline.vocabulary.incident import IncidentAct
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    LineagePublished,
    NightEvent,
    NightSealed,
    PictureFailed,
    ReviewOpened,
)

if TYPE_CHECKING:
    from governance_pipeline.charter.people import Charter
    from governance_pipeline.response.outbox import DispatchReport

_NEWS = {
    IncidentAct.OPENED: "[bold red]opened[/]",
    IncidentAct.REOPENED: "[bold red]reopened[/]",
    IncidentAct.RESOLVED: "[green]resolved[/]",
}


def night_summary(
    events: Sequence[NightEvent], nights: Sequence[date], delivered: DispatchReport | None
) -> Iterator[str]:
    """A few lines about the nights that were just run."""
    counts = Counter(str(e.measurement.outcome) for e in events if isinstance(e, IndicatorMeasured))
    span = f"{nights[0]}" if len(nights) == 1 else f"{nights[0]} to {nights[-1]} ({len(nights)} nights)"
    yield f"[bold]Night of {span}[/]: " + ", ".join(f"{n} {name}" for name, n in counts.most_common())
    for event in events:
        yield from _line(event)
    if delivered is not None and (delivered.sent or delivered.failed or delivered.dead):
        yield f"  alerts: {delivered.sent} sent, {delivered.failed} to be tried again, {delivered.dead} given up"
    if any(isinstance(e, IndicatorMeasured) and e.measurement.outcome.is_breach for e in events):
        yield "Next: [bold]governance status[/] and [bold]governance incident list[/]"


def _line(event: NightEvent) -> Iterator[str]:
    match event:
        case DatasetScanned(error=str() as error):
            yield f"  [bold magenta]not run[/] {event.dataset}: {escape(error)}"
        case IncidentChanged() if event.act in _NEWS:
            incident = event.incident
            yield f"  {_NEWS[event.act]} {incident.id} {escape(incident.sentence)}"
        case ReviewOpened():
            yield (
                f"  [bold yellow]review[/] {event.review}: {escape(event.milestone.sentence)}"
                f" To decide: {', '.join(event.functions)}."
            )
        case LineagePublished(error=str() as error):
            yield f"  [yellow]lineage not delivered[/] to {escape(event.destination)}: {escape(error)}"
        case PictureFailed():
            yield f"  [yellow]no drift picture[/] of {escape(event.dataset)}: {escape(event.reason)}"
        case NightSealed() if event.missing:
            yield f"  [yellow]{len(event.missing)} of {event.expected} expected checks are missing[/]"
        case _:
            return


def demo_night(number: int, night: date, events: Sequence[NightEvent], charter: Charter) -> Iterator[str]:
    """The news of one night of the sample project; nothing for a quiet night."""
    told: dict[str | None, set[str]] = {}
    for event in events:
        if isinstance(event, AlertQueued):
            person = charter.person(event.alert.recipient)
            told.setdefault(event.alert.incident, set()).add(person.name if person else event.alert.recipient)
    news = [
        e
        for e in events
        if isinstance(e, ReviewOpened) or (isinstance(e, IncidentChanged) and e.act in _NEWS)
    ]
    if not news:
        return
    yield f"\n[bold]Night {number}[/] [dim]{night:%a %d %b %Y}[/]"
    for event in news:
        if isinstance(event, IncidentChanged):
            incident = event.incident
            yield f"  {_NEWS[event.act]} [bold]{escape(incident.entity.name)}[/], {incident.indicator}"
            if event.act is not IncidentAct.RESOLVED:
                yield f"    {escape(incident.sentence)}"
                if incident.root_incident:
                    yield f"    [dim]follows from {incident.root_incident}[/]"
                elif incident.id in told:
                    yield f"    [cyan]told:[/] {escape(', '.join(sorted(told[incident.id])))}"
        else:
            yield f"  [bold yellow]review[/] {event.review} opened: {escape(event.milestone.sentence)}"
            yield f"    [cyan]to decide:[/] {', '.join(event.functions)}"
