"""controls: which controls of published frameworks the record supports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json, table
from governance_pipeline.cli.desk import promotion_desk

if TYPE_CHECKING:
    from governance_pipeline.reports.controls.coverage import Coverage, Supported
    from governance_pipeline.reports.evidence.record import Record


_STEPS = 10


def register(app: typer.Typer) -> None:
    """Add this module's verb."""
    app.command(epilog="Example: governance controls mortgage_approval 2 --framework EU-AI-Act")(controls)


def controls(
    model: Annotated[str | None, typer.Argument(help="Model name (default: every model).")] = None,
    version: Annotated[str | None, typer.Argument(help="Version that a night has seen.")] = None,
    project: ProjectOption = None,
    framework: Annotated[
        str | None, typer.Option(help="Only this one, with each of its controls, as EU-AI-Act.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Say how far the record supports each control of published frameworks, and what would raise it.

    NIST AI RMF, ISO/IEC 42001, EU AI Act, GDPR, SR 11-7, SR 26-2. Whether a control is met, people decide.
    """
    from governance_pipeline.charter.controls import frameworks
    from governance_pipeline.errors import NotFound
    from governance_pipeline.reports.controls.coverage import coverage
    from governance_pipeline.stages.services import utc_now

    if framework is not None and framework not in frameworks():
        raise NotFound(f"there is no framework '{framework}'", hint=f"there are: {', '.join(frameworks())}")
    found = coverage(_records(project, model, version), utc_now())
    if output is Format.JSON:
        print_json(_only(found, framework))
        return
    _print(found, framework)


def _records(project: Path | None, model: str | None, version: str | None) -> list[Record]:
    """The record of the version named, or of each model's version that serves (else its newest)."""
    from governance_pipeline.errors import NotFound
    from governance_pipeline.reports.evidence.reading import read_records, standing_version
    from governance_pipeline.stages.services import checkpoint_log

    with promotion_desk(project) as desk:
        log = checkpoint_log(desk.project)
        names = [model] if model else list(desk.project.models)
        chosen = {name: version or standing_version(desk, name) for name in names}
        asked = [(name, label) for name, label in chosen.items() if label is not None]
        if not asked:
            raise NotFound("no version of any model was ever seen", hint="run `governance nightly`")
        return read_records(desk, log, asked)


def _only(found: Coverage, framework: str | None) -> Coverage:
    from dataclasses import replace

    if framework is None:
        return found
    from governance_pipeline.reports.controls.coverage import raising

    frameworks = tuple(one for one in found.frameworks if one.framework == framework)
    mine = tuple(_of(found, framework))
    return replace(found, frameworks=frameworks, controls=mine, steps=raising(mine))


def _of(found: Coverage, framework: str) -> list[Supported]:
    return [one for one in found.controls if one.control.framework == framework]


def _print(found: Coverage, framework: str | None) -> None:
    from governance_pipeline.reports.controls.support import State

    if framework is None:
        rows = ((one.title, *(one.states[state] or "" for state in State)) for one in found.frameworks)
        title = f"Controls that the record of {', '.join(found.versions)} supports"
        table(title, ("framework", *State), rows)
        steps = ((len(one.controls), one.step) for one in found.steps[:_STEPS])
        table("What would raise most of them", ("controls", "step"), steps)
    else:
        listed = _of(found, framework)
        told = ((one.control.id, one.control.title, one.state, *one.raises[:1]) for one in listed)
        title = f"{framework}: {listed[0].control.edition}"
        table(title, ("control", "about", "state", "what would raise it"), told)
    out = console()
    out.print(found.note, markup=False)
    if framework is None:
        out.print("Each control, and what would raise it: add --framework NAME", markup=False)
