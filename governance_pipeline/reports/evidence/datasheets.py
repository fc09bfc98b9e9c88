"""A data sheet per dataset: what its contract promises, and what was measured.

Source: Gebru et al., Datasheets for Datasets, CACM 64(12), 2021.
"""

from __future__ import annotations

from typing import Any

from governance_pipeline.charter.contract import Column, Contract
from governance_pipeline.indicators.disclosure import is_small
from governance_pipeline.profiles.profile import ColumnProfile, Profile
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reports.evidence.shown import K, as_json
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.json_form import jsonable


def data_sheets(record: Record) -> dict[str, dict[str, Any]]:
    """By dataset; one without a contract has what was measured only."""
    return {name: _sheet(record, name) for name in record.datasets}


def _sheet(record: Record, name: str) -> dict[str, Any]:
    contract, profile = record.project.contracts.get(name), record.night.profiles.get(name)
    entity = Entity.dataset(name)
    return {
        "dataset": name,
        "contract": _promised(record, contract) if contract else None,
        "collection": {
            "upstream": sorted(
                str(one) for one in record.night.graph.upstream(entity) if "#" not in one.name
            ),
            "job": contract.job if contract else "",
            "vendor": contract.vendor if contract else None,
        },
        "composition": _composition(profile, contract) if profile else None,
        "measurements": [as_json(one) for one in record.night.measured if one.entity == entity],
    }


def _promised(record: Record, contract: Contract) -> dict[str, Any]:
    return {
        "file": contract.file.name,
        "digest": contract.digest,
        "version": contract.version,
        "kind": str(contract.kind),
        "description": contract.description,
        "domain": contract.domain,
        "owner": contract.owner,
        "owner_name": record.person(contract.owner) if contract.owner else None,
        "tier": record.project.tier(contract.dataset),
        "training_use": contract.training_use,
        "about_people": contract.subject_key is not None,
        "purposes": [
            {"purpose": one.purpose, "basis": str(one.basis), "consumers": list(one.consumers)}
            for one in contract.purposes
        ],
        "max_age_hours": contract.max_age.total_seconds() / 3600 if contract.max_age else None,
        "retention_days": contract.retention.days if contract.retention else None,
        "readers": list(contract.readers),
        "columns": [_column(one) for one in contract.columns],
        "rules": [
            {"id": one.id, "metric": one.metric, "severity": one.severity, "description": one.description}
            for one in contract.rules
        ],
    }


def _column(column: Column) -> dict[str, Any]:
    population = column.population
    return {
        "name": column.name,
        "type": column.logical_type,
        "description": column.description,
        "required": column.required,
        "personal": column.personal,
        "protected": column.sensitive,
        "classification": column.classification,
        "sources": [f"{one.dataset}#{one.column}" for one in column.sources],
        "transformation": column.transform_description,
        "population": jsonable(population) if population else None,
    }


def _composition(profile: Profile, contract: Contract | None) -> dict[str, Any]:
    """Counts only: bounds and categories are values of single rows."""
    about_people = contract is None or contract.subject_key is not None
    k = K if about_people else 0
    return {
        "night": profile.night.isoformat(),
        "rows": _count(profile.rows, k),
        "subjects": None if profile.subjects is None else _count(profile.subjects, K),
        "columns": [_filled(one, k) for one in profile.columns.values()],
    }


def _filled(column: ColumnProfile, k: int) -> dict[str, Any]:
    absent = column.rows - column.present
    small = is_small(absent, k) or is_small(column.present, k)
    share = None if small or not column.rows else round(absent / column.rows, 6)
    return {
        "name": column.name,
        "engine_type": column.engine_type,
        "missing_share": share,
        "missing": f"fewer than {k}, or all but so many" if small else absent,
    }


def _count(count: int, k: int) -> int | str:
    return f"fewer than {k}" if is_small(count, k) else count
