"""Follow a night's events: a progress bar on a terminal, silence elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from governance_pipeline.vocabulary.night import DatasetScanned, NightEvent, NightStarted


def progress_bar() -> Progress:
    """The one look of all our progress bars; drawn on standard error, only on a terminal."""
    stderr = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )


def follow(events: Iterable[NightEvent], *, quiet: bool = False) -> list[NightEvent]:
    """Consume ``events``, showing how many datasets have been scanned."""
    seen: list[NightEvent] = []
    if quiet:
        return list(events)
    with progress_bar() as bar:
        task = bar.add_task("night", total=None)
        for event in events:
            seen.append(event)
            if isinstance(event, NightStarted):
                bar.update(task, description=f"night of {event.night}", total=len(event.datasets))
            elif isinstance(event, DatasetScanned):
                bar.update(task, advance=1, description=f"scanned {escape(event.dataset)}")
    return seen
