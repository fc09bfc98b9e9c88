"""What the page and the PDF tell, in the same words: plain values that a template only has to lay out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.indicators.wording import calendar_date, counted, duration
from governance_pipeline.reports.controls.coverage import Supported, coverage
from governance_pipeline.reports.controls.support import State
from governance_pipeline.reports.evidence.card import kind_of
from governance_pipeline.reports.evidence.charts import chart
from governance_pipeline.reports.evidence.environment import environment
from governance_pipeline.reports.evidence.lineage_part import story
from governance_pipeline.reports.evidence.missing import missing
from governance_pipeline.reports.evidence.record import Record, concerned
from governance_pipeline.reports.evidence.shown import K
from governance_pipeline.reports.evidence.view_acts import acts_view
from governance_pipeline.reports.evidence.wording import (
    about,
    has_no_limit,
    instant,
    interval,
    opened,
    spaced,
    tallied,
    value,
    word,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

Facts = list[tuple[str, str]]
_REASONS = 6
_STEPS = 10
_MARKS = {
    State.EVIDENCED: "pass",
    State.PARTLY: "warn",
    State.STALE: "warn",
    State.NOT_EVIDENCED: "fail",
    State.PERSON: "insufficient",
}

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
        "measured": [_section(record, kind) for kind in ("accuracy", "ethics", "law")],
        "datasets": [_dataset(record, name) for name in record.datasets],
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
        ("Registered", f"{instant(version.registered_at)} by {_who(record, version.registered_by)}"),
        ("Trained by", _who(record, version.trained_by)),
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


def _who(record: Record, identity: str) -> str:
    return record.person(identity) if identity else "nobody is named"


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
    count = _shown(manifest.subjects, K)
    return f"{count}, on the basis of {spaced(manifest.basis)}" if manifest.basis else count


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


def _section(record: Record, kind: str) -> dict[str, Any]:
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


def _dataset(record: Record, name: str) -> dict[str, Any]:
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
        ("Answers for it", _who(record, contract.owner or "")),
        ("Used for", uses or ("no purpose is declared" if contract.subject_key else "not about people")),
        ("Personal or protected columns", personal or "none is marked"),
        ("Supplied by", contract.vendor or "ourselves"),
        ("May be kept for", duration(contract.retention) if contract.retention else "not declared"),
        (
            "Rows in the last night",
            _shown(profile.rows, K if contract.subject_key else 0) if profile else "not read",
        ),
        ("Contract", f"{contract.file.name} {contract.version}, {contract.digest}"),
    ]


def _shown(count: int, k: int) -> str:
    return f"fewer than {k}" if is_small(count, k) else f"{count:,}"


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
