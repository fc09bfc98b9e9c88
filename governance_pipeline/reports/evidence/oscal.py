"""The measurements as OSCAL assessment results (NIST, OSCAL 1.1.2): what was looked at, and which clause of
the playbook it holds or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from governance_pipeline.charter.controls import find_control
from governance_pipeline.reports.evidence.identity import line, stable_uuid, token
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.incident import IncidentStatus
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

OSCAL_VERSION = "1.1.2"
_HOLDS = frozenset({Outcome.PASS, Outcome.WARN})


def assessment_results(record: Record) -> dict[str, Any]:
    """``assessment-results.oscal.json``."""
    label = f"{record.model.title or record.model.name}, version {record.version.version}"
    return {
        "assessment-results": {
            "uuid": _uuid(record, "results"),
            "metadata": {
                "title": line(f"Measured governance of {label}"),
                "last-modified": _instant(record),
                "version": record.as_of.date().isoformat(),
                "oscal-version": OSCAL_VERSION,
            },
            "import-ap": {
                "href": f"#{_uuid(record, 'playbook')}",
                "remarks": "The playbook of the project: what is measured every night, and by which bounds.",
            },
            "results": [_result(record)],
            "back-matter": {"resources": [_playbook(record)]},
        }
    }


def _result(record: Record) -> dict[str, Any]:
    seal = record.night.seal
    found: dict[str, Any] = {
        "uuid": _uuid(record, "result"),
        "title": line(f"Night of {seal.night}" if seal else "No night was run"),
        "description": "Every indicator of the model and of its data, as the last night found it.",
        "start": (seal.started_at if seal else record.as_of).isoformat(),
        "end": _instant(record),
        "local-definitions": {"components": [_component(record, one) for one in sorted(record.entities)]},
        "reviewed-controls": {"control-selections": [_controls(record)]},
    }
    parts = {
        "observations": [_observation(record, one) for one in record.night.measured],
        "risks": list(_risks(record)),
        "findings": list(_findings(record)),
    }
    return found | {name: listed for name, listed in parts.items() if listed}


def _component(record: Record, entity: Entity) -> dict[str, Any]:
    return {
        "uuid": _uuid(record, str(entity)),
        "type": str(entity.kind),
        "title": line(entity.name),
        "description": line(str(entity)),
        "status": {"state": "operational"},
    }


def _controls(record: Record) -> dict[str, Any]:
    """The controls that the playbook's clauses say they support."""
    written = [one for clause in record.project.playbook.clauses.values() for one in clause.controls]
    named = sorted({token(found.name) for one in written if (found := find_control(one))})
    if not named:
        return {"include-all": {}}
    return {
        "description": "Controls that the measured clauses support. Whether one is met, people decide.",
        "include-controls": [{"control-id": one} for one in named],
    }


def _observation(record: Record, one: Measurement) -> dict[str, Any]:
    told = {
        "indicator": one.indicator,
        "facet": one.facet,
        "outcome": str(one.outcome),
        "value": "" if one.value is None else repr(one.value),
        "unit": one.unit,
        "n": str(one.n),
        "clause": one.clause,
    }
    seal = record.night.seal
    return {
        "uuid": _observed(record, one),
        "title": line(f"{one.indicator} of {one.entity.name} {one.facet}"),
        "description": line(one.sentence),
        "props": [
            {"name": name, "ns": "urn:governance-pipeline:oscal", "value": line(value)}
            for name, value in told.items()
            if value
        ],
        "methods": ["TEST"],
        "subjects": [{"subject-uuid": _uuid(record, str(one.entity)), "type": "component"}],
        "collected": (seal.finished_at if seal else record.as_of).isoformat(),
    }


def _findings(record: Record) -> Iterator[dict[str, Any]]:
    by_clause: dict[str, list[Measurement]] = {}
    for one in record.night.measured:
        by_clause.setdefault(one.clause, []).append(one)
    for name, found in sorted(by_clause.items()):
        clause = record.project.playbook.clauses.get(name)
        yield {
            "uuid": _uuid(record, "finding", name),
            "title": line(f"{name} {clause.title if clause else ''}"),
            "description": line(clause.text if clause else name),
            "target": {"type": "objective-id", "target-id": token(name), "status": _status(found)},
            "related-observations": [{"observation-uuid": _observed(record, one)} for one in found],
        }


def _status(found: Sequence[Measurement]) -> dict[str, Any]:
    """Not enough evidence is not satisfied, and says so."""
    if all(one.outcome in _HOLDS for one in found):
        return {"state": "satisfied", "reason": "pass"}
    failed = any(one.outcome is Outcome.FAIL for one in found)
    return {"state": "not-satisfied", "reason": "fail" if failed else "other"}


def _risks(record: Record) -> Iterator[dict[str, Any]]:
    """Incidents that nobody has resolved; one whose number is waived is accepted for a time."""
    for one in record.acts.incidents:
        incident = one.incident
        if incident.status is IncidentStatus.RESOLVED:
            continue
        waived = (str(incident.entity), incident.indicator, incident.facet) in record.acts.waivers
        yield {
            "uuid": _uuid(record, incident.id),
            "title": line(f"{incident.id} {incident.indicator} of {incident.entity.name}"),
            "description": line(record.told(incident)),
            "statement": line(
                f"Open since {incident.opened}; {record.person(incident.owner)} has to repair it."
            ),
            "status": "deviation-approved" if waived else "open",
        }


def _playbook(record: Record) -> dict[str, Any]:
    return {
        "uuid": _uuid(record, "playbook"),
        "title": line(f"Playbook of {record.project.settings.name}"),
        "description": line(f"All playbook files and the charter, digest {record.project.playbook_digest}"),
    }


def _observed(record: Record, one: Measurement) -> str:
    return _uuid(record, "observation", *one.key)


def _uuid(record: Record, *parts: str) -> str:
    version = record.version
    return stable_uuid(record.project.settings.name, version.model, version.version, _instant(record), *parts)


def _instant(record: Record) -> str:
    return record.as_of.isoformat()
