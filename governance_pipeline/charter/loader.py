"""From a project folder to a :class:`Project`, or to every mistake in its files at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from governance_pipeline.charter.checks.contracts import Linker, check_twins
from governance_pipeline.charter.checks.datasets import Datasets
from governance_pipeline.charter.checks.models import check_models
from governance_pipeline.charter.checks.people import check_people
from governance_pipeline.charter.checks.places import check_places
from governance_pipeline.charter.checks.playbook import check_assessments, check_playbook
from governance_pipeline.charter.checks.purposes import check_purposes
from governance_pipeline.charter.checks.settings import check_settings
from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.diagnostics import Problem, ProjectFilesInvalid
from governance_pipeline.charter.environment import resolve_env
from governance_pipeline.charter.files import (
    CHARTER_FILE,
    DATASETS,
    PLAYBOOK,
    SETTINGS_FILE,
    ProjectFiles,
    digest,
    read_files,
)
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.paths import project_path
from governance_pipeline.charter.project import Project, Ungoverned
from governance_pipeline.charter.refused import refusals, stand_in
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import NotFound

__all__ = ["check_project", "find_project", "load_measurable", "load_project", "resolve_env"]


def find_project(start: Path) -> Path:
    """The nearest folder, from ``start`` upward, that holds a governance.yaml.

    Raises:
        NotFound: there is none.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise NotFound(
        f"there is no {SETTINGS_FILE} in '{start}' or in a folder above it",
        hint="name the project with --project DIR, or make one with: governance init DIR",
    )


def load_project(root: Path) -> Project:
    """The project in the folder ``root``, with absolute paths and unresolved ``${NAME}``.

    Raises:
        NotFound: ``root`` is no folder with a governance.yaml.
        ProjectFilesInvalid: the files have mistakes; ``problems`` lists all of them.
    """
    files, links = _checked(root)
    problems = [*files.problems, *links.problems]
    if problems:
        raise ProjectFilesInvalid(problems)
    return _project(files, links, links.contracts)


def load_measurable(root: Path) -> Project:
    """The project with everything a night can measure, although contracts in it have mistakes.

    One dataset's bad contract must not leave all others unmeasured. A dataset whose contract has a
    mistake is in ``refused`` with the mistakes: it is known, and nothing about it is measured. Of two
    contracts for one table both are refused, because nobody can say which one holds.

    Raises:
        NotFound: ``root`` is no folder with a governance.yaml.
        ProjectFilesInvalid: another file than a contract has a mistake, or the consent ledger's contract.
    """
    files, links = _checked(root)
    problems = [*files.problems, *links.problems]
    refused = refusals(files, problems)
    ledger = files.settings.value.consent if files.settings else None
    elsewhere = any(not problem.file.startswith(f"{DATASETS}/") for problem in problems)
    if elsewhere or (ledger is not None and ledger.dataset in refused):
        raise ProjectFilesInvalid(problems)
    unknown = {name: stand_in(name, files.root) for name in refused if name not in links.contracts}
    project = _project(files, links, {**links.contracts, **unknown})
    return replace(project, refused=dict(sorted(refused.items())))


def _project(files: ProjectFiles, links: _Links, contracts: Mapping[str, Contract]) -> Project:
    if files.settings is None or files.charter is None or files.playbook is None:
        raise ProjectFilesInvalid([*files.problems, *links.problems])
    return Project(
        root=files.root,
        settings=_absolute_settings(files.settings.value, files.root),
        charter=files.charter.value,
        playbook=files.playbook.value,
        contracts=dict(sorted(contracts.items())),
        models={
            model.name: _absolute_model(model, files.root)
            for model in sorted((loaded.value for loaded in files.models), key=lambda model: model.name)
        },
        digests=dict(sorted(files.digests.items())),
        playbook_digest=_playbook_digest(files.digests),
        ungoverned=links.ungoverned,
        assessments=dict(sorted((one.value.id, one.value) for one in files.assessments.values())),
        assessment_digests={one.value.id: files.digests[path] for path, one in files.assessments.items()},
    )


def check_project(root: Path) -> list[Problem]:
    """Every mistake in the project's files, in order; empty where ``load_project`` succeeds.

    Raises:
        NotFound: ``root`` is no folder with a governance.yaml.
    """
    files, links = _checked(root)
    return sorted({*files.problems, *links.problems})


@dataclass(slots=True)
class _Links:
    contracts: Mapping[str, Contract]
    ungoverned: tuple[Ungoverned, ...]
    problems: list[Problem] = field(default_factory=list)


def _checked(root: Path) -> tuple[ProjectFiles, _Links]:
    folder = root.resolve()
    if not (folder / SETTINGS_FILE).is_file():
        raise NotFound(
            f"'{root}' is no governance project: it has no {SETTINGS_FILE}",
            hint="name the project's folder, or make one with: governance init DIR",
        )
    files = read_files(folder)
    return files, _compare(files)


def _compare(files: ProjectFiles) -> _Links:
    """Hold the files against each other."""
    drafts = [draft for reading in files.readings for draft in reading.drafts]
    ungoverned = tuple(table for reading in files.readings for table in reading.ungoverned)
    datasets = Datasets(
        contracts={draft.contract.dataset: draft.contract for draft in reversed(drafts)},
        ungoverned={table.dataset: table for table in ungoverned},
        broken=frozenset(
            files.names - {draft.contract.dataset for draft in drafts} - {t.dataset for t in ungoverned}
        ),
        complete=not files.unread_contracts,
    )
    linker = Linker(datasets, files.charter, files.settings, files.playbook)
    contracts = {draft.contract.dataset: linker.link(draft) for draft in drafts}
    problems = [*check_twins(drafts), *linker.problems]
    if files.charter:
        problems += check_people(files.charter, files.settings)
    if files.settings:
        problems += check_settings(files.settings, datasets, files.root)
        problems += check_places(files.settings, files.root)
    if files.playbook:
        problems += check_playbook(files.playbook, files.charter)
        problems += check_purposes(files.playbook, files.settings)
    problems += check_assessments(files.assessments.values())
    connections = files.settings.value.connections if files.settings else ()
    problems += check_models(
        files.models, datasets, files.charter, files.playbook, files.root, tuple(connections)
    )
    return _Links(contracts, ungoverned, problems)


def _absolute_settings(settings: Settings, root: Path) -> Settings:
    channels = {
        name: channel.model_copy(update={"path": str(project_path(channel.path, root))})
        if channel.path
        else channel
        for name, channel in settings.channels.items()
    }
    lineage = settings.openlineage
    out = lineage.model_copy(update={"path": str(project_path(lineage.path, root))})
    return settings.model_copy(update={"channels": channels, "openlineage": out})


def _absolute_model(model: ModelSpec, root: Path) -> ModelSpec:
    if model.registry.path is None:
        return model
    path = str(project_path(model.registry.path, root))
    return model.model_copy(update={"registry": model.registry.model_copy(update={"path": path})})


def _playbook_digest(digests: Mapping[str, str]) -> str:
    """One digest over the files that decide verdicts, by name and content."""
    names = sorted(name for name in digests if name == CHARTER_FILE or name.startswith(f"{PLAYBOOK}/"))
    return digest("".join(f"{name} {digests[name]}\n" for name in names).encode())
