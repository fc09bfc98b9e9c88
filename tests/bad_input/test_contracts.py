"""Contracts with mistakes: named by file, line and column, and only their own datasets go unmeasured."""

from __future__ import annotations

import shutil

import pytest

from governance_pipeline.bootstrap import open_project
from governance_pipeline.charter.diagnostics import ProjectFilesInvalid
from governance_pipeline.vocabulary.outcome import Outcome
from tests.bad_input.conftest import Trouble
from tests.bad_input.test_data import assert_one_scan_incident
from tests.tiny import contract


def test_an_unknown_time_zone(trouble: Trouble):
    with trouble.hurting_only("shop.people") as tonight:
        contract(
            trouble.root, "people", "      - {property: subjectKey, value: subject_id}\n",
            "      - {property: subjectKey, value: subject_id}\n"
            "      - {property: calendar, value: {timezone: Mars/Olympus}}\n",
        )  # fmt: skip
        with pytest.raises(ProjectFilesInvalid, match=r"datasets/people\.odcs\.yaml:\d+:\d+: .*Mars/Olympus"):
            open_project(trouble.root)
        found = tonight()
        assert_one_scan_incident(found, "shop.people", "data-team", "Mars/Olympus")
        assert {m.outcome for m in found.of("shop.people").values()} == {Outcome.NOT_RUN}


def test_a_contract_for_a_table_that_is_gone(trouble: Trouble):
    with trouble.hurting_only("shop.people") as tonight:
        shutil.rmtree(trouble.root / "data" / "people")
        assert_one_scan_incident(
            tonight(), "shop.people", "data-team", "no file matches data/people/*.parquet"
        )


def test_two_contracts_for_one_table_are_both_refused(trouble: Trouble):
    with trouble.hurting_only("shop.people", "shop.persons") as tonight:
        folder = trouble.root / "datasets"
        text = (folder / "people.odcs.yaml").read_text().replace("name: people", "name: persons")
        (folder / "persons.odcs.yaml").write_text(text)
        with pytest.raises(ProjectFilesInvalid, match="one contract for a table"):
            open_project(trouble.root)
        found = tonight()
        for dataset in ("shop.people", "shop.persons"):
            assert found.outcomes(dataset) == {Outcome.NOT_RUN}
            assert "is also the table of" in found.errors[dataset]


def test_two_contracts_of_one_name_are_refused(trouble: Trouble):
    with trouble.hurting_only("shop.people") as tonight:
        folder = trouble.root / "datasets"
        text = (folder / "people.odcs.yaml").read_text().replace("data/people/", "data/elsewhere/")
        (folder / "zz_people.odcs.yaml").write_text(text)
        found = tonight()
        assert found.outcomes("shop.people") == {Outcome.NOT_RUN}
        assert "already has a contract" in found.errors["shop.people"]


def test_a_contract_that_is_no_yaml(trouble: Trouble):
    with trouble.hurting_only("shop.predictions", "predictions", "model:approval") as tonight:
        (trouble.root / "datasets" / "predictions.odcs.yaml").write_text("kind: [unclosed\n")
        found = tonight()
        assert found.outcomes("predictions") == {Outcome.NOT_RUN}
        assert "datasets/predictions.odcs.yaml:" in found.errors["predictions"]
        bias = [m for key, m in found.measured.items() if key[:2] == ("model:approval", "bias")]
        assert {m.outcome for m in bias} == {Outcome.NOT_RUN}


def test_a_mistake_outside_the_contracts_stops_the_night_before_it_begins(trouble: Trouble):
    (trouble.root / "charter.yaml").write_text("steward: nobody\npeople: []\n")
    with pytest.raises(ProjectFilesInvalid, match=r"charter\.yaml:1:"):
        open_project(trouble.root, lenient=True)


def test_a_mistake_in_the_consent_ledgers_contract_stops_the_night_too(trouble: Trouble):
    contract(trouble.root, "consents", "logicalType: timestamp", "logicalType: moment")
    with pytest.raises(ProjectFilesInvalid, match=r"consents\.odcs\.yaml:\d+:\d+"):
        open_project(trouble.root, lenient=True)
