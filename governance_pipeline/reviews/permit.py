"""A permit: the signed statement that a model version may be promoted to a stage, and on what.

It is an in-toto Statement v1 in a DSSE envelope, so that any verifier of these can check it. It binds the
digests of the artefact, the training data, the policy and everything that was measured; change one, and it is
void. Sources: in-toto Attestation Framework v1; DSSE protocol v1.0.2.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from governance_pipeline.charter.playbook import SignersPolicy
from governance_pipeline.ledger.canonical import canonical, plain
from governance_pipeline.ledger.offline import BrokenProof, Keys, PublicKey, open_envelope, pre_authentication
from governance_pipeline.ledger.signing import SigningKey
from governance_pipeline.reviews.evidence import Evidence
from governance_pipeline.reviews.review import ReviewState
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Decision, ModelVersion

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:governance-pipeline:permit:v1"


@dataclass(frozen=True, slots=True)
class Permit:
    """A permit, read and verified.

    Attributes:
        id: the first digits of the digest of its bytes.
        evidence: the digest of what the decisions were made on.
    """

    id: str
    model: str
    version: str
    stage: str
    model_digest: str
    snapshot_digest: str
    playbook_digest: str
    evidence: str
    review: str
    issued_at: datetime
    expires_at: datetime
    rollback_target: str | None


def statement(
    project: str,
    version: ModelVersion,
    stage: str,
    review: ReviewState,
    measurements: Iterable[Measurement],
    *,
    night: str,
    rollback_target: ModelVersion | None,
    issued_by: str,
    issued_at: datetime,
) -> dict[str, Any]:
    """The statement of a permit for an approved review.

    Args:
        measurements: all that was measured for the model and its inputs in the newest night.
        night: that night.
    """
    assert review.valid_until is not None
    evidence = review.evidence
    told: dict[str, Any] = plain(
        {
            "_type": STATEMENT,
            "subject": [
                {"name": f"{version.model}/{version.version}", "digest": _digest_set(version.digest)}
            ],
            "predicateType": PREDICATE,
            "predicate": {
                "project": project,
                "model": version.model,
                "version": version.version,
                "stage": stage,
                "issuedAt": issued_at,
                "issuedBy": issued_by,
                "expiresAt": review.valid_until,
                "review": review.id,
                "decisions": [_decision(decision) for decision in review.standing.values()],
                "conditions": [condition.sentence for condition in review.conditions],
                "evidence": evidence.to_json(),
                "trainingData": {
                    "name": version.snapshot,
                    "digest": _digest_set(version.snapshot_digest),
                },
                "policy": {"digest": _digest_set(evidence.playbook_digest)},
                "night": night,
                "indicators": [_result(measurement) for measurement in measurements],
                "rollback": _target(rollback_target) if rollback_target else None,
            },
        }
    )
    return told


def sign(told: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """The statement in a DSSE envelope, signed."""
    payload = canonical(told)
    signature = key.sign(pre_authentication(PAYLOAD_TYPE, payload))
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key.id, "sig": base64.b64encode(signature).decode()}],
    }


def read_permit(envelope: Mapping[str, Any], keys: Keys) -> Permit:
    """The permit in an envelope.

    Raises:
        BrokenProof: no trusted key has signed the envelope, or it holds no permit.
    """
    payload = open_envelope(envelope, keys)
    try:
        told = json.loads(payload)
        inside = told["predicate"]
        if envelope["payloadType"] != PAYLOAD_TYPE or told["predicateType"] != PREDICATE:
            raise BrokenProof("the envelope holds something else than a permit")
        evidence = Evidence.from_json(inside["evidence"])
        rollback = inside["rollback"]
        return Permit(
            id=permit_id(envelope),
            model=inside["model"],
            version=inside["version"],
            stage=inside["stage"],
            model_digest=evidence.model_digest,
            snapshot_digest=evidence.snapshot_digest,
            playbook_digest=evidence.playbook_digest,
            evidence=evidence.digest,
            review=inside["review"],
            issued_at=datetime.fromisoformat(inside["issuedAt"]),
            expires_at=datetime.fromisoformat(inside["expiresAt"]),
            rollback_target=rollback["version"] if rollback else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenProof(f"the permit cannot be read: {error}") from error


def co_sign(envelope: Mapping[str, Any], key: SigningKey) -> dict[str, str]:
    """One more signature on an envelope, as it stands among its signatures."""
    message = pre_authentication(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    return {"keyid": key.id, "sig": base64.b64encode(key.sign(message)).decode()}


def signers_of(envelope: Mapping[str, Any], policy: SignersPolicy) -> tuple[str, ...]:
    """The people whose own signature on a permit holds. Keys count, not names: one key under two names is
    one person's, the first's.
    """
    message = pre_authentication(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    issued = json.loads(base64.b64decode(envelope["payload"]))["predicate"]["issuedAt"]
    day = datetime.fromisoformat(issued).date()
    signatures = [_bytes(one["sig"]) for one in envelope["signatures"]]
    found: dict[bytes, str] = {}
    for person, key in policy.keys.items():
        public = PublicKey(base64.b64decode(key.public))
        counts = key.until is None or day <= key.until
        if counts and any(public.verifies(signature, message) for signature in signatures):
            found.setdefault(public.public, person)
    return tuple(found.values())


def _bytes(text: str) -> bytes:
    """What a signature says; nothing where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


def permit_id(envelope: Mapping[str, Any]) -> str:
    """A permit's name: it follows from what was signed."""
    return "PER-" + hashlib.sha256(str(envelope["payload"]).encode()).hexdigest()[:10]


def _result(measurement: Measurement) -> dict[str, Any]:
    return {
        "entity": str(measurement.entity),
        "indicator": measurement.indicator,
        "facet": measurement.facet,
        "outcome": str(measurement.outcome),
        "value": measurement.value,
        "clause": measurement.clause,
    }


def _target(version: ModelVersion) -> dict[str, Any]:
    return {"version": version.version, "digest": _digest_set(version.digest)}


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "function": decision.function,
        "person": decision.person,
        "verdict": str(decision.verdict),
        "at": decision.at,
        "evidence": decision.evidence,
    }


def _digest_set(digest: str) -> dict[str, str]:
    """``sha256:...`` as in-toto has it; empty where no digest is known."""
    algorithm, _, value = digest.partition(":")
    return {algorithm: value} if value else {}
