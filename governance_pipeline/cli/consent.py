"""consent impact, subject, keys, erase: whom models have learned from, and what withdrawals reach."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from governance_pipeline.stages.impact import Affected

group = App(help="Consent: whom models have learned from, and what withdrawals reach.")


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="consent")


@group.command(epilog="Example: governance consent impact --since 2026-03-01")
def impact(
    since: Annotated[
        date | None,
        typer.Option(
            "--since", parser=day, metavar=DAY, help="Count only those who withdrew on this day or later."
        ),
    ] = None,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Model versions that have learned from people who have withdrawn, and where they serve.

    Counts are told in steps of the smallest group that may be shown.
    """
    from governance_pipeline.bootstrap import open_project, services
    from governance_pipeline.nightly import last_due_night
    from governance_pipeline.stages.impact import withdrawal_impact
    from governance_pipeline.stages.scan import day_start

    opened = open_project(project)
    with services(opened) as parts:
        night = last_due_night(parts)
        begin = None if since is None else day_start(opened, since)
        found = withdrawal_impact(parts, night, begin)
    if output is Format.JSON:
        print_json({"night": night, "since": since, "versions": found})
        return
    when = f" since {since:%d %B %Y}" if since else ""
    entries(f"Withdrawn{when}, by the end of {night:%d %B %Y}", map(_entry, found))
    if not found:
        console().print("no version's people are known yet: they are taken by the night that first sees it")


@group.command(epilog="Example: governance consent subject P-004711")
def subject(
    person: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person, as the tables name them.")],
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Which model versions have learned from one person. The answer is neither kept nor logged."""
    from governance_pipeline.bootstrap import open_project, services
    from governance_pipeline.stages.impact import learned_from

    with services(open_project(project)) as parts:
        found = learned_from(parts, person)
    if output is Format.JSON:
        print_json({"versions": found})
        return
    words = {True: "learned from this person", False: "did not", None: "not known"}
    table(
        "Versions",
        ("version", "snapshot", "this person"),
        (
            (
                f"{one.model} {one.version}",
                one.snapshot,
                words[one.learned] + (f": {one.problem}" if one.problem else ""),
            )
            for one in found
        ),
    )


@group.command(epilog="Example: governance consent keys --rotate")
def keys(
    *,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make a new key for new manifests.")] = False,
    project: ProjectOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """The ids of the keys that people's hashes are made with, and how many manifests need each.

    A key that no manifest needs any more can be deleted from its file; where it is deleted earlier, these
    manifests can never be read again.
    """
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.stages.manifests import keys_of

    opened = open_project(project)
    kept = keys_of(opened)
    if rotate:
        kept.rotate()
    store = open_project_store(opened)
    with store.reading() as unit:
        needed = [one.key for one in unit.subjects.all() if one.key and one.erased_at is None]
    store.close()
    known = [key.id for key in kept.all()]
    found = [
        {"key": key, "there": key in known, "newest": known[-1:] == [key], "manifests": needed.count(key)}
        for key in dict.fromkeys([*known, *needed])
    ]
    if output is Format.JSON:
        print_json({"file": opened.settings.subject_keys, "keys": found})
        return
    rows = ((one["key"], _state(known, str(one["key"])), one["manifests"]) for one in found)
    table(f"Keys in {opened.settings.subject_keys}", ("key", "state", "manifests"), rows)


@group.command(epilog="Example: governance consent erase mortgage_approval 1")
def erase(
    model: Annotated[str, typer.Argument(help="The model.")],
    version: Annotated[str, typer.Argument(help="Its version.")],
    project: ProjectOption = None,
) -> None:
    """Erase the set of people that a version has learned from, for good. What was counted from it stays."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.errors import NotFound
    from governance_pipeline.stages.services import utc_now

    store = open_project_store(open_project(project))
    try:
        with store.begin() as unit:
            known = {one.id for one in unit.subjects.all()}
            if (model, version) not in known:
                raise NotFound(
                    f"there is no manifest of {model} {version}", hint="see `governance consent impact`"
                )
            unit.subjects.erase(model, version, utc_now())
    finally:
        store.close()
    console().print(f"the set of people of {model} {version} is erased", markup=False)


def _entry(one: Affected) -> tuple[str, str, str]:
    where = f", serves in {', '.join(one.deployments)}" if one.deployments else ""
    about = f"{one.model} {one.version} ({one.stage}){where}, of {one.owner or 'nobody'}"
    if one.problem:
        return (
            "not known",
            about,
            f"Who of those it has learned from has withdrawn is not known: {one.problem}",
        )
    before = f"; {one.before} had before it was registered" if one.before else ""
    said = f"{one.withdrawn} of the {one.people:,} people it has learned from{before}"
    owed = {"": "", "nothing": ". The playbook asks for nothing"}.get(one.owed, f". To be {one.owed}")
    return "withdrawn" if one.owed else "none", about, f"{said[0].upper()}{said[1:]}{owed}."


def _state(known: Sequence[str], key: str) -> str:
    if key not in known:
        return "not there any more"
    return "used for new manifests" if known[-1] == key else "kept for older ones"
