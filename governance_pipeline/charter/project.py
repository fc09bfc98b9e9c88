"""A loaded, valid governance project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.charter.contract import Contract
from governance_pipeline.charter.indicator_policy import TIERS
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import NotFound


@dataclass(frozen=True, slots=True)
class Ungoverned:
    """A table that a contract file describes and that no night measures, with the reason.

    Attributes:
        dataset: the name it would have, or the contract's own name where it describes no table.
    """

    dataset: str
    file: Path
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that is declared: the files of one project folder, checked.

    Attributes:
        contracts: by dataset name, sorted.
        models: by model name, sorted.
        digests: file (relative to root) to ``sha256:...`` of its bytes.
        playbook_digest: one digest over all playbook files and the charter.
        assessments: questionnaires by id, sorted; ``assessment_digests`` of their files.
        ungoverned: tables of contract files from elsewhere that cannot be measured here, and why.
        refused: datasets whose contract has mistakes, with the mistakes; empty unless the project was
            loaded for measuring what can be measured (``load_measurable``).
    """

    root: Path
    settings: Settings
    charter: Charter
    playbook: Playbook
    contracts: Mapping[str, Contract]
    models: Mapping[str, ModelSpec]
    digests: Mapping[str, str]
    playbook_digest: str
    ungoverned: tuple[Ungoverned, ...] = ()
    assessments: Mapping[str, Questionnaire] = field(default_factory=dict)
    assessment_digests: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    def contract(self, dataset: str) -> Contract:
        """The contract of a dataset. Raises NotFound, naming near matches."""
        return _named("dataset", dataset, self.contracts)

    def model(self, name: str) -> ModelSpec:
        """A model by name. Raises NotFound, naming near matches."""
        return _named("model", name, self.models)

    def assessment_digest(self, questionnaire: str) -> str:
        """The digest of a questionnaire's file."""
        return self.assessment_digests.get(questionnaire, "")

    def tier(self, dataset: str) -> str:
        """The contract's own tier, else that of the most critical model that reads the dataset
        directly, else ``medium``.
        """
        declared = self.contracts[dataset].tier if dataset in self.contracts else None
        if declared:
            return declared
        readers = (
            model.tier
            for model in self.models.values()
            if dataset == model.training.snapshot
            or (model.predictions and dataset == model.predictions.dataset)
            or any(feature.dataset == dataset for feature in model.features)
        )
        return max(readers, key=TIERS.index, default="medium")


T = TypeVar("T")


def _named(what: str, name: str, found: Mapping[str, T]) -> T:
    if name in found:
        return found[name]
    near = get_close_matches(name, found, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(found) or 'none'}"
    raise NotFound(f"there is no {what} '{name}' in this project", hint=hint)
