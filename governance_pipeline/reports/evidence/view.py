"""What the page and the PDF tell, in the same words: plain values that a template only has to lay out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance_pipeline.indicators.wording import calendar_date, counted, listed
from governance_pipeline.reports.controls.coverage import Supported, coverage
from governance_pipeline.reports.controls.support import State
from governance_pipeline.reports.evidence.environment import environment
from governance_pipeline.reports.evidence.lineage_part import story
from governance_pipeline.reports.evidence.missing import missing
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reports.evidence.shown import K
from governance_pipeline.reports.evidence.view_acts import acts_view
from governance_pipeline.reports.evidence.view_measured import Facts, at_least_k, dataset_view, section, who
from governance_pipeline.reports.evidence.wording import (
    instant,
    opened,
    spaced,
    tallied,
)

_REASONS = 6
_STEPS = 10
_MARKS = {
    State.EVIDENCED: "pass",
    State.PARTLY: "warn",
    State.STALE: "warn",
    State.NOT_EVIDENCED: "fail",
    State.PERSON: "insufficient",
}

_PARTS = {
    "training": "Training",
    "data": "Data",
    "measurements": "Measurements",
    "decisions": "Decisions",
    "operation": "Operation",
    "ledger": "Ledger",
}


def view(record: Record) -> dict[str, Any]:
    """Everything that is shown, in order."""
    model, version = record.model, record.version
    seal = record.night.seal
    return {
        "title": f"{model.title or model.name}, version {version.version}",
        "project": record.project.settings.name,
        "model": model.name,
        "version": version.version,
        "as_of": instant(record.as_of),
        "as_of_date": [record.as_of.year, record.as_of.month, record.as_of.day],
        "night": calendar_date(seal.night) if seal else "no night was run",
        "verdict": _verdict(record),
        "glance": _glance(record),
        "missing": _missing(record),
        "facts": _facts(record),
        "environment": _environment(record),
        "risk": _risk(record),
        "features": [[one.name, one.dataset, one.baseline_column] for one in model.features],
        "measured": [section(record, kind) for kind in ("accuracy", "ethics", "law")],
        "datasets": [dataset_view(record, name) for name in record.datasets],
        "story": [_told(one.sentence) for one in story(record)],
        **acts_view(record),
        "controls": _controls(record),
    }


def _verdict(record: Record) -> dict[str, Any]:
    gate = record.standing.gate
    if gate is None:
        verdict, why = "could not be evaluated", [record.standing.ungated]
    elif gate.is_open:
        verdict, why = "open", []
    else:
        verdict, why = "closed", list(dict.fromkeys(one.sentence for one in gate.reasons))
    return {
        "word": verdict,
        "why": why[:_REASONS],
        "more": max(len(why) - _REASONS, 0),
        "open": verdict == "open",
    }


def _glance(record: Record) -> Facts:
    seal, acts, risk = record.night.seal, record.acts, record.night.risk
    still_open = [one for one in acts.incidents if one.incident.resolved is None]
    measured = tallied(record.night.measured)
    expected = f"{seal.received} of {seal.expected} expected came" if seal else "none"
    return [
        ("Gate", _verdict(record)["word"]),
        ("Measured in the last night", f"{measured}; checks: {expected}"),
        ("Risk", f"{risk.score:.0f} of 100 ({risk.tier})" if risk else "not scored"),
        ("Incidents", f"{len(still_open)} open, {len(acts.incidents) - len(still_open)} resolved"),
        ("Waivers in force", str(len(acts.waivers))),
        ("Not known", counted(len(missing(record)), "thing")),
    ]


def _missing(record: Record) -> list[dict[str, Any]]:
    found = missing(record)
    return [
        {
            "part": title,
            "items": [
                {"what": opened(one.what), "why": opened(one.why).rstrip("."), "remedy": opened(one.remedy)}
                for one in found
                if one.part == part
            ],
        }
        for part, title in _PARTS.items()
        if any(one.part == part for one in found)
    ]


def _facts(record: Record) -> Facts:
    model, version = record.model, record.version
    told: Facts = [
        ("What it does", model.description or "not described"),
        ("Purpose", spaced(model.purpose)),
        ("Answers for it", record.person(model.owner)),
        ("Tier", model.tier),
        ("Runs in", ", ".join(model.deployments) or "no deployment is named"),
        ("Stage in the registry", version.stage or "none"),
        ("Registered", f"{instant(version.registered_at)} by {who(record, version.registered_by)}"),
        ("Trained by", who(record, version.trained_by)),
        ("Artefact", version.digest or "no digest is known"),
        ("Training data", f"{version.snapshot or 'not named'} {version.snapshot_digest}".strip()),
        ("Learns to predict", model.training.label),
        ("Protected attributes", _protected(record)),
        ("People it learned from", _people(record)),
    ]
    return told


def _risk(record: Record) -> list[list[str]]:
    """Where the score comes from: points and why, the most first."""
    found = record.night.risk.contributions if record.night.risk else ()
    return [[f"{one.points:.0f}", one.sentence] for one in sorted(found, key=lambda one: -one.points)]


def _protected(record: Record) -> str:
    named = [
        f"{one.title or one.column} (compared with '{one.reference}')"
        for one in record.model.sensitive_attributes
    ]
    return "; ".join(named) or "none is declared"


def _people(record: Record) -> str:
    manifest = record.night.manifest
    if manifest is None or manifest.problem:
        return "not known"
    count = at_least_k(manifest.subjects, K)
    told = f"{count}, on the basis of {spaced(manifest.basis)}" if manifest.basis else count
    return f"{told}, given on the notice {listed(list(manifest.notices))}" if manifest.notices else told


def _environment(record: Record) -> list[dict[str, Any]]:
    told = environment(record.version.environment)
    sorts: Mapping[str, Mapping[str, str]] = {
        "Hardware": told.hardware,
        "Software": told.software,
        "Seeds": told.seeds,
        "Code": told.code,
        "Settings": told.parameters,
        "Promised at registration": {name: f"{one:g}" for name, one in record.version.metrics.items()},
    }
    return [
        {"title": title, "known": bool(found), "facts": [list(pair) for pair in found.items()]}
        for title, found in sorts.items()
    ]


def _controls(record: Record) -> dict[str, Any]:
    found = coverage([record], record.as_of)
    return {
        "note": found.note,
        "states": [str(state) for state in State],
        "steps": [[str(len(one.controls)), one.step] for one in found.steps[:_STEPS]],
        "frameworks": [
            {
                "title": one.title,
                "edition": one.edition,
                "counts": [str(one.states[state] or "") for state in State],
                "controls": [
                    _control(control)
                    for control in found.controls
                    if control.control.framework == one.framework
                ],
            }
            for one in found.frameworks
        ],
    }


def _control(one: Supported) -> dict[str, str]:
    return {
        "id": one.control.id,
        "title": one.control.title,
        "state": str(one.state),
        "mark": _MARKS[one.state],
        "by": ", ".join(spaced(support.kind) for support in one.by),
        "raises": one.raises[0] if one.raises else "",
    }


def _told(sentence: str) -> list[str]:
    """A sentence of the story and, apart, where it is known from."""
    claim, _, evidence = sentence.rpartition(" (")
    return [f"{claim}.", evidence.rstrip(").")] if claim else [sentence, ""]
