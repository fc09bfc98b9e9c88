"""policy backtest: what would another playbook have changed?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from governance_pipeline.cli.common import (
    DAY,
    Format,
    FormatOption,
    ProjectOption,
    console,
    day,
    print_json,
    table,
)
from governance_pipeline.cli.verbs import App

if TYPE_CHECKING:
    from governance_pipeline.stages.backtest.differences import Backtest

group = App(help="The playbook: what another one would have changed.")
MOST_SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add this module's verbs."""
    app.add_typer(group, name="policy")


@group.command(epilog="Example: governance policy backtest --playbook stricter --from 2026-03-01")
def backtest(
    playbook: Annotated[Path, typer.Option(metavar="DIR", help="Folder with the other playbook's files.")],
    project: ProjectOption = None,
    first: Annotated[
        date | None, typer.Option("--from", parser=day, metavar=DAY, help="First night (default: the first).")
    ] = None,
    last: Annotated[
        date | None, typer.Option("--to", parser=day, metavar=DAY, help="Last night (default: the newest).")
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Replay past nights and reviews under another playbook, and say what would differ. Writes nothing.

    Outcomes are judged again from what was measured then; what would need the data again is named.
    """
    from governance_pipeline.bootstrap import open_project, open_project_store
    from governance_pipeline.stages.backtest.answers import backtest as replay
    from governance_pipeline.stages.backtest.other import read_playbook

    opened = open_project(project)
    other = read_playbook(opened, playbook)
    store = open_project_store(opened)
    try:
        found = replay(opened, store, other, first, last)
    finally:
        store.close()
    if output is Format.JSON:
        print_json({"differs": found.differs, "backtest": found})
    else:
        _show(found)


def _show(found: Backtest) -> None:
    out = console()
    verdict = "DIFFERS" if found.differs else "THE SAME"
    nights = f"{found.nights} night{'' if found.nights == 1 else 's'}, {found.first} to {found.last}"
    out.print(f"[bold]{verdict}[/] over {nights}: {found.measurements:,} measurements")
    if found.by_indicator:
        rows = [(one.indicator, one.outcomes, one.nights, _ways(one.changes)) for one in found.by_indicator]
        table("Outcomes", ("indicator", "changed", "nights", "from now to then"), rows)
    outcomes = [
        (one.night, one.entity, _part(one.indicator, one.facet), one.now or "-", one.then or "-")
        for one in found.outcomes
    ]
    _listed("Which outcomes", ("night", "of", "indicator", "now", "then"), outcomes)
    _listed("Incidents", ("night", "act", "only", "incident", "what"), map(_news, found.incidents))
    _listed("Alerts", ("night", "act", "only", "to", "subject"), map(_news, found.alerts))
    _listed("Reviews opened", ("night", "why", "only", "of", "what"), map(_news, found.openings))
    reviews = [
        (one.night, one.review, f"{one.model} {one.version or ''}", _people(one.now), _people(one.then))
        for one in found.reviews
    ]
    _listed("Reviews: who must decide", ("night", "review", "of", "now", "then"), reviews)
    gates = [
        (one.night, f"{one.model} {one.version}", _closed(one.closed_now), _closed(one.closed_then))
        for one in found.gates
    ]
    _listed("Gates", ("night", "of", "now", "then"), gates)
    left = [(one.what, one.why, one.measurements or "") for one in found.not_replayed]
    _listed("Not replayed", ("what", "why", "measurements"), left)


def _news(one: object) -> tuple[object, ...]:
    from governance_pipeline.stages.backtest.differences import NewsChange

    assert isinstance(one, NewsChange)
    return one.night, one.kind, one.only, one.about, one.sentence


def _listed(title: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """The first of them; --format json has all."""
    shown = list(rows)
    if not shown:
        return
    more = f" (the first {MOST_SHOWN} of {len(shown)})" if len(shown) > MOST_SHOWN else ""
    table(f"{title}{more}", columns, shown[:MOST_SHOWN])


def _ways(changes: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {way}" for way, count in changes.items())


def _part(indicator: str, facet: str) -> str:
    return f"{indicator} [{facet}]" if facet else indicator


def _people(needed: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ({count})" if count > 1 else name for name, count in needed.items()) or "nobody"


def _closed(by: tuple[str, ...]) -> str:
    return f"closed by {len(by)}: {by[0]}" if by else "open, by its findings"
