"""The one place that turns a project folder into live parts. CLI, web and Dagster assets call it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.loader import find_project, load_measurable, load_project
from governance_pipeline.charter.project import Project
from governance_pipeline.stages.services import Clock, Services, checkpoint_log, utc_now
from governance_pipeline.store.open import open_store
from governance_pipeline.store.ports import Store

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from governance_pipeline.profiles.cross_plan import CrossPlan
    from governance_pipeline.profiles.cross_table import Crosses
    from governance_pipeline.profiles.partition import Partition
    from governance_pipeline.profiles.plan import Engine, Scan, ScanPlan
    from governance_pipeline.profiles.profile import ColumnProfile, Days
    from governance_pipeline.profiles.received import ReceivedConsent
    from governance_pipeline.profiles.subject_keys import SubjectKey
    from governance_pipeline.profiles.subject_sets import SubjectSet
    from governance_pipeline.vocabulary.consent import ConsentRecord


class StoredConsent:
    """The records of consent that the store has received."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def state(self) -> str:
        with self._store.reading() as unit:
            return unit.consents.state()

    def records(self) -> Sequence[ConsentRecord]:
        with self._store.reading() as unit:
            return unit.consents.all()


class LazyEngine:
    """Opens the real engine at its first use: commands that measure nothing do not pay for it."""

    def __init__(
        self, project: Project, environ: Mapping[str, str], received: ReceivedConsent | None = None
    ) -> None:
        self._project = project
        self._received = received
        self._environ = environ
        self._engine: Engine | None = None

    def _open(self) -> Engine:
        if self._engine is None:
            from governance_pipeline.profiles.engine import IbisEngine

            self._engine = IbisEngine(
                self._project.settings, self._project.root, self._environ, self._received
            )
        return self._engine

    def read(self, plan: ScanPlan, known: Mapping[str, Partition]) -> Scan:
        return self._open().read(plan, known)

    def on_grids(self, plan: ScanPlan) -> Mapping[str, ColumnProfile]:
        return self._open().on_grids(plan)

    def days(self, plan: ScanPlan) -> Days:
        return self._open().days(plan)

    def subjects(self, plan: ScanPlan, keys: Sequence[SubjectKey]) -> Mapping[str, SubjectSet]:
        return self._open().subjects(plan, keys)

    def withdrawn(
        self, plan: ScanPlan, purpose: str, keys: Sequence[SubjectKey], since: datetime | None = None
    ) -> Mapping[str, SubjectSet]:
        return self._open().withdrawn(plan, purpose, keys, since)

    def sample(self, plan: ScanPlan, columns: tuple[str, ...], rows: int) -> pd.DataFrame:
        return self._open().sample(plan, columns, rows)

    def cross(self, plan: CrossPlan) -> Crosses:
        return self._open().cross(plan)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()
            self._engine = None


def open_project(start: Path | None = None, *, lenient: bool = False) -> Project:
    """Load the project at or above ``start`` (default: the current folder).

    Args:
        start: a folder.
        lenient: a contract with mistakes costs only its own dataset, see :func:`load_measurable`.
    """
    root = find_project(start or Path.cwd())
    return load_measurable(root) if lenient else load_project(root)


def open_project_store(project: Project, environ: Mapping[str, str] | None = None) -> Store:
    """The project's store; its URL may refer to environment variables as ``${NAME}``."""
    url = resolve_env(project.settings.store, os.environ if environ is None else environ)
    return open_store(url, root=project.root, witness=checkpoint_log(project))


@contextmanager
def services(
    project: Project, *, clock: Clock = utc_now, environ: Mapping[str, str] | None = None
) -> Iterator[Services]:
    """Everything a night needs, released at the end of the block."""
    environ = dict(os.environ) if environ is None else environ
    store = open_project_store(project, environ)
    opened = Services(
        project=project,
        store=store,
        engine=LazyEngine(project, environ, StoredConsent(store)),
        clock=clock,
        environ=environ,
    )
    try:
        yield opened
    finally:
        opened.close()
