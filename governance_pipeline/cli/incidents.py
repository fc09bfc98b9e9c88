"""incident list, show, ack, snooze, resolve; alert list, send, test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import (
    DAY,
    Format,
    FormatOption,
    ProjectOption,
    console,
    day,
    entries,
    print_json,
    table,
)
from governance_pipeline.cli.verbs import App
from governance_pipeline.indicators.wording import long_date

if TYPE_CHECKING:
    from governance_pipeline.vocabulary.incident import Incident

group = App(help="Incidents: breaches that someone must fix.")
alerts = App(help="Alerts: the outbox of messages to owners.")

IncidentArgument = Annotated[str, typer.Argument(help="Incident id, e.g. INC-3f9a21c0.")]
AsOption = Annotated[str, typer.Option("--as", metavar="ID", help="Your id in charter.yaml.")]
NoteOption = Annotated[str, typer.Option("--note", help="What you know or did, in a sentence.")]


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="incident")
    app.add_typer(alerts, name="alert")


@group.command("list", epilog="Example: governance incident list --all")
def list_(
    project: ProjectOption = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Open incidents, oldest first."""
    from governance_pipeline.bootstrap import open_project, open_project_store

    store = open_project_store(open_project(project))
    with store.reading() as unit:
        found = unit.incidents.list(open_only=not everything)
    store.close()
    if output is Format.JSON:
        print_json(found)
        return
    entries("Incidents", ((str(i.status), _about(i), i.sentence) for i in found))
    if not found:
        console().print("[green]no open incident[/]")


@group.command(epilog="Example: governance incident show INC-3f9a21c0")
def show(
    incident: IncidentArgument, project: ProjectOption = None, output: FormatOption = Format.TABLE
) -> None:
    """One incident and everything that happened to it."""
    from rich.markup import escape

    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.response.service import find_incident

    store = open_project_store(open_project(project))
    with store.reading() as unit:
        found = find_incident(unit, incident)
        events = unit.incidents.events(found.id)
    store.close()
    if output is Format.JSON:
        print_json({"incident": found, "events": events})
        return
    console().print(f"[bold]{found.id}[/] {found.status}: {escape(found.sentence)}")
    table(
        "History",
        ("when", "act", "who", "note"),
        [(e.at.strftime("%Y-%m-%d %H:%M"), e.act, e.actor, e.note) for e in events],
    )


@group.command(
    epilog='Example: governance incident ack INC-3f9a21c0 --as ines.ortega --note "Vendor called."'
)
def ack(
    incident: IncidentArgument, person: AsOption, note: NoteOption = "", project: ProjectOption = None
) -> None:
    """Say that you have it: reminders stop, the incident stays open."""
    _say_status(_act("acknowledge", project, incident, person, note))


@group.command(epilog="Example: governance incident snooze INC-3f9a21c0 --as ines.ortega --until 2026-03-09")
def snooze(
    incident: IncidentArgument,
    person: AsOption,
    until: Annotated[date, typer.Option(parser=day, metavar=DAY, help="The last quiet day.")],
    note: NoteOption = "",
    project: ProjectOption = None,
) -> None:
    """No alerts until a day; the incident stays open and visible."""
    found = _act("snooze", project, incident, person, note, until=until)
    console().print(f"{found.id} is snoozed up to {long_date(until)}; it stays [bold]{found.status}[/]")


@group.command(
    epilog='Example: governance incident resolve INC-3f9a21c0 --as ines.ortega --note "Feed is back."'
)
def resolve(
    incident: IncidentArgument,
    person: AsOption,
    note: Annotated[str, typer.Option("--note", help="How it was fixed.")],
    project: ProjectOption = None,
) -> None:
    """Say that it is fixed; a breach on a later night opens it again."""
    _say_status(_act("resolve", project, incident, person, note))


@alerts.command("list", epilog="Example: governance alert list --format json")
def list_alerts(project: ProjectOption = None, output: FormatOption = Format.TABLE) -> None:
    """Every message: to whom, by which channel, sent or not."""
    from governance_pipeline.bootstrap import open_project, open_project_store

    store = open_project_store(open_project(project))
    with store.reading() as unit:
        found = unit.outbox.list()
    store.close()
    if output is Format.JSON:
        print_json(found)
        return
    entries(
        "Alerts",
        (
            (str(a.status), f"{a.night}  to {a.recipient} by {a.channel}: {a.subject}", a.last_error)
            for a in found
        ),
    )
    if not found:
        console().print("no message has been queued")


@alerts.command(epilog="Example: governance alert send")
def send(project: ProjectOption = None, output: FormatOption = Format.TABLE) -> None:
    """Send what is waiting in the outbox."""
    from governance_pipeline.bootstrap import open_project, services
    from governance_pipeline.cli.delivery import deliver

    with services(open_project(project)) as opened:
        report = deliver(opened, quiet=output is Format.JSON)
    if output is Format.JSON:
        print_json(report)
    else:
        console().print(f"{report.sent} sent, {report.failed} to be tried again, {report.dead} given up")
    raise typer.Exit(1 if report.failed or report.dead else 0)


@alerts.command("test", epilog="Example: governance alert test mail --to ines.ortega")
def test_channel(
    channel: Annotated[str, typer.Argument(help="Channel of governance.yaml.")],
    recipient: Annotated[str, typer.Option("--to", metavar="ID", help="Person or team in charter.yaml.")],
    project: ProjectOption = None,
) -> None:
    """Send a test message through a channel."""
    from rich.markup import escape

    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.response.service import send_test_alert

    send_test_alert(open_project(project), channel, recipient)
    console().print(f"[green]the receiver behind the channel {escape(channel)} took the test message[/]")


def _about(incident: Incident) -> str:
    part = f" [{incident.facet}]" if incident.facet else ""
    way = "told with" if incident.root == incident.entity else "follows from"
    root = f", {way} {incident.root_incident}" if incident.root_incident else ""
    what = f"{incident.id}  {incident.entity.name} {incident.indicator}{part}"
    return f"{what}, since {incident.opened}, owner {incident.owner}{root}"


def _say_status(incident: Incident) -> None:
    console().print(f"{incident.id} is now [bold]{incident.status}[/]")


def _act(
    verb: str, project: ProjectOption, incident: str, person: str, note: str, **extra: object
) -> Incident:
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.response import service
    from governance_pipeline.stages.services import utc_now

    opened = open_project(project)
    store = open_project_store(opened)
    act: Callable[..., Incident] = getattr(service, verb)
    found = act(opened, store, incident, person=person, note=note, now=utc_now(), **extra)
    store.close()
    return found
