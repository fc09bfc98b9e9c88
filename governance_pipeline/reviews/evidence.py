"""What a decision is made on, as a digest: change the model, its data, the policy or add a breach,
and a decision made before no longer covers it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.indicators.wording import counted
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import ModelVersion

FindingKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The bound parts of a review.

    Attributes:
        model_digest: of the version's artefact; ``snapshot_digest`` of its training data.
        playbook_digest: of all playbook files and the charter.
        findings: (entity, indicator, facet) of everything that did not pass, sorted.
    """

    model_digest: str
    snapshot_digest: str
    playbook_digest: str
    findings: tuple[FindingKey, ...]

    @property
    def digest(self) -> str:
        """``sha256:`` over the canonical JSON of all parts."""
        parts = [
            self.model_digest,
            self.snapshot_digest,
            self.playbook_digest,
            list(map(list, self.findings)),
        ]
        text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

    def covers(self, newer: Evidence) -> bool:
        """Whether a decision on this evidence still holds for ``newer``: the same model, data and
        policy, and nothing found that was not known. A finding that went away voids nothing.
        """
        return (self.model_digest, self.snapshot_digest, self.playbook_digest) == (
            newer.model_digest,
            newer.snapshot_digest,
            newer.playbook_digest,
        ) and set(newer.findings) <= set(self.findings)

    def what_changed(self, newer: Evidence) -> str:
        """Why ``newer`` is not covered, in words."""
        if self.model_digest != newer.model_digest:
            return "the model's artefact is not the one that was approved"
        if self.snapshot_digest != newer.snapshot_digest:
            return "the training data is not the data that was approved"
        if self.playbook_digest != newer.playbook_digest:
            return "the playbook or the charter has changed since the approval"
        fresh = sorted(set(newer.findings) - set(self.findings))
        findings = counted(len(fresh), "finding")
        return f"{findings} came up after the approval, the first in {fresh[0][0].partition(':')[2]}"

    def to_json(self) -> dict[str, Any]:
        """For a review event."""
        return {
            "digest": self.digest,
            "model": self.model_digest,
            "snapshot": self.snapshot_digest,
            "playbook": self.playbook_digest,
            "findings": [list(key) for key in self.findings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Evidence:
        """Read :meth:`to_json` back."""
        findings = tuple((str(e), str(i), str(f)) for e, i, f in data["findings"])
        return cls(data["model"], data["snapshot"], data["playbook"], findings)


def gather(
    version: ModelVersion,
    playbook_digest: str,
    measurements: Iterable[Measurement],
    entities: frozenset[Entity],
    *,
    allow_warn: bool,
) -> Evidence:
    """The evidence for ``version``: every finding on ``entities`` that a gate would not let pass."""
    passing = {Outcome.PASS, Outcome.WARN} if allow_warn else {Outcome.PASS}
    findings = sorted(
        m.key
        for m in measurements
        if m.entity in entities and m.outcome not in passing and _concerns(m, version)
    )
    return Evidence(version.digest, version.snapshot_digest, playbook_digest, tuple(findings))


def _concerns(found: Measurement, version: ModelVersion) -> bool:
    """Whom one version has learned from says nothing of another's."""
    return str(found.details.get("concerns_version", version.version)) == version.version


def concerned_entities(model: ModelSpec, graph: LineageGraph) -> frozenset[Entity]:
    """The model and every dataset it learns from, reads or writes, with all that feeds those."""
    direct = {Entity.dataset(feature.dataset) for feature in model.features}
    direct.add(Entity.dataset(model.training.snapshot))
    if model.predictions:
        direct.add(Entity.dataset(model.predictions.dataset))
    upstream = {node for entity in direct for node in graph.upstream(entity)}
    datasets = {node for node in upstream if node.kind is EntityKind.DATASET}
    return frozenset({Entity.model(model.name)} | direct | datasets)
