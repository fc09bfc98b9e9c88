"""nightly, check, status: run a night, look at one dataset, look at the last night."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import (
    DateOption,
    Format,
    FormatOption,
    ProjectOption,
    ReportFormat,
    ReportFormatOption,
    console,
    entries,
    print_json,
)
from governance_pipeline.cli.reported import telling_failure
from governance_pipeline.indicators.wording import calendar_date, long_date
from governance_pipeline.vocabulary.outcome import Outcome

if TYPE_CHECKING:
    from governance_pipeline.response.outbox import DispatchReport
    from governance_pipeline.vocabulary.measurement import Measurement
    from governance_pipeline.vocabulary.night import NightEvent
    from governance_pipeline.vocabulary.risk import Contribution


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(
        epilog="Examples: governance nightly  |  governance nightly --date 2026-03-01"
        "  |  governance nightly --catch-up"
    )(nightly)
    app.command(
        epilog="Examples: governance check lending.incomes"
        "  |  governance check lending.incomes --format junit"
    )(check)
    app.command(epilog="Example: governance status --format json")(status)


def nightly(
    project: ProjectOption = None,
    night: DateOption = None,
    dataset: Annotated[
        list[str] | None,
        typer.Option("--dataset", metavar="NAME", help="Only this dataset; may be repeated."),
    ] = None,
    *,
    catch_up: Annotated[bool, typer.Option(help="Also run every earlier night that was missed.")] = False,
    send: Annotated[bool, typer.Option(help="Send the alerts afterwards.")] = True,
    output: FormatOption = Format.TABLE,
) -> None:
    """Run the night: the same function that Dagster runs. Safe to repeat."""
    from governance_pipeline.bootstrap import open_project, services
    from governance_pipeline.cli.delivery import deliver
    from governance_pipeline.nightly import last_due_night, missed_nights, run_night

    with services(open_project(project, lenient=True)) as opened:
        last = night or last_due_night(opened)
        nights = sorted({*missed_nights(opened, last), last}) if catch_up else [last]
        events: list[NightEvent] = []
        for due in nights:
            events.extend(
                _watched(run_night(opened, due, datasets=dataset or ()), quiet=output is Format.JSON)
            )
        delivered = deliver(opened, quiet=output is Format.JSON) if send else None
    if output is Format.JSON:
        print_json({"nights": nights, "events": _event_list(events), "delivery": delivered})
    else:
        _summarise(events, nights, delivered)
    raise typer.Exit(1 if _breached(events) else 0)


def check(
    dataset: Annotated[str, typer.Argument(help="Dataset, as namespace.name.")],
    project: ProjectOption = None,
    night: DateOption = None,
    output: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Measure one dataset now and show every indicator. Writes nothing."""
    from governance_pipeline.bootstrap import open_project, services
    from governance_pipeline.nightly import check_dataset, last_due_night

    with telling_failure(output, "check", dataset) as tell, services(open_project(project)) as opened:
        measurements = check_dataset(opened, dataset, night or last_due_night(opened))
        if output is ReportFormat.JSON:
            print_json(measurements)
        elif output is ReportFormat.TABLE:
            print_measurements(f"{dataset}", measurements)
        else:
            from governance_pipeline.reports.findings.clauses import of_measurements

            tell(of_measurements(dataset, measurements, opened.project, opened.clock()))
    raise typer.Exit(1 if any(m.outcome.is_breach for m in measurements) else 0)


def status(
    project: ProjectOption = None, night: DateOption = None, output: FormatOption = Format.TABLE
) -> None:
    """The last sealed night: outcomes, risk, and what is missing."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.errors import NotFound
    from governance_pipeline.reviews.waivers import in_force, with_waivers
    from governance_pipeline.stages.services import utc_now

    store = open_project_store(open_project(project))
    with store.reading() as unit:
        latest = unit.nights.latest()
        sealed = unit.nights.get(night) if night else latest
        if sealed is None:
            raise NotFound(
                f"the night of {calendar_date(night)} has not been sealed"
                if night
                else "no night has run yet",
                hint=f"the last one is that of {latest.night}" if latest else "run `governance nightly`",
            )
        risks = unit.risks.of_night(sealed.night)
        findings = with_waivers(
            (m for m in unit.measurements.of_night(sealed.night) if m.outcome != "pass"),
            in_force(unit, utc_now().date()),
        )
    store.close()
    if output is Format.JSON:
        print_json({"night": sealed, "risks": risks, "findings": findings})
        return
    outcomes = ", ".join(f"{n} {name}" for name, n in sealed.outcomes.items())
    console().print(
        f"[bold]{long_date(sealed.night)}[/]: {outcomes}; "
        f"{sealed.received} of {sealed.expected} expected checks received"
    )
    entries(
        "Risk (0 to 100, and the change since last night)",
        (
            (r.tier, f"{r.score:.0f} {_signed(r.difference)}  {r.entity.name}", _why(r.contributions))
            for r in risks
            if r.score > 0
        ),
    )
    print_measurements("Findings", findings)


def print_measurements(title: str, measurements: Sequence[Measurement]) -> None:
    """Measurements, worst first; what passed is one line each, the rest says why."""
    ordered = sorted(measurements, key=lambda m: (-m.outcome.severity, m.key))
    entries(
        title,
        ((str(m.outcome), _about(m), "" if m.outcome is Outcome.PASS else _explained(m)) for m in ordered),
    )


def _explained(measurement: Measurement) -> str:
    picture = measurement.details.get("report")
    return f"{measurement.sentence}\nPicture: {picture}" if picture else measurement.sentence


def _about(measurement: Measurement) -> str:
    part = f" [{measurement.facet}]" if measurement.facet else ""
    number = _number(measurement)
    counted = f" (n = {measurement.n:,})" if number and measurement.n else ""
    return f"{measurement.entity.name} {measurement.indicator}{part}  {number}{counted}".rstrip()


def _watched(events: Iterable[NightEvent], *, quiet: bool) -> list[NightEvent]:
    """Consume a night's events, with a progress bar on a terminal."""
    from governance_pipeline.cli.progress import follow

    return follow(events, quiet=quiet)


def _event_list(events: Sequence[NightEvent]) -> list[dict[str, object]]:
    from governance_pipeline.vocabulary.json_form import jsonable

    return [{"event": type(event).__name__, **jsonable(event)} for event in events]


def _breached(events: Sequence[NightEvent]) -> bool:
    from governance_pipeline.vocabulary.night import IndicatorMeasured

    return any(isinstance(e, IndicatorMeasured) and e.measurement.outcome.is_breach for e in events)


def _summarise(
    events: Sequence[NightEvent], nights: Sequence[date], delivered: DispatchReport | None
) -> None:
    from governance_pipeline.cli.story import night_summary

    for line in night_summary(events, nights, delivered):
        console().print(line)


def _number(measurement: Measurement) -> str:
    if measurement.value is None:
        return ""
    interval = measurement.interval
    value = measurement.value
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - never 4.2e+04
    if interval is not None:
        text += f" [{interval[0]:.3g}, {interval[1]:.3g}]"
    return f"{text} {measurement.unit}".rstrip()


def _signed(difference: float | None) -> str:
    return "" if difference is None or round(difference) == 0 else f"({difference:+.0f})"


def _why(contributions: Sequence[Contribution]) -> str:
    first = max(contributions, key=lambda contribution: contribution.points, default=None)
    return first.sentence if first else ""
