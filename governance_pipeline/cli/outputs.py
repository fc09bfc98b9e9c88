"""What each verb prints with ``--format json``, as JSON Schemas: the promise that programs build on.

``docs/schema/cli/<verb>.schema.json`` is made from here. A later release may add keys; it takes none away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from governance_pipeline.charter.diagnostics import Problem
from governance_pipeline.charter.schema_export import DIALECT
from governance_pipeline.cli.assessments import ListedAssessment, ShownAssessment
from governance_pipeline.ledger.entries import Entry
from governance_pipeline.ledger.offline import PackReport
from governance_pipeline.profiles.reader import Access
from governance_pipeline.reports.controls.coverage import Coverage
from governance_pipeline.reports.evidence.pack import Packed
from governance_pipeline.reports.findings.finding import Report
from governance_pipeline.response.outbox import DispatchReport
from governance_pipeline.reviews.desk import Promotion
from governance_pipeline.reviews.gate import GateReport
from governance_pipeline.reviews.promotion import Signatures
from governance_pipeline.reviews.purpose_check import PurposeAnswer
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.reviews.rollback import Readiness
from governance_pipeline.stages.backtest.differences import Backtest
from governance_pipeline.stages.lineage_answers import (
    Lineage,
    LineageChange,
    LineageDiff,
    LineageGaps,
    LineageImpact,
)
from governance_pipeline.store.ledger_check import LedgerReport
from governance_pipeline.store.ports import NightRecord
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.incident import Alert, Incident, IncidentEvent
from governance_pipeline.vocabulary.json_schema import schema_of
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import NightEvent
from governance_pipeline.vocabulary.review import Milestone, ReviewEvent, ReviewStatus
from governance_pipeline.vocabulary.risk import RiskScore


@dataclass(frozen=True)
class Validation:
    """``validate``; ``datasets`` with --explain and without problems only, one object for each."""

    project: str
    valid: bool
    problems: list[Problem] | None = None
    datasets: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class Nights:
    """``nightly``: each event names its kind in ``event``; ``delivery`` is null with --no-send."""

    nights: list[date]
    events: list[NightEvent]
    delivery: DispatchReport | None


@dataclass(frozen=True)
class Status:
    night: NightRecord
    risks: list[RiskScore]
    findings: list[Measurement]


@dataclass(frozen=True)
class Gate:
    open: bool
    report: GateReport


@dataclass(frozen=True)
class Compared:
    """``passed``: nothing in it needs a person. A question that nobody asked says why in ``unasked``."""

    passed: bool
    report: Report


@dataclass(frozen=True)
class Backtested:
    differs: bool
    backtest: Backtest


@dataclass(frozen=True)
class IncidentStory:
    incident: Incident
    events: list[IncidentEvent]


@dataclass(frozen=True)
class ListedReview:
    """``missing``: how many people each function still has to bring."""

    review: str
    status: ReviewStatus
    milestone: Milestone
    missing: dict[Function, int]


@dataclass(frozen=True)
class ShownReview:
    """``eligible``: the ids of those who may still decide, by function; ``own_work``: who may not.

    ``not_known``: who built it and is not in the charter, and what could not be read.
    """

    review: ReviewState
    status: ReviewStatus
    milestone: Milestone | None
    findings: list[Measurement]
    eligible: dict[Function, list[str]]
    own_work: dict[str, str]
    not_known: list[str]
    events: list[ReviewEvent]


@dataclass(frozen=True)
class Decided:
    review: str
    status: ReviewStatus
    missing: dict[Function, int]


@dataclass(frozen=True)
class ToldEntry:
    """``told`` is null where it was erased."""

    entry: Entry
    told: dict[str, Any] | None


@dataclass(frozen=True)
class ShownLedger:
    entries: list[ToldEntry]


@dataclass(frozen=True)
class VerifiedLedger:
    holds: bool
    report: LedgerReport


@dataclass(frozen=True)
class ListedKey:
    """It signs the entries from ``first`` to before ``until``."""

    key: str
    first: int
    until: int | None
    signs: bool


@dataclass(frozen=True)
class LedgerKeys:
    public_keys: str
    keys: list[ListedKey]


@dataclass(frozen=True)
class VerifiedPack:
    holds: bool
    report: PackReport


@dataclass(frozen=True)
class Rehearsed:
    ready: bool
    rehearsal: Readiness


OUTPUTS: Mapping[str, Any] = {
    "validate": Validation,
    "nightly": Nights,
    "check": list[Measurement],
    "status": Status,
    "gate": Gate,
    "compare": Compared,
    "policy-backtest": Backtested,
    "promote": Promotion,
    "rollback-rehearse": Rehearsed,
    "signature-add": Signatures,
    "evidence": Packed,
    "controls": Coverage,
    "verify": VerifiedPack,
    "lineage": Lineage,
    "lineage-impact": LineageImpact,
    "lineage-change": LineageChange,
    "lineage-gaps": LineageGaps,
    "lineage-diff": LineageDiff,
    "incident-list": list[Incident],
    "incident-show": IncidentStory,
    "alert-list": list[Alert],
    "alert-send": DispatchReport,
    "consent-check": PurposeAnswer,
    "consent-access": Access,
    "ledger-show": ShownLedger,
    "ledger-verify": VerifiedLedger,
    "ledger-keys": LedgerKeys,
    "review-list": list[ListedReview],
    "review-show": ShownReview,
    "review-decide": Decided,
    "review-act": Decided,
    "assessment-list": list[ListedAssessment],
    "assessment-show": ShownAssessment,
    "assessment-answer": Decided,
}


def output_schemas() -> dict[str, dict[str, Any]]:
    """By file name, such as ``gate.schema.json``."""
    return {f"{name}.schema.json": _schema(name, shape) for name, shape in OUTPUTS.items()}


def _schema(name: str, shape: Any) -> dict[str, Any]:
    schema = schema_of(shape, optional=shape is Validation)
    definitions = schema.get("$defs", {})
    for event in get_args(NightEvent):
        if name == "nightly" and event.__name__ in definitions:
            _name_event(definitions[event.__name__], event.__name__)
    title = f"governance {name.replace('-', ' ')} --format json"
    return {"$schema": DIALECT, **schema, "title": title}


def _name_event(definition: dict[str, Any], name: str) -> None:
    definition["properties"] = {"event": {"const": name}, **definition["properties"]}
    definition["required"] = list(definition["properties"])
