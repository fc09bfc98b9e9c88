"""Send the newest checkpoint to every place of ``ledger.copies``, and read them all back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from governance_pipeline.charter.ledger_copies import LedgerCopy
from governance_pipeline.charter.project import Project
from governance_pipeline.errors import CannotEvaluate, UsageError
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.offline import BrokenProof, Checkpoint, read_checkpoint
from governance_pipeline.stages.witnesses.channel import ChannelWitness
from governance_pipeline.stages.witnesses.folder import FolderWitness
from governance_pipeline.stages.witnesses.git import GitWitness
from governance_pipeline.stages.witnesses.object_store import ObjectStoreWitness
from governance_pipeline.stages.witnesses.time_stamp import TimeStampWitness
from governance_pipeline.stages.witnesses.witness import Witness
from governance_pipeline.store.ports import Store
from governance_pipeline.vocabulary.night import CheckpointCopied


def copy_checkpoint(
    project: Project, store: Store, log: CheckpointLog, night: date
) -> Iterator[CheckpointCopied]:
    """Copy the newest checkpoint. A place that does not take it costs the night nothing: it is told, and the
    next night's checkpoint covers this one's entries too.
    """
    note = log.newest() if project.settings.ledger.copies else None
    if note is None:
        return
    checkpoint = read_checkpoint(note, log.keys.trusted())
    for copy in project.settings.ledger.copies:
        try:
            _witness(copy, project, store, night).take(note, checkpoint)
        except CannotEvaluate as error:
            yield CheckpointCopied(night, copy.shown, checkpoint.size, error.message)
            continue
        yield CheckpointCopied(night, copy.shown, checkpoint.size)


def copied_checkpoints(
    project: Project, store: Store, log: CheckpointLog
) -> tuple[list[Checkpoint], list[str]]:
    """The checkpoints that copies hold, and what is wrong with others.

    Raises:
        CannotEvaluate: a place cannot be read.
    """
    held: list[Checkpoint] = []
    problems: list[str] = []
    keys = log.keys.trusted()
    for copy in project.settings.ledger.copies:
        for number, note in enumerate(_witness(copy, project, store, date.min).notes(), 1):
            try:
                found = read_checkpoint(note, keys)
            except BrokenProof as error:
                problems.append(f"checkpoint {number} of {copy.shown}: {error}")
                continue
            if found.origin == log.origin:
                held.append(found)
    return held, problems


def given_checkpoints(files: Sequence[Path], log: CheckpointLog) -> tuple[list[Checkpoint], list[str]]:
    """The checkpoints in files that somebody kept, also in the midst of a message, and what is wrong with
    others.

    Raises:
        UsageError: a file cannot be read, or holds no checkpoint.
    """
    held: list[Checkpoint] = []
    problems: list[str] = []
    for file in files:
        try:
            text = file.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError as error:
            raise UsageError(f"{file} cannot be read: {error.strerror}") from error
        notes = _checkpoint(log.origin).findall(text)
        if not notes:
            raise UsageError(
                f"{file} holds no checkpoint of {log.origin}",
                hint="it begins with that name, and ends with a line that begins with a dash and the name",
            )
        for note in notes:
            try:
                held.append(read_checkpoint(note.rstrip("\n"), log.keys.trusted()))
            except BrokenProof as error:
                problems.append(f"the checkpoint in {file}: {error}")
    return held, problems


def _checkpoint(origin: str) -> re.Pattern[str]:
    """A checkpoint of ``origin`` within other text: its lines, an empty one, and its signatures."""
    signed = r"\n\d+\n(?:[^\n]+\n)+\n(?:\u2014 [^\n]+\n?)+"
    return re.compile(rf"^{re.escape(origin)}{signed}", re.MULTILINE)


def _witness(copy: LedgerCopy, project: Project, store: Store, night: date) -> Witness:
    def path(text: str) -> Path:
        return project.root / text

    if copy.folder is not None:
        return FolderWitness(path(copy.folder))
    if copy.object_store is not None:
        return ObjectStoreWitness(copy.object_store)
    if copy.git is not None:
        return GitWitness(path(copy.git.repository), project.settings.name, copy.git.push)
    if copy.time_stamp is not None:
        stamps = copy.time_stamp
        return TimeStampWitness(stamps.url, path(stamps.roots), path(stamps.folder))
    assert copy.channel is not None  # a checked project's copies have exactly one key
    return ChannelWitness(copy.channel, store, project.settings.name, night)
