"""ledger show | verify | keys | erase: the record of every act."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from governance_pipeline.cli.common import Format, FormatOption, ProjectOption, console, print_json, table
from governance_pipeline.cli.verbs import App

group = App(help="The record of every act: nobody can change it unseen.")


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="ledger")


@group.command(epilog="Example: governance ledger show --about NR-2026-03 --last 50")
def show(
    project: ProjectOption = None,
    about: Annotated[str | None, typer.Option(help="Only acts on this review, incident, night ...")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many, counted from the newest.")] = 30,
    output: FormatOption = Format.TABLE,
) -> None:
    """List acts as they were entered, the newest last."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.ledger.entries import read_entry

    store = open_project_store(open_project(project))
    try:
        with store.reading() as unit:
            entries = [read_entry(stored) for stored in unit.ledger.entries()]
            entries = [one for one in entries if about in (None, one.about)][-last:]
            told = {p.digest: p.told for p in unit.ledger.payloads({one.payload for one in entries})}
    finally:
        store.close()
    if output is Format.JSON:
        print_json({"entries": [{"entry": one, "told": told.get(one.payload)} for one in entries]})
        return
    rows = ((one.index, _minute(one.at), one.kind, one.about, _who(told.get(one.payload))) for one in entries)
    table("The ledger", ("entry", "at (UTC)", "act", "about", "by"), rows)


@group.command(epilog="Example: governance ledger verify || page-security")
def verify(
    project: ProjectOption = None,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A checkpoint that you kept, from a mail say.")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Check every entry, its signature, the checkpoints, and that the store still says what was entered.

    Checkpoints at the places of `ledger.copies` in governance.yaml are checked too.

    Exit 0 all holds, 1 something was changed, 3 it could not be checked.
    """
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.stages.services import checkpoint_log
    from governance_pipeline.stages.witnesses.copying import copied_checkpoints, given_checkpoints
    from governance_pipeline.store.ledger_check import verify_ledger

    opened = open_project(project)
    store = open_project_store(opened)
    log = checkpoint_log(opened)
    try:
        held, problems = copied_checkpoints(opened, store, log)
        given, further = given_checkpoints(checkpoint or (), log)
        report = verify_ledger(store, log, ([*held, *given], [*problems, *further]))
    finally:
        store.close()
    if output is Format.JSON:
        print_json({"holds": report.holds, "report": report})
        raise typer.Exit(0 if report.holds else 1)
    out = console()
    word = "[bold green]HOLDS[/]" if report.holds else "[bold red]CHANGED[/]"
    out.print(
        f"{word} {report.size} entries, {report.witnessed} of them under the newest of {report.checkpoints}"
        f" checkpoints; {report.erased} erased"
    )
    out.print(f"  root {report.root}", markup=False)
    for fault in report.faults:
        out.print(f"  x {fault.code.replace('_', ' ')}: {fault.sentence}", markup=False)
    if not report.holds:
        out.print(
            f"  -> keep the store and {log.path} as they are for whoever investigates, and restore the last"
            " backup that verifies",
            style="yellow",
            markup=False,
        )
        raise typer.Exit(1)


@group.command(epilog="Example: governance ledger keys --rotate")
def keys(
    project: ProjectOption = None,
    *,
    rotate: Annotated[bool, typer.Option("--rotate", help="Sign with a new key from now on.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """List the keys that sign, or take a new one. Give auditors the file of public keys."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.stages.services import checkpoint_log

    opened = open_project(project)
    kept = checkpoint_log(opened).keys
    if rotate:
        from governance_pipeline.stages.services import utc_now
        from governance_pipeline.store.rotation import rotate_key

        store = open_project_store(opened)
        try:
            rotate_key(store, kept, utc_now())
        finally:
            store.close()
    known = list(kept.trusted().values())
    found = [
        {"key": key.id, "first": key.first, "until": key.until, "signs": key.until is None} for key in known
    ]
    if output is Format.JSON:
        print_json({"public_keys": kept.public_path, "keys": found})
        return
    rows = (
        (one["key"], one["first"], "signs now" if one["signs"] else f"until entry {one['until']}")
        for one in found
    )
    table(f"Public keys in {kept.public_path}", ("key", "from entry", "state"), rows)


@group.command(epilog="Example: governance ledger erase 1204 1207")
def erase(
    entries: Annotated[list[int], typer.Argument(help="Numbers of entries.")],
    project: ProjectOption = None,
) -> None:
    """Erase for good what entries tell, as where it names a person; the entries and all proofs stay."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.errors import NotFound
    from governance_pipeline.ledger.entries import read_entry
    from governance_pipeline.stages.services import utc_now

    store = open_project_store(open_project(project))
    try:
        with store.begin() as unit:
            wanted = set(entries)
            read = [one for one in map(read_entry, unit.ledger.entries()) if one.index in wanted]
            unknown = sorted(wanted - {one.index for one in read})
            if unknown:
                raise NotFound(f"the ledger has no entry {unknown[0]}", hint="see `governance ledger show`")
            gone = unit.ledger.erase({one.payload for one in read})
            for one in read:
                unit.ledger.append("payload.erased", f"entry {one.index}", utc_now(), {"entry": one.index})
    finally:
        store.close()
    console().print(f"{gone} of {len(entries)} erased; the ledger verifies as before")


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _who(told: dict[str, Any] | None) -> str:
    """Who acted, where an entry tells; the night itself where nobody is named."""
    if told is None:
        return "(erased)"
    act = told.get("act")
    actor = act.get("actor") if isinstance(act, dict) else told.get("actor")
    return str(actor or "")
