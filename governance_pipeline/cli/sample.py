"""The sample project's sixty nights: land a night's files, run the night, tell the news."""

from __future__ import annotations

import importlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.markup import escape
from rich.progress import Progress

from governance_pipeline.bootstrap import open_project, open_project_store, services
from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.project import Project
from governance_pipeline.cli.common import console
from governance_pipeline.cli.gate import print_gate
from governance_pipeline.cli.progress import progress_bar
from governance_pipeline.cli.story import demo_night
from governance_pipeline.errors import NotFound, UsageError
from governance_pipeline.indicators.wording import calendar_date, counted
from governance_pipeline.lineage.build import build_graph
from governance_pipeline.nightly import run_night
from governance_pipeline.response.channels import open_channels
from governance_pipeline.response.outbox import dispatch
from governance_pipeline.reviews.gate import evaluate_gate
from governance_pipeline.reviews.service import Table, decide, eligible, list_reviews
from governance_pipeline.stages.scan import night_end
from governance_pipeline.stages.services import Services, utc_now
from governance_pipeline.store.open import open_store, upgrade_store
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.night import NightEvent
from governance_pipeline.vocabulary.review import Verdict

SEED = 7
MODEL, NEWEST_VERSION = "mortgage_approval", "2"
NIGHT_RUNS_AFTER = timedelta(hours=2)
FIRST_REVIEW_DECIDED_ON = 2


@dataclass(slots=True)
class SimulatedClock:
    """The clock of the sample's nights: each one runs two hours after its day has ended."""

    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True, slots=True)
class SampleNight:
    """What one night of the sample brought."""

    number: int
    night: date
    events: Sequence[NightEvent]
    sent: int


def run_sample(
    directory: Path,
    *,
    nights: int,
    last: date | None,
    store: str | None,
    progress: Callable[[str, int, int], None] = lambda _what, _done, _of: None,
) -> list[SampleNight]:
    """Prepare the sample in ``directory`` and run its first ``nights`` nights.

    Args:
        directory: a new or empty folder.
        nights: how many of its 60.
        last: the last one; yesterday by default.
        store: URL of an empty database, which is set up and named in the project's governance.yaml;
            the project's own SQLite file by default.
        progress: is told what is happening, how many nights are done and of how many.

    Raises:
        UsageError: the database holds nights of another project, or of an earlier sample.
    """
    progress("preparing 95 days of history", 0, nights)
    world = _lending_world()(directory, seed=SEED, last_night=last)
    world.prepare()
    if store is not None:
        _keep_in(store, directory)
    clock = SimulatedClock()
    told: list[SampleNight] = []
    with services(open_project(directory), clock=clock) as standing:
        for number in range(1, nights + 1):
            night = world.date(number)
            progress(f"night {number}, {night:%d %b}", number - 1, nights)
            world.land(number)
            project = open_project(directory)  # as every night does: a job's SQL changes on one of them
            opened = replace(standing, project=project)
            clock.now = night_end(project, night) + NIGHT_RUNS_AFTER
            events = list(run_night(opened, night))
            channels = open_channels(project.settings, project.root, opened.environ)
            delivered = dispatch(opened.store, channels, project.charter, clock, project.playbook.alerts)
            told.append(SampleNight(number, night, events, delivered.sent))
            if number == FIRST_REVIEW_DECIDED_ON:
                decide_first_review(opened)
    world.close()
    return told


def _keep_in(store: str, directory: Path) -> None:
    """Have the project keep its nights in an empty database: its later commands must find them there."""
    url = resolve_env(store, os.environ)
    upgrade_store(url, root=directory)
    opened = open_store(url, root=directory)
    try:
        with opened.reading() as unit:
            latest = unit.nights.latest()
    finally:
        opened.close()
    if latest is not None:
        raise UsageError(
            f"the store already holds nights, the last of them {calendar_date(latest.night)}",
            hint="name an empty database: nights of two projects cannot be told apart",
        )
    file = directory / "governance.yaml"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [f"store: {json.dumps(store)}\n" if line.startswith("store:") else line for line in lines]
    file.write_text("".join(kept), encoding="utf-8", newline="\n")


def decide_first_review(opened: Services) -> None:
    """Let the people who may decide approve the first version, as they would have before the sample."""
    project = opened.project
    for _, state in list_reviews(opened.store):
        with opened.store.reading() as unit:
            versions = unit.versions.of_model(state.model)
        graph = build_graph(project, versions)
        version = next((v for v in versions if v.version == state.version), None)
        free = eligible(project, graph, state, version, opened.clock().date())
        taken: set[str] = set()
        for function, people in free.items():
            for person in [p for p in people if p.id not in taken][: state.missing[function]]:
                taken.add(person.id)
                _approve(opened, graph, state.id, person.id, function)


