"""A pack tells everything that is known of a version, what is not, and nothing about single people."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from governance_pipeline.errors import CannotEvaluate, NotFound, UsageError
from governance_pipeline.reports.evidence.missing import missing
from governance_pipeline.reports.evidence.mlbom import ml_bom
from governance_pipeline.reports.evidence.pack import parts
from governance_pipeline.reports.evidence.shown import publishable
from governance_pipeline.reports.evidence.view import view
from governance_pipeline.testing import AS_OF, DATASET, MODEL, NIGHT, register_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from tests.reports.evidence.support import CONTROL, contents, decided, log, office, pack, record
from tests.reviews.support import Lab

FEW = "0.123456789"


def told(folder: Path, name: str):
    return json.loads((folder / name).read_text())


def test_a_pack_has_every_part(packed: Path):
    found = {re.sub(r"PER-[0-9a-f]+", "PER", name) for name in contents(packed)}
    assert found >= {
        "index.html", "evidence.pdf", "missing.json", "model-card.json", "environment.json",
        "indicators.json", "decisions.json", "incidents.json", "rollback.json", "lineage.json",
        "lineage.mmd", "ml-bom.cdx.json", "controls.json",
        "assessment-results.oscal.json", "ledger/entries.json", "ledger/checkpoint.txt",
        "ledger/keys.public.json", "verify.py", "permits/PER.dsse.json", f"datasheets/{DATASET}.json",
        "MANIFEST", "MANIFEST.dsse.json",
    }  # fmt: skip


def test_the_manifest_is_the_digest_of_every_other_file(packed: Path):
    held = contents(packed)
    listed = dict(reversed(line.split("  ")) for line in held["MANIFEST"].decode().splitlines())
    assert set(listed) == set(held) - {"MANIFEST", "MANIFEST.dsse.json"}
    assert all(hashlib.sha256(held[name]).hexdigest() == digest for name, digest in listed.items())


def test_the_same_record_gives_the_same_bytes(lived: Lab, packed: Path, tmp_path: Path):
    pack(lived, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(packed)


def test_a_pack_is_made_from_either_database(tmp_path: Path, postgres_store_url: str):
    """All parts that do not hold what a ledger draws by chance (keys, salts, signatures) are the same."""
    first, second = office(tmp_path / "a"), office(tmp_path / "b", postgres_store_url)
    parted = [parts(record(one), log(one)) for one in (first, second)]
    same = set(parted[0]) - {"ledger/entries.json", "ledger/checkpoint.txt", "ledger/keys.public.json"}
    same -= {"index.html", "evidence.pdf"}  # which show the root of the ledger's tree
    assert set(parted[0]) == set(parted[1])
    assert {name: parted[0][name] for name in same} == {name: parted[1][name] for name in same}
    second.services.store.close()


def test_times_are_those_of_the_record(lived: Lab, packed: Path):
    assert told(packed, "decisions.json")["as_of"] == lived.clock().isoformat()
    assert "5 March 2026, 07:00 UTC" in (packed / "index.html").read_text()


def test_ethics_and_law_stand_beside_accuracy(packed: Path):
    measured = told(packed, "model-card.json")["measurements"]
    indicators = {kind: {one["indicator"] for one in found} for kind, found in measured.items()}
    assert "bias" in indicators["ethics"]
    assert "consent" in indicators["law"]
    assert "performance" in indicators["accuracy"]


def test_decisions_are_told_with_their_reasons_conditions_and_proofs(packed: Path):
    review = next(
        one for one in told(packed, "decisions.json")["reviews"] if one["status"].startswith("appr")
    )
    legal = next(one for one in review["decisions"] if one["function"] == "legal")
    assert (legal["person"], legal["trade_off"]) == ("lea", "late incomes for better scores")
    assert [one["sentence"] for one in review["conditions"]] == ["Have the incomes arrive again"]
    assert review["assessments"][0]["answers"] == {"groups": "Those named in the file."}
    entered = {one["index"]: one for one in told(packed, "ledger/entries.json")}
    assert all(entered[act["entry"]]["kind"] == f"review.{act['act']}" for act in review["acts"])


def test_a_waived_number_is_nowhere_told_without_its_waiver(lived: Lab, packed: Path):
    """Wherever the sentence stands, its waiver follows; what was signed before is left as it was."""
    bare = next(m for m in lived_measurements(lived) if m.entity.name == DATASET and m.indicator == "recency")
    for name, content in contents(packed).items():
        if name.startswith(("ledger/", "permits/")) or name == "evidence.pdf":
            continue
        alone = content.decode().count(bare.sentence)
        assert alone == content.decode().count(f"{bare.sentence} Waived until 20 March 2026 by "), name
    for name in (
        "index.html",
        "incidents.json",
        f"datasheets/{DATASET}.json",
        "assessment-results.oscal.json",
    ):
        assert CONTROL in (packed / name).read_text(), name


def test_a_waived_figure_in_the_bill_of_materials_says_so(lived: Lab):
    before = record(lived)
    bias = next(m for m in before.night.measured if m.indicator == "bias" and m.value is not None)
    waiver = replace(next(iter(before.acts.waivers.values())), key=bias.key)
    waived = replace(before, acts=replace(before.acts, waivers={bias.key: waiver}))
    metrics = ml_bom(waived)["metadata"]["component"]["modelCard"]["quantitativeAnalysis"][
        "performanceMetrics"
    ]
    told = [one["slice"] for one in metrics if bias.facet in one["slice"]]
    assert told
    assert all(f"waived until 2026-03-20: {CONTROL}" in one for one in told)


def lived_measurements(lived: Lab) -> list[Measurement]:
    with lived.services.store.begin() as unit:
        return list(unit.measurements.of_night(NIGHT))


def test_what_is_not_known_is_listed(tmp_path: Path):
    found = office(tmp_path)
    named = {one.what for one in missing(record(found))}
    assert named >= {
        "training hardware", "random seeds", "revision of the training code", "software used in training",
        "energy used in training", "an approval", "a permit", "assessment 'Bias of the model'",
        "bias of version 2", "figures promised at registration", "a rollback rehearsal",
    }  # fmt: skip
    assert "a version to roll back to" in named
    page = view(record(found))
    assert sum(len(group["items"]) for group in page["missing"]) == len(missing(record(found)))


def test_what_becomes_known_is_listed_no_more(tmp_path: Path):
    found = office(tmp_path)
    told = {"cpu": "8 cores", "random_state": 7, "python": "3.11.9", "git": {"commit": "abc"}}
    register_version(tmp_path, "2", environment=told, metrics={"auc": 0.8})
    found.clock.now += timedelta(days=1)
    found.night(NIGHT + timedelta(days=1))
    named = {one.what for one in missing(record(found))}
    gone = {"training hardware", "random seeds", "revision of the training code", "software used in training"}
    assert not named & {*gone, "figures promised at registration"}
    environment = json.loads(parts(record(found), log(found))["environment.json"])
    assert environment["code"] == {"git.commit": "abc"}
    assert environment["seeds"] == {"random_state": "7"}


def test_a_review_that_nobody_opened_is_missing(tmp_path: Path):
    found = office(tmp_path)
    named = {one.what for one in missing(record(found, "1"))}
    assert {"a permit"} <= named
    assert {"a review", "an approval"} & named


def test_what_rests_on_a_few_is_not_shown(lived: Lab):
    few = Measurement(
        NIGHT, Entity.model(MODEL), "bias", Outcome.PASS, f"A gap of {FEW} among 5.", "P-8",
        facet="race=rare:selection_rate", value=float(FEW), n=5, interval=(0.1, float(FEW)),
        details={"group": "rare", "rate": float(FEW)},
    )  # fmt: skip
    before = record(lived)
    shown = publishable([few], {})
    night = replace(before.night, measured=shown, histories={few.key: shown})
    for name, content in parts(replace(before, night=night), log(lived)).items():
        assert FEW.encode() not in content, name
    assert shown[0].n == 0


@pytest.mark.parametrize("indicator", ["ownership", "provenance", "twins"])
def test_what_counts_no_people_is_shown_whatever_it_counts(indicator: str):
    one = Measurement(
        NIGHT, Entity.model(MODEL), indicator, Outcome.PASS, "Two of us.", "P-5", value=2.0, n=2
    )
    assert publishable([one], {}) == (one,)


def test_a_registry_that_is_gone_is_missing_and_closes_the_gate(tmp_path: Path):
    found = office(tmp_path)
    (tmp_path / "registry.json").unlink()
    told = record(found)
    named = {one.what: one.why for one in missing(told)}
    assert {"the gate's verdict", "whether it could be rolled back"} <= set(named)
    assert "registry.json is not there" in named["the gate's verdict"]
    assert view(told)["verdict"] == {
        "word": "could not be evaluated",
        "why": [told.standing.ungated],
        "more": 0,
        "open": False,
    }


def test_a_folder_that_holds_something_is_left_as_it_is(lived: Lab, packed: Path):
    before = contents(packed)
    with pytest.raises(UsageError, match="is not empty"):
        pack(lived, packed)
    assert contents(packed) == before
    assert [path.name for path in packed.parent.iterdir()] == [packed.name]


def test_a_pack_that_cannot_be_written_leaves_nothing(lived: Lab, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotEvaluate, match="cannot be written"):
        pack(lived, tmp_path / "file" / "pack")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_version_that_no_night_has_seen_is_named(lived: Lab):
    with pytest.raises(NotFound, match="no night has seen version '9'") as error:
        record(lived, "9")
    assert "1, 2" in error.value.hint


def test_a_history_is_told_night_by_night(tmp_path: Path):
    found = office(tmp_path)
    found.clock.now += timedelta(days=1)
    found.night(NIGHT + timedelta(days=1))
    indicators = json.loads(parts(record(found), log(found))["indicators.json"])["indicators"]
    late = next(
        one for one in indicators if (one["entity"], one["indicator"]) == (f"dataset:{DATASET}", "recency")
    )
    assert [row[0] for row in late["history"]] == [NIGHT.isoformat(), (NIGHT + timedelta(days=1)).isoformat()]
    assert [row[2] for row in late["history"]] == [90.0, 90.0]


def test_an_act_after_the_night_moves_the_instant(tmp_path: Path):
    found = office(tmp_path)
    first = record(found).as_of
    found.clock.now = datetime(2026, 3, 6, 9, tzinfo=UTC)
    decided_later = decided(found)
    assert first < record(decided_later).as_of == found.clock.now
    assert first > AS_OF
