"""Measurements and datasets as the pages show them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.indicators.wording import counted, duration
from governance_pipeline.reports.evidence.card import kind_of
from governance_pipeline.reports.evidence.charts import chart
from governance_pipeline.reports.evidence.record import Record, concerned
from governance_pipeline.reports.evidence.shown import K
from governance_pipeline.reports.evidence.wording import (
    about,
    has_no_limit,
    interval,
    spaced,
    tallied,
    value,
    word,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

Facts = list[tuple[str, str]]

_SECTIONS = {
    "accuracy": (
        "How well it does",
        "Accuracy, calibration, and whether the data still look like those it learned from.",
    ),
    "ethics": (
        "Whom it could harm",
        "Gaps between groups of people, who is in the data, and what stands in for a protected attribute.",
    ),
    "law": ("What the law asks", "Lawful basis, withdrawals, retention, and permits."),
}


def section(record: Record, kind: str) -> dict[str, Any]:
    """The indicators of one kind, of the model and of the data behind it."""
    mine = Entity.model(record.model.name)
    found = [one for one in record.night.measured if kind_of(one.indicator) == kind]
    found.sort(key=lambda one: (-one.outcome.severity, one.entity != mine, one.indicator, one.facet))
    quiet = [one for one in found if not _stands_out(record, one)]
    title, lead = _SECTIONS[kind]
    return {
        "id": kind,
        "title": title,
        "lead": lead,
        "tally": tallied(found),
        "standing_out": [_row(record, one) for one in found if _stands_out(record, one)],
        "holding": [_row(record, one) for one in quiet if not has_no_limit(one)],
        "informing": [_row(record, one) for one in quiet if has_no_limit(one)],
    }


def _stands_out(record: Record, one: Measurement) -> bool:
    return one.outcome is not Outcome.PASS or one.key in record.acts.waivers


def _row(record: Record, one: Measurement) -> dict[str, Any]:
    version = concerned(one)
    other = bool(version) and version != record.version.version
    history = record.night.histories.get(one.key, ())
    return {
        "about": about(one),
        "entity": one.entity.name,
        "outcome": str(one.outcome),
        "word": word(one),
        "sentence": one.sentence,
        "value": value(one),
        "interval": interval(one),
        "n": f"{one.n:,}" if one.n else "",
        "clause": one.clause,
        "waived": one.key in record.acts.waivers,
        "of_other_version": version if other else "",
        "chart": chart(history, f"{about(one)}: {counted(len(history), 'night')} up to {one.night}"),
    }


def dataset_view(record: Record, name: str) -> dict[str, Any]:
    """One dataset: its contract, and what does not hold."""
    entity = Entity.dataset(name)
    found = [one for one in record.night.measured if one.entity == entity]
    supply = [one for one in found if kind_of(one.indicator) == "supply"]
    return {
        "name": name,
        "facts": _dataset_facts(record, name),
        "outcome": str(worst([one.outcome for one in found])),
        "tally": tallied(found),
        "standing_out": list(_grouped(record, [one for one in supply if _stands_out(record, one)])),
    }


def _grouped(record: Record, found: Sequence[Measurement]) -> Iterator[dict[str, Any]]:
    """The worst first; of what could not be told for want of data, the first with how many are like it."""
    groups: dict[tuple[str, ...], list[Measurement]] = {}
    for one in sorted(found, key=lambda one: (-one.outcome.severity, one.indicator, one.facet)):
        alike = one.outcome in (Outcome.INSUFFICIENT, Outcome.NOT_RUN) and one.key not in record.acts.waivers
        groups.setdefault((one.indicator, one.outcome) if alike else one.key, []).append(one)
    for first, *more in groups.values():
        row = _row(record, first)
        yield {**row, "sentence": f"{row['sentence']} {len(more)} more like it."} if more else row


def _dataset_facts(record: Record, name: str) -> Facts:
    contract, profile = record.project.contracts.get(name), record.night.profiles.get(name)
    if contract is None:
        return [("Contract", "none: nobody has described this dataset")]
    uses = "; ".join(f"{spaced(one.purpose)} ({spaced(one.basis)})" for one in contract.purposes)
    personal = ", ".join(one.name for one in contract.columns if one.personal or one.sensitive)
    return [
        ("What it is", contract.description or f"{spaced(contract.kind)}, not described"),
        ("Answers for it", who(record, contract.owner or "")),
        ("Used for", uses or ("no purpose is declared" if contract.subject_key else "not about people")),
        ("Personal or protected columns", personal or "none is marked"),
        ("Supplied by", contract.vendor or "ourselves"),
        ("May be kept for", duration(contract.retention) if contract.retention else "not declared"),
        (
            "Rows in the last night",
            at_least_k(profile.rows, K if contract.subject_key else 0) if profile else "not read",
        ),
        ("Contract", f"{contract.file.name} {contract.version}, {contract.digest}"),
    ]


def at_least_k(count: int, k: int) -> str:
    """A count, unless it is of a few."""
    return f"fewer than {k}" if is_small(count, k) else f"{count:,}"


def who(record: Record, identity: str) -> str:
    """A person by name."""
    return record.person(identity) if identity else "nobody is named"
