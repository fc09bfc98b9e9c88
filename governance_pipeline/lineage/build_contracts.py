"""What contracts and model files say of things beside how data flows: who answers for them, who supplies
them, what they may be used for, and what they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator

from governance_pipeline.charter.contract import Column, Contract
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind, Node

BY = "contracts"
PERSONAL, SENSITIVE, CLASSIFICATION = "personal", "sensitive", "classification"


def contract_edges(contract: Contract, evidence: str, places: Iterable[str] = ()) -> Iterator[Edge]:
    """The owner, the vendor and the purposes of a dataset.

    Args:
        evidence: where the contract's schema object stands.
        places: where each of its purposes stands, in order.
    """
    here = Entity.dataset(contract.dataset)
    if contract.owner:
        yield Edge(Entity(EntityKind.PERSON, contract.owner), here, EdgeKind.OWNS, evidence=evidence)
    if contract.vendor:
        yield Edge(Entity(EntityKind.VENDOR, contract.vendor), here, EdgeKind.SUPPLIES, evidence=evidence)
    for use, place in zip(contract.purposes, places, strict=False):
        yield Edge(
            Entity(EntityKind.PURPOSE, use.purpose),
            here,
            EdgeKind.ALLOWS,
            evidence=place,
            transformation=f"on the basis of {use.basis.replace('_', ' ')}",
        )


def model_answers(model: ModelSpec, evidence: str) -> Iterator[Edge]:
    """The owner and the purpose of a model, and the purpose its training needs a basis for."""
    here = Entity.model(model.name)
    yield Edge(Entity(EntityKind.PERSON, model.owner), here, EdgeKind.OWNS, evidence=evidence)
    for purpose in sorted({model.purpose, model.training.purpose}):
        yield Edge(Entity(EntityKind.PURPOSE, purpose), here, EdgeKind.ALLOWS, evidence=evidence)


def contract_nodes(contract: Contract, evidence: str, lines: Iterable[str]) -> Iterator[Node]:
    """The dataset and its columns, as the contract describes them.

    Args:
        lines: where each column stands, in order.
    """
    facts = {"job": contract.job, "subject": contract.subject_key or ""}
    yield Node(
        Entity.dataset(contract.dataset),
        BY,
        evidence,
        role=contract.kind.replace("_", " "),
        description=contract.description,
        owners=(contract.owner,) if contract.owner else (),
        tags=contract.tags,
        digest=_digest([contract.job_sql, [[one.name, one.logical_type] for one in contract.columns]]),
        facts={name: value for name, value in facts.items() if value},
    )
    for column, line in zip(contract.columns, lines, strict=True):
        yield _column(contract, column, line)


def _column(contract: Contract, column: Column, line: str) -> Node:
    tags = [PERSONAL] if column.personal else []
    tags += [SENSITIVE] if column.sensitive else []
    tags += [f"{CLASSIFICATION}={column.classification}"] if column.classification else []
    return Node(
        Entity.column(contract.dataset, column.name),
        BY,
        line,
        description=column.description,
        tags=tuple(tags),
        digest=_digest([column.logical_type, column.physical_type, column.transform_logic]),
        facts={"type": column.logical_type} if column.logical_type else {},
    )


def _digest(parts: object) -> str:
    written = json.dumps(parts, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(written.encode('ascii')).hexdigest()}"