def _approve(opened: Services, graph: Any, review: str, person: str, function: Function) -> None:
    decide(
        Table(opened.project, opened.store, graph, opened.clock()),
        review,
        person=person,
        function=function,
        verdict=Verdict.APPROVE,
        reason="The first version was measured on a quiet night; nothing stands against it.",
    )


def tell_sample(directory: Path, *, nights: int, last: date | None, store: str | None, force: bool) -> None:
    """Run the sample and print its story and what to try next."""
    directory = directory.resolve()
    _make_room(directory, force=force)
    begun = perf_counter()
    with progress_bar() as bar:
        told = run_sample(directory, nights=nights, last=last, store=store, progress=_shown(bar))
    seconds = perf_counter() - begun
    out = console()
    project = open_project(directory)
    out.print(
        f"[bold]Harbour Lending[/]: {counted(len(project.contracts), 'dataset')},"
        f" {counted(len(project.models), 'model')}, {counted(nights, 'night')}"
        f" to {calendar_date(told[-1].night)}, measured in {seconds:.0f} s"
    )
    for each in told:
        for line in demo_night(each.number, each.night, each.events, project.charter):
            out.print(line)
    quiet = sum(
        1 for each in told if not list(demo_night(each.number, each.night, each.events, project.charter))
    )
    sent = sum(each.sent for each in told)
    out.print(
        f"\n{quiet} of {counted(nights, 'night')} {'was' if quiet == 1 else 'were'} quiet;"
        f" {counted(sent, 'message')} {'was' if sent == 1 else 'were'} sent.\n"
    )
    _tell_gate(project)
    _tell_next(directory)


def _tell_gate(project: Project) -> None:
    opened = open_project_store(project)
    try:
        version = NEWEST_VERSION
        print_gate(evaluate_gate(project, opened, MODEL, version, utc_now()), at_most=6)
    except NotFound:
        console().print("Version 2 is registered on night 54; run all 60 nights to see its gate.")
    finally:
        opened.close()


def _tell_next(directory: Path) -> None:
    shown = directory.name if directory.parent == Path.cwd() else directory
    out = console()
    out.print("\n[bold]Look further[/]")
    for command, what in (
        (f"governance status -p {shown}", "risk now, and why"),
        (f"governance incident list -p {shown}", "what is broken, since when, whose it is"),
        (f"governance review list -p {shown}", "who is still to decide"),
        (f"governance gate {MODEL} {NEWEST_VERSION} -p {shown}", "may version 2 be promoted?"),
        (
            f"governance lineage impact dataset:lending.bureau_scores -p {shown}",
            "who depends on the vendor's feed",
        ),
        (
            f"governance serve -p {shown} --dev-sign-in",
            "the reviewers' pages: what waits for whom, a review with its evidence, the decision",
        ),
        (
            f"governance evidence {MODEL} {NEWEST_VERSION} -o evidence -p {shown}",
            "what an auditor takes away; `governance verify evidence` checks it",
        ),
        (f"governance up -p {shown}", "the Dagster UI: lineage, owners, checks, the nights"),
    ):
        out.print(f"  [bold]{escape(command)}[/]\n    [dim]{what}[/]", soft_wrap=True)


def _shown(bar: Progress) -> Callable[[str, int, int], None]:
    task = bar.add_task("", total=1)
    return lambda what, done, of: bar.update(task, description=what, completed=done, total=of)


def _make_room(directory: Path, *, force: bool) -> None:
    """Make sure the folder is free. Only a folder that an earlier demo made is ever removed."""
    if not directory.exists() or not any(directory.iterdir()):
        return
    if not force:
        raise UsageError(
            f"{directory} is not empty", hint="name another folder, or add --force to replace an earlier demo"
        )
    if not (directory / "registry" / f"{MODEL}.yaml").exists():
        raise UsageError(
            f"{directory} was not made by `governance demo`, so it is left alone", hint="name another folder"
        )
    shutil.rmtree(directory)


def _lending_world() -> Any:
    """The generator: shipped inside an installed package, beside it in a clone."""
    for name in ("governance_pipeline.samples.lending.generator.world", "examples.lending.generator.world"):
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            continue
        if found is not None:
            return importlib.import_module(name).LendingWorld
    raise NotFound(
        "the sample project is not installed", hint="install governance-pipeline[demo], or run from a clone"
    )
