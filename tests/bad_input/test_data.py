"""Data that is missing, broken, empty or strange: said plainly, and nobody else's trouble."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from governance_pipeline.vocabulary.outcome import Outcome
from tests.bad_input.conftest import Night, Trouble, alike
from tests.damage import damage
from tests.tiny import PEOPLE, write, write_table


def assert_one_scan_incident(tonight: Night, dataset: str, owner: str, words: str) -> None:
    """The dataset is not measured, says why, and its owner gets one message about all of it."""
    assert words in tonight.errors[dataset]
    own = [
        m for (indicator, _), m in tonight.of(dataset).items() if indicator not in ("ownership", "provenance")
    ]
    assert own
    assert {m.outcome for m in own} == {Outcome.NOT_RUN}
    assert all(words in m.sentence for m in own)
    about = [incident for incident in tonight.incidents if incident.entity.name == dataset]
    assert [(incident.indicator, incident.owner) for incident in about] == [("scan", owner)]
    assert [alert.incident for alert in tonight.alerts] == [about[0].id]
    assert words in tonight.alerts[0].body
    assert any(missing.startswith(f"dataset:{dataset} ") for missing in tonight.seal.missing)


def test_a_missing_file(trouble: Trouble):
    with trouble.hurting_only("shop.people") as tonight:
        for path in (trouble.root / "data" / "people").iterdir():
            path.unlink()
        assert_one_scan_incident(
            tonight(), "shop.people", "data-team", "no file matches data/people/*.parquet"
        )


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not a table" * 100], ids=["empty", "cut", "text"])
def test_an_unreadable_parquet_file(trouble: Trouble, content: bytes):
    with trouble.hurting_only("shop.people") as tonight:
        trouble.data("people").write_bytes(content)
        assert_one_scan_incident(
            tonight(), "shop.people", "data-team", f"{trouble.data('people').name} is not a Parquet file"
        )


def test_a_parquet_file_of_which_a_page_is_destroyed(trouble: Trouble):
    file = trouble.data("people")
    with trouble.hurting_only("shop.people") as tonight:
        damage(file, "income")
        assert_one_scan_incident(tonight(), "shop.people", "data-team", f"{file.name} is damaged")


@pytest.mark.parametrize("touched", [True, False])
def test_a_consent_ledger_of_which_a_page_is_destroyed_costs_the_others_their_consent_only(
    trouble: Trouble, touched: bool
):
    """Its own scan takes what is remembered of a file whose size and time are as they were; whoever joins
    with it reads it.
    """
    file = trouble.root / "data" / "consents" / "all.parquet"
    damage(file, "status")
    if touched:
        file.touch()
    tonight = trouble.tonight()
    assert set(tonight.errors) == ({"shop.consents"} if touched else set())
    for dataset in ("shop.people", "shop.features", "shop.snapshot"):
        found = tonight.of(dataset)
        consent = [m for (indicator, _), m in found.items() if indicator == "consent"]
        assert {m.outcome for m in consent} == {Outcome.NOT_RUN}
        assert all("data/consents/all.parquet is damaged" in m.sentence for m in consent)
        assert {m.outcome for (indicator, _), m in found.items() if indicator == "quality"} == {Outcome.PASS}


def test_the_same_trouble_on_the_same_night_again_is_told_once(trouble: Trouble):
    trouble.data("people").write_bytes(b"")
    first, second = trouble.tonight(), trouble.tonight()
    assert len(first.alerts) == 1
    assert second.alerts == []
    assert second.incidents == []
    assert alike(second.measured) == alike(first.measured)


def test_an_empty_table(trouble: Trouble):
    with trouble.hurting_only("shop.people") as run:
        folder = trouble.root / "data" / "people"
        schema = pq.read_schema(trouble.data("people"))
        for path in folder.iterdir():
            path.unlink()
        write_table(trouble.root, "people", "none", schema.empty_table())
        tonight = run()
        found = tonight.of("shop.people")
        assert found["recency", ""].outcome is Outcome.FAIL
        assert (
            "no records" in found["recency", ""].sentence.lower() or "empty" in found["recency", ""].sentence
        )
        assert Outcome.PASS not in {
            m.outcome for (name, _), m in found.items() if name in ("consent", "retention")
        }
        assert [(i.indicator, i.owner) for i in tonight.incidents if i.entity.name == "shop.people"] == [
            ("recency", "data-team")
        ]


def test_a_table_with_no_rows_tonight(trouble: Trouble):
    with trouble.hurting_only("shop.people") as run:
        trouble.data("people").unlink()
        tonight = run()
        recency = tonight.of("shop.people")["recency", ""]
        # The newest row of night 1 is about a day old when night 2 ends; the contract allows one day,
        # the playbook warns beyond it.
        assert recency.outcome in (Outcome.WARN, Outcome.FAIL)
        assert "shop.people" in recency.sentence
        assert tonight.errors == {}


def _features(trouble: Trouble, ratio: list[float | None]) -> None:
    rows = pq.read_table(trouble.data("features"))
    column = pa.array(ratio, pa.float64())
    write_table(trouble.root, "features", trouble.data("features").stem, rows.set_column(2, "ratio", column))
    for path in (trouble.root / "data" / "features").iterdir():
        if path != trouble.data("features"):
            path.unlink()


def test_an_all_null_column(trouble: Trouble):
    with trouble.hurting_only("shop.features") as run:
        _features(trouble, [None] * PEOPLE)
        found = run().of("shop.features")
        assert found["quality", "ratio.required"].outcome is Outcome.FAIL
        assert f"{PEOPLE}" in found["quality", "ratio.required"].sentence
        assert found["drift", "ratio"].outcome is not Outcome.PASS


def test_a_constant_column(trouble: Trouble):
    with trouble.hurting_only("shop.features") as run:
        _features(trouble, [0.5] * PEOPLE)
        found = run().of("shop.features")
        drift = found["drift", "ratio"]
        assert drift.outcome is Outcome.FAIL
        assert drift.value is not None
        assert math.isfinite(drift.value)


def test_a_constant_training_column_is_no_excuse(trouble: Trouble):
    """A baseline without any spread: whatever comes is measured against it, or said not to be."""
    rng = random.Random(3)
    ids = [f"P00{i:04}" for i in range(PEOPLE)]
    write(trouble.root, "snapshot", "taken", subject_id=ids, ratio=[0.5] * PEOPLE,
          approved=[rng.randint(0, 1) for _ in ids])  # fmt: skip
    (trouble.root / ".governance" / "store.db").unlink()  # no baseline has been taken yet
    found = trouble.tonight().of("shop.features")
    assert found["drift", "ratio"].outcome in (Outcome.FAIL, Outcome.INSUFFICIENT)


def test_a_nan_prediction_is_counted_as_none_and_said(trouble: Trouble):
    with trouble.hurting_only("shop.predictions", "model:approval") as run:
        rows = pq.read_table(trouble.data("predictions"))
        predicted = [
            math.nan if i % 4 == 1 else value for i, value in enumerate(rows["predicted"].to_pylist())
        ]
        write_table(trouble.root, "predictions", trouble.data("predictions").stem,
                    rows.set_column(1, "predicted", pa.array(predicted)))  # fmt: skip
        tonight = run()
        bias = tonight.measured["model:approval", "bias", "without a decision"]
        assert bias.outcome is Outcome.WARN
        # One in four of tonight's 400 rows; night 1 brought 400 more.
        assert "100 of 800 logged rows hold no decision" in bias.sentence
        quality = tonight.of("shop.predictions")["quality", "predicted.required"]
        assert quality.outcome is Outcome.FAIL
        assert "100" in quality.sentence


def test_persons_without_any_consent_record(trouble: Trouble):
    with trouble.hurting_only("shop.features") as run:
        rows = pq.read_table(trouble.data("features"))
        strangers = [f"X{i:05}" for i in range(PEOPLE)]
        write_table(trouble.root, "features", trouble.data("features").stem,
                    rows.set_column(0, "subject_id", pa.array(strangers)))  # fmt: skip
        consent = run().of("shop.features")["consent", "model_training"]
        assert consent.outcome is Outcome.FAIL
        assert consent.value == pytest.approx(0.5)  # night 1's 400 persons have one, tonight's 400 have none
        assert "X000" not in consent.sentence + str(consent.details)


def test_rows_without_a_subject_are_not_covered_by_anybodys_consent(trouble: Trouble):
    with trouble.hurting_only("shop.features") as run:
        rows = pq.read_table(trouble.data("features"))
        nobody = pa.array([None] * PEOPLE, pa.string())
        write_table(
            trouble.root, "features", trouble.data("features").stem, rows.set_column(0, "subject_id", nobody)
        )
        consent = run().of("shop.features")["consent", "model_training"]
        assert consent.outcome is not Outcome.PASS


def test_rows_dated_in_the_far_future_are_told_apart_from_fresh_ones(trouble: Trouble):
    with trouble.hurting_only("shop.people") as run:
        rows = pq.read_table(trouble.data("people"))
        times = pa.array([datetime(2126, 1, 1, tzinfo=UTC)] * PEOPLE, rows.schema.field("recorded_at").type)
        write_table(
            trouble.root, "people", trouble.data("people").stem, rows.set_column(1, "recorded_at", times)
        )
        found = run().of("shop.people")
        assert found["recency", "future"].outcome is Outcome.FAIL
        assert found["recency", ""].outcome is not Outcome.PASS
