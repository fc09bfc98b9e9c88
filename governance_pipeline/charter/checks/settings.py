"""governance.yaml: the schedule, the channels, the consent ledger and the register of erasures."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from zoneinfo import available_timezones

from governance_pipeline.charter.checks.datasets import Datasets, column_check
from governance_pipeline.charter.consent_ledger import ConsentLedger, ErasureRegister
from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.diagnostics import Problem, nearest, shorten
from governance_pipeline.charter.files import Loaded
from governance_pipeline.charter.odcs import is_time_zone
from governance_pipeline.charter.paths import UnfitPath, project_path
from governance_pipeline.charter.settings import Settings
from governance_pipeline.charter.yaml_source import PathStep
from governance_pipeline.errors import UsageError

CRON_FIELDS = 5
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def check_settings(settings: Loaded[Settings], datasets: Datasets, root: Path) -> Iterator[Problem]:
    """Cron and time zone can be read, channels say where they lead, the consent ledger exists."""
    yield from _schedule(settings)
    yield from _store(settings)
    yield from _outlets(settings, root)
    ledger, register = settings.value.consent, settings.value.erasures
    if ledger is not None:
        contract = yield from _mapped(settings, datasets, "consent", ledger, "the consent ledger")
        where = ("consent", "dataset")
        yield from datasets.of_kind(contract, DatasetKind.CONSENT_LEDGER, settings.source, where)
    if register is not None:
        yield from _mapped(settings, datasets, "erasures", register, "the register of erasures")


def _mapped(
    settings: Loaded[Settings],
    datasets: Datasets,
    section: str,
    mapping: ConsentLedger | ErasureRegister,
    what: str,
) -> Generator[Problem, None, Contract | None]:
    """The dataset that a section names has a contract, with every column that it names; that contract."""
    contract, problems = datasets.named(mapping.dataset, settings.source, (section, "dataset"), what)
    yield from problems
    check = column_check(contract, settings.source)
    for path, column in mapping.named():
        yield from check(column, (section, *path))
    return contract


def _schedule(settings: Loaded[Settings]) -> Iterator[Problem]:
    from croniter import croniter

    schedule, source = settings.value.schedule, settings.source
    if len(schedule.cron.split()) != CRON_FIELDS or not croniter.is_valid(schedule.cron):
        message = f"'{shorten(schedule.cron)}' is no cron expression"
        yield source.problem(
            ("schedule", "cron"), message, expected="five fields such as 0 2 * * * (02:00 every night)"
        )
    if not is_time_zone(schedule.timezone):
        yield source.problem(
            ("schedule", "timezone"),
            f"'{shorten(schedule.timezone)}' is no known time zone",
            expected="an IANA name such as Europe/Zurich",
            suggestion=nearest(schedule.timezone, available_timezones()),
        )


def _store(settings: Loaded[Settings]) -> Iterator[Problem]:
    """The store's address leads to a database that can hold one, whatever its variables stand for."""
    from governance_pipeline.store.engine import STORE_URLS, database_url
    from governance_pipeline.store.open import MEMORY

    text = settings.value.store
    if text == MEMORY or text.startswith("${"):
        return
    try:
        database_url(_VARIABLE.sub("1", text))  # a number, because it may stand for the port
    except UsageError as error:
        message = error.message[0].lower() + error.message[1:]
        yield settings.source.problem(("store",), message, expected=STORE_URLS)


def _outlets(settings: Loaded[Settings], root: Path) -> Iterator[Problem]:
    needs = {"apprise": "url", "file": "path"}
    for name, channel in settings.value.channels.items():
        key = needs.get(channel.type)
        if key is not None and not getattr(channel, key):
            message = f"the channel '{name}' of type {channel.type} has no {key}"
            yield settings.source.problem(
                ("channels", name), message, expected=f"a line {key}: ...", key=True
            )
        if channel.path is not None:
            yield from path_problem(channel.path, root, settings, ("channels", name, "path"))
    yield from _copies(settings, root)
    lineage = settings.value.openlineage
    if lineage.transport == "http" and not lineage.url:
        message = "OpenLineage over http has no url"
        yield settings.source.problem(("openlineage",), message, expected="a line url: ...", key=True)
    yield from path_problem(lineage.path, root, settings, ("openlineage", "path"))


_PLACES = "folder, object_store, git, time_stamp or channel"


def _copies(settings: Loaded[Settings], root: Path) -> Iterator[Problem]:
    """Each place of the ledger's copies is one, and leads where the project may write."""
    for number, copy in enumerate(settings.value.ledger.copies):
        path: tuple[PathStep, ...] = ("ledger", "copies", number)
        if len(copy.named) != 1:
            message = f"a copy of the ledger's checkpoints goes to one place, not {len(copy.named)}"
            yield settings.source.problem(path, message, expected=_PLACES)
            continue
        if copy.channel is not None and copy.channel.name not in settings.value.channels:
            message = f"there is no channel '{copy.channel.name}'"
            yield settings.source.problem((*path, "channel", "name"), message, expected="a name of channels")
        for text in copy.paths:
            yield from path_problem(text, root, settings, path)


def path_problem(
    text: str, root: Path, loaded: Loaded[Settings], path: tuple[PathStep, ...]
) -> Iterator[Problem]:
    """A problem where ``text`` is no path the project may use."""
    try:
        project_path(text, root)
    except UnfitPath as error:
        expected = "a path in the project folder, or an absolute path"
        yield loaded.source.problem(path, str(error), expected=expected)
