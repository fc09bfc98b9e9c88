"""init, validate: the project's files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json, table
from governance_pipeline.indicators.wording import counted


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.command(epilog="Example: governance init my-project && cd my-project && governance validate")(init)
    app.command(epilog="Example: governance validate --explain")(validate)


def init(
    directory: Annotated[Path, typer.Argument(help="New folder to write the project into.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Project name (default: the folder's).")
    ] = None,
) -> None:
    """Write a small commented project that passes `governance validate`."""
    from rich.markup import escape

    from governance_pipeline.charter.scaffold import create_project

    written = create_project(directory, name or _project_name(directory))
    out = console()
    for path in written:
        out.print(f"  [green]+[/] {escape(str(path))}")
    out.print(
        f"\nNext: [bold]cd {escape(str(directory))}[/],"
        " then [bold]governance validate[/] and [bold]governance nightly[/]."
    )


def validate(
    project: ProjectOption = None,
    *,
    explain: Annotated[
        bool, typer.Option(help="Say what was understood, and which ODCS parts are kept but not acted on.")
    ] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Check the project's files: every mistake at once, as file:line:column."""
    from governance_pipeline.charter.explain import explain_project
    from governance_pipeline.charter.loader import check_project, find_project, load_project

    root = find_project(project or Path.cwd())
    problems = check_project(root)
    if output is Format.JSON and (problems or not explain):
        print_json({"project": root, "valid": not problems, "problems": problems})
    elif problems:
        for problem in problems:
            typer.echo(str(problem), err=True)
        typer.echo(f"\n{counted(len(problems), 'problem')}", err=True)
    if problems:
        raise typer.Exit(2)
    loaded = load_project(root)
    if explain:
        understood = explain_project(loaded)
        if output is Format.JSON:
            print_json({"project": root, "valid": True, "datasets": understood})
        else:
            _print_explanation(understood)
    if output is Format.TABLE:
        console().print(
            f"[green]valid[/]: {counted(len(loaded.contracts), 'dataset')},"
            f" {counted(len(loaded.models), 'model')},"
            f" {counted(len(loaded.charter.people), 'person', 'people')},"
            f" {counted(len(loaded.playbook.clauses), 'playbook clause')}"
        )
        if loaded.ungoverned and not explain:
            tables = counted(len(loaded.ungoverned), "table of a contract is", "tables of contracts are")
            console().print(f"[yellow]{tables} not governed[/]; `governance validate --explain` says why")


def _print_explanation(understood: list[dict[str, object]]) -> None:
    for dataset in understood:
        rows = [(key.replace("_", " "), _flat(value)) for key, value in dataset.items() if key != "dataset"]
        table(str(dataset.get("dataset", "")), ("what", "understood as"), rows)


def _flat(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "\n".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else str(value)


def _project_name(directory: Path) -> str:
    name = "".join(c if c.isalnum() else "-" for c in directory.resolve().name.lower()).strip("-")
    return name if name[:1].isalpha() else f"project-{name}".rstrip("-")
