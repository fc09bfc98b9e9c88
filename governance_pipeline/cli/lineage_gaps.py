"""lineage gaps and diff: what the lineage leaves open, and how it differs from an earlier one."""

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
)
from governance_pipeline.cli.lineage_seen import AsOfOption, recorded, recorded_night, seen
from governance_pipeline.cli.verbs import App

if TYPE_CHECKING:
    from governance_pipeline.store.ports import Unit


def register(group: App) -> None:
    """Add this module's verbs."""
    group.command(epilog="Example: governance lineage gaps --as-of 2026-03-08")(gaps)
    group.command(epilog="Example: governance lineage diff --since-review mortgage_approval")(diff)


def gaps(
    project: ProjectOption = None, as_of: AsOfOption = None, output: FormatOption = Format.TABLE
) -> None:
    """Features and snapshots of unknown origin, labels that got lost on the way, purposes that do not match.

    Leaves with 1 where there is any.
    """
    from governance_pipeline.bootstrap import open_project
    from governance_pipeline.lineage.gaps import gaps as find

    found = seen(open_project(project), as_of)
    models = found.project.models.values()
    told = find(found.graph, found.nodes, models, found.project.playbook.purposes)
    if output is Format.JSON:
        print_json({"as_of": as_of, "gaps": told})
    else:
        entries(
            "What the lineage leaves open", ((str(one.kind), str(one.about), one.sentence) for one in told)
        )
        if not told:
            console().print("the lineage leaves nothing open")
    if told:
        raise typer.Exit(1)


def diff(
    project: ProjectOption = None,
    since: Annotated[
        date | None,
        typer.Option("--since", parser=day, metavar=DAY, help="The earlier night (default: the one before)."),
    ] = None,
    since_review: Annotated[
        str | None,
        typer.Option(
            "--since-review",
            metavar="MODEL",
            help="Only what this model comes from, since its last approved review.",
        ),
    ] = None,
    as_of: AsOfOption = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """What has changed in the lineage since the last night, or a model's last approved review."""
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.errors import UsageError
    from governance_pipeline.lineage.drift import Known, drift
    from governance_pipeline.vocabulary.entity import Entity

    if since is not None and since_review is not None:
        raise UsageError("--since and --since-review exclude each other", hint="leave one out")
    opened = open_project(project)
    after = seen(opened, as_of)
    if since_review is not None:
        opened.model(since_review)
    store = open_project_store(opened)
    try:
        with store.begin() as unit:
            night = _before(unit, since, since_review, as_of)
            before = Known(*recorded(unit, night))
    finally:
        store.close()
    model = Entity.model(since_review) if since_review is not None else None
    told = drift(before, Known(after.graph, after.nodes), of=model)
    if output is Format.JSON:
        print_json({"since": night, "as_of": as_of, "differences": told})
        return
    title = f"What has changed in the lineage since the night of {night}"
    entries(title, ((str(one.difference), str(one.about), one.sentence) for one in told))
    if not told:
        console().print(f"the lineage is as it was on the night of {night}", markup=False)


def _before(unit: Unit, since: date | None, model: str | None, as_of: date | None) -> date:
    """The night to compare with.

    Raises:
        NotFound: no such night is recorded, or the model has no approved review.
    """
    from datetime import timedelta

    from governance_pipeline.errors import NotFound

    if model is not None:
        return _approved(unit, model)
    if since is not None:
        return recorded_night(unit, since).night
    if as_of is None:
        latest = unit.nights.latest()
    else:
        earlier = unit.nights.between(date.min, as_of - timedelta(days=1))
        latest = max(earlier, key=lambda one: one.night, default=None)
    if latest is None:
        raise NotFound("no earlier night is recorded", hint="run `governance nightly` first")
    return latest.night


def _approved(unit: Unit, model: str) -> date:
    """The night that opened the model's last approved review."""
    from governance_pipeline.errors import NotFound
    from governance_pipeline.reviews.fold import fold

    nights = []
    for review, milestone in unit.reviews.list():
        if milestone.model == model:
            state = fold(unit.reviews.events(review))
            if state.is_approved and state.settled_at is not None:
                nights.append((state.settled_at, milestone.night))
    if not nights:
        raise NotFound(f"no review of {model} is approved", hint="see `governance review list`")
    return recorded_night(unit, max(nights)[1]).night
