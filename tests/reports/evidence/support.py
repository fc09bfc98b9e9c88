"""A version that has been through everything, so that a pack has something of each kind to tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from governance_pipeline.charter.assessment import Questionnaire
from governance_pipeline.ledger.checkpoints import CheckpointLog
from governance_pipeline.ledger.offline import Keys
from governance_pipeline.reports.evidence.pack import Packed, write_pack
from governance_pipeline.reports.evidence.reading import read_record
from governance_pipeline.reports.evidence.record import Record
from governance_pipeline.reviews.assessing import answer
from governance_pipeline.reviews.promotion import promote
from governance_pipeline.reviews.service import Table
from governance_pipeline.reviews.waivers import waive
from governance_pipeline.stages.services import checkpoint_log
from governance_pipeline.store.open import open_store
from governance_pipeline.testing import DATASET, MODEL, a_playbook
from governance_pipeline.vocabulary.function import Function
from governance_pipeline.vocabulary.review import Verdict
from tests.reviews.support import Lab, lab, late
from tests.reviews.test_promotion import desk

WAIVED = f"dataset:{DATASET} recency"
UNTIL = date(2026, 3, 20)
CONTROL = "Incomes are read by hand."
BIAS = Questionnaire.model_validate(
    {
        "id": "bias",
        "title": "Bias of the model",
        "tiers": ["high"],
        "questions": [{"id": "groups", "text": "Which groups could it harm?", "facts": ["sensitive"]}],
    }
)


def office(root: Path, url: str = "sqlite:///store.db", **changes: Any) -> Lab:
    """The small project, whose store signs, with one night run; its incomes come late."""
    rules = a_playbook().reviews.model_dump(mode="json")
    by = [{"function": "engineering"}, {"function": "legal"}]
    rules["waivers"] = {"recency": {"by": by, "longest_days": 20}}
    playbook = changes.pop("playbook", None) or a_playbook(reviews=rules, permits={})
    found = lab(root, changes.pop("answers", {DATASET: late(90)}), playbook=playbook, **changes)
    store = open_store(url, root=root, witness=checkpoint_log(found.project))
    found.services = replace(found.services, store=store)
    found.change(assessments={"bias": BIAS}, assessment_digests={"bias": "sha256:1"})
    found.night()
    return found


def decided(found: Lab) -> Lab:
    """Waived, assessed, approved with a condition, permitted and promoted."""
    promote(desk(approved(found)), MODEL, "2", "production", person="ada", now=found.clock())
    return found


def approved(found: Lab) -> Lab:
    """Waived, assessed, and approved with a condition."""
    for person, function in (("eva", Function.ENGINEERING), ("lea", Function.LEGAL)):
        waive(
            table(found),
            found.review().id,
            person=person,
            function=function,
            finding=WAIVED,
            until=UNTIL,
            control=CONTROL,
            reason="The feed moves.",
        )
    answers = {"groups": "Those named in the file."}
    answer(table(found), found.review().id, person="lea", questionnaire="bias", answers=answers)
    condition = "Have the incomes arrive again @eva by 2026-04-01"
    found.decide(
        "lea",
        Function.LEGAL,
        Verdict.APPROVE_WITH_CONDITIONS,
        conditions=(condition,),
        trade_off="late incomes for better scores",
    )
    found.approve()
    return found


def table(found: Lab) -> Table:
    return Table(found.project, found.services.store, found.graph(), found.clock())


def log(found: Lab) -> CheckpointLog:
    return checkpoint_log(found.project)


def keys(found: Lab) -> Keys:
    return log(found).keys.trusted()


def record(found: Lab, version: str = "2") -> Record:
    return read_record(desk(found), log(found), MODEL, version)


def pack(found: Lab, folder: Path, version: str = "2") -> Packed:
    return write_pack(record(found, version), log(found), folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a pack by its name in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
