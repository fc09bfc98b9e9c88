"""A small project in memory: one feature view, its reader, their owners, and channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from governance_pipeline.charter.contract import QualityRule
from governance_pipeline.charter.project import Project
from governance_pipeline.charter.settings import Settings
from governance_pipeline.testing import a_charter, a_contract, a_model, a_playbook

CHANNELS: dict[str, dict[str, str]] = {
    "mail": {"url": "mailto://mail.example.org?from=governance@example.org"},
    "chat": {"url": "jsons://chat.example.org/hook"},
    "log": {"type": "file", "path": "alerts.jsonl"},
}


def a_project(**changes: Any) -> Project:
    """The project, changed by ``channels``, ``alert_channels``, ``base_url`` and Project's own fields."""
    settings = Settings.model_validate(
        {
            "name": "lending",
            "schedule": {"start": "2026-01-01"},
            "channels": changes.pop("channels", CHANNELS),
            "base_url": changes.pop("base_url", "https://governance.example.org/"),
        }
    )
    rules = (QualityRule("incomes.ratio.nullValues", "ratio", "nullValues"),)
    contracts = (
        a_contract(rules=rules),
        a_contract(dataset="lending.bureau_scores", owner="data-team"),
        a_contract(dataset="lending.features", owner="pia"),
    )
    model = a_model()
    fields: dict[str, Any] = {
        "root": changes.pop("root", Path("/project")),
        "settings": settings,
        "charter": a_charter(alert_channels=changes.pop("alert_channels", ["log"])),
        "playbook": a_playbook(),
        "contracts": {contract.dataset: contract for contract in contracts},
        "models": {model.name: model},
        "digests": {},
        "playbook_digest": "sha256:" + "3" * 64,
    }
    return Project(**(fields | changes))
