"""gate: may this model version be promoted?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import (
    ProjectOption,
    ReportFormat,
    ReportFormatOption,
    console,
    print_json,
)
from governance_pipeline.cli.desk import promotion_desk
from governance_pipeline.cli.reported import telling_failure
from governance_pipeline.indicators.wording import calendar_date, counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from governance_pipeline.reviews.evidence import FindingKey
    from governance_pipeline.reviews.gate import GateReason, GateReport
    from governance_pipeline.vocabulary.review import Waiver


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(
        epilog="Examples: governance gate mortgage_approval 2 && deploy mortgage_approval 2"
        "  |  governance gate mortgage_approval 2 --format sarif"
    )(gate)


def gate(
    model: Annotated[str, typer.Argument(help="Model name.")],
    version: Annotated[str, typer.Argument(help="Registered version.")],
    project: ProjectOption = None,
    output: ReportFormatOption = ReportFormat.TABLE,
    stage: Annotated[
        str | None, typer.Option(help="Also ask for a valid permit for this stage, as before a deployment.")
    ] = None,
) -> None:
    """Say whether a version may be promoted, and why not. Exit 0 open, 1 closed, 3 unknown."""
    from governance_pipeline.reviews.gate import evaluate_gate
    from governance_pipeline.reviews.promotion import gate_for_stage
    from governance_pipeline.reviews.waivers import in_force
    from governance_pipeline.stages.services import utc_now

    with (
        telling_failure(output, "gate", f"{model} version {version}") as tell,
        promotion_desk(project) as desk,
    ):
        now = utc_now()
        if stage is None:
            report = evaluate_gate(desk.project, desk.store, model, version, now)
        else:
            report = gate_for_stage(desk, model, version, stage, now)
        with desk.store.reading() as unit:
            report = _with_waivers(report, in_force(unit, now.date()))
        if output is ReportFormat.JSON:
            print_json({"open": report.is_open, "report": report})
        elif output is ReportFormat.TABLE:
            print_gate(report)
        else:
            from governance_pipeline.reports.findings.clauses import of_gate

            tell(of_gate(report, desk.project))
    raise typer.Exit(0 if report.is_open else 1)


def _with_waivers(report: GateReport, waivers: Mapping[FindingKey, Waiver]) -> GateReport:
    """A number that is waived is never shown without its waiver."""
    from dataclasses import replace

    from governance_pipeline.reviews.waivers import noted, with_waivers

    told = {m.sentence: noted(m.sentence, waivers[m.key]) for m in report.findings if m.key in waivers}
    reasons = tuple(replace(one, sentence=told.get(one.sentence, one.sentence)) for one in report.reasons)
    return replace(report, reasons=reasons, findings=tuple(with_waivers(report.findings, waivers)))


def print_gate(report: GateReport, *, at_most: int = 40) -> None:
    """The verdict, then each reason and what opens it; reasons of one kind about one thing are one."""
    from rich.markup import escape

    out = console()
    verdict = "[bold green]OPEN[/]" if report.is_open else "[bold red]CLOSED[/]"
    night = f"{calendar_date(report.night)}" if report.night else "never"
    status = (report.review_status or "").replace("_", " ")
    review = f"review {report.review} {status}" if report.review else "no review"
    what = escape(f"{report.model} version {report.version}")
    out.print(f"{verdict} [bold]{what}[/] (last night {night}; {review})")
    groups: dict[tuple[str, str], list[GateReason]] = {}
    for reason in report.reasons:
        groups.setdefault((reason.entity, reason.code), []).append(reason)
    shown = list(groups.values())
    for group in shown[:at_most]:
        _print_reason(out, group)
    if len(shown) > at_most:
        out.print(f"  [dim]... and {len(shown) - at_most} more: `governance gate` lists all[/]")
    if report.accepted:
        out.print(f"  {counted(len(report.accepted), 'known finding')} accepted by {report.review}.")


def _print_reason(out: Console, group: Sequence[GateReason]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    first = group[0]
    about = f"{first.entity}: " if first.entity else ""
    more = f" (and {len(group) - 1} more like it)" if len(group) > 1 else ""
    head = Text.assemble(("x ", "red"), (about, "bold"), first.code.replace("_", " "), (more, "dim"))
    out.print(Padding(head, (0, 0, 0, 2)))
    out.print(Padding(Text(first.sentence), (0, 0, 0, 4)))
    out.print(Padding(Text(f"-> {first.next_step}", style="yellow"), (0, 0, 0, 4)))
