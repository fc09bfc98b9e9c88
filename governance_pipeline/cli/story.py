"""Tell what nights found, for people: what, where, since when, who was told, what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from rich.markup import escape

from governance_pipeline.reviews.notices import about
from governance_pipeline.vocabulary.incident import Alert, IncidentAct
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    CheckpointCopied,
    DatasetScanned,
    IncidentChanged,
    IndicatorMeasured,
    LineagePublished,
    NightEvent,
    NightSealed,
    PictureFailed,
    PlaceRead,
    ReviewOpened,
    StageMovedBack,
)
from governance_pipeline.vocabulary.outcome import Outcome

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
        yield f"  alerts: {delivered.sent} sent, {delivered.failed} to try again, {delivered.dead} given up"
    if any(isinstance(e, IndicatorMeasured) and e.measurement.outcome.is_breach for e in events):
        yield "Next: [bold]governance status[/] and [bold]governance incident list[/]"
    elif counts.keys() - {Outcome.PASS}:
        yield "Next: [bold]governance status[/] says what did not pass"


def _line(event: NightEvent) -> Iterator[str]:
    match event:
        case DatasetScanned(error=str() as error):
            yield f"  [bold magenta]not run[/] {escape(event.dataset)}: {escape(error)}"
        case PlaceRead(error=str() as error):
            yield f"  [yellow]not read[/] {escape(event.place)}: {escape(error)}"
        case PlaceRead() if event.not_understood:
            count = len(event.not_understood)
            parts = "1 part" if count == 1 else f"{count:,} parts"
            first = escape(event.not_understood[0])
            yield f"  [yellow]{parts} not understood[/] of {escape(event.place)}, the first: {first}"
        case IncidentChanged() if event.act in _NEWS:
            incident = event.incident
            yield f"  {_NEWS[event.act]} {incident.id} {escape(incident.sentence)}"
        case ReviewOpened():
            yield (
                f"  [bold yellow]review[/] {event.review}: {escape(event.milestone.sentence)}"
                f" To decide: {', '.join(event.functions)}."
            )
        case CheckpointCopied(error=str() as error):
            yield f"  [yellow]checkpoint not copied[/]: {escape(error)}"
        case LineagePublished(error=str() as error):
            yield f"  [yellow]lineage not delivered[/] to {escape(event.destination)}: {escape(error)}"
        case PictureFailed():
            yield f"  [yellow]no drift picture[/] of {escape(event.dataset)}: {escape(event.reason)}"
        case StageMovedBack() | NightSealed():
            yield from _at_the_end(event)
        case _:
            return


def _at_the_end(event: StageMovedBack | NightSealed) -> Iterator[str]:
    match event:
        case StageMovedBack(problem=None):
            what = (
                f"{escape(event.model)} version {event.found} was at {escape(event.stage)} without a permit"
            )
            yield f"  [bold yellow]moved back[/] {what}; version {event.restored} is back there"
        case StageMovedBack():
            problem = f"{escape(event.model)} at {escape(event.stage)}: {escape(event.problem or '')}"
            yield f"  [bold red]not moved back[/] {problem}"
        case NightSealed() if event.missing:
            yield f"  [yellow]{len(event.missing)} of {event.expected} expected checks are missing[/]"
        case _:
            return


def demo_night(number: int, night: date, events: Sequence[NightEvent], charter: Charter) -> Iterator[str]:
    """The news of one night of the sample project; nothing for a quiet night.

    Findings of one indicator on one thing are one piece of news; what follows from an earlier
    incident is counted, not told again.
    """
    told = _told(events, charter)
    changes = [e for e in events if isinstance(e, IncidentChanged) and e.act in _NEWS]
    reviews = [e for e in events if isinstance(e, ReviewOpened)]
    if not changes and not reviews:
        return
    yield f"\n[bold]Night {number}[/] [dim]{night:%a %d %b %Y}[/]"
    causes = [change for change in changes if change.incident.root_incident is None]
    consequences = Counter(root for c in changes if (root := c.incident.root_incident))
    for group in _grouped(causes, told):
        yield from _group(group, told, consequences)
    for root, count in consequences.items():
        yield f"  [dim]{_findings(count)} from {root}[/]"
    for review in reviews:
        yield f"  [bold yellow]review[/] {review.review} opened: {escape(review.milestone.sentence)}"
        yield f"    [cyan]to decide:[/] {', '.join(review.functions).replace('_', ' ')}"
        alerts = about((e.alert for e in events if isinstance(e, AlertQueued)), review.review)
        yield f"    [cyan]told:[/] {escape(', '.join(_names(alerts, charter)))}"


def _told(events: Sequence[NightEvent], charter: Charter) -> dict[str | None, set[str]]:
    found: dict[str | None, set[str]] = {}
    for event in events:
        if isinstance(event, AlertQueued):
            found.setdefault(event.alert.incident, set()).update(_names([event.alert], charter))
    return found


def _names(alerts: Iterable[Alert], charter: Charter) -> list[str]:
    """Whom the alerts are for, by name."""
    known = ((a.recipient, charter.person(a.recipient) or charter.team(a.recipient)) for a in alerts)
    return sorted({found.name if found else recipient for recipient, found in known})


def _grouped(
    changes: Sequence[IncidentChanged], told: Mapping[str | None, set[str]]
) -> list[list[IncidentChanged]]:
    groups: dict[tuple[str, str, IncidentAct], list[IncidentChanged]] = {}
    for change in sorted(changes, key=lambda c: c.incident.id not in told):
        incident = change.incident
        groups.setdefault((str(incident.entity), incident.indicator, change.act), []).append(change)
    return list(groups.values())


def _group(
    group: Sequence[IncidentChanged],
    told: Mapping[str | None, set[str]],
    consequences: Counter[str],
) -> Iterator[str]:
    lead = group[0].incident
    more = f" [dim](and {len(group) - 1} more like it)[/]" if len(group) > 1 else ""
    what = f"[bold]{escape(lead.entity.name)}[/], {lead.indicator}"
    yield f"  {_NEWS[group[0].act]} {what} [dim]{lead.id}[/]{more}"
    if group[0].act is IncidentAct.RESOLVED:
        return
    yield f"    {escape(lead.sentence)}"
    names = sorted({name for change in group for name in told.get(change.incident.id, ())})
    following = sum(consequences.pop(change.incident.id, 0) for change in group)
    if following:
        yield f"    [dim]{_findings(following)} from it[/]"
    if names:
        yield f"    [cyan]told:[/] {escape(', '.join(names))}"


def _findings(count: int) -> str:
    return "1 other finding follows" if count == 1 else f"{count} other findings follow"
