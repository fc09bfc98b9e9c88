from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from governance_pipeline.charter.contract import ColumnSource
from governance_pipeline.charter.diagnostics import ProjectFilesInvalid
from governance_pipeline.charter.loader import check_project, find_project, load_project
from governance_pipeline.errors import NotFound
from tests.charter.projects import INCOMES, MODEL, change, complaints, line_of, new_project, write

PLAYBOOK = "playbook/playbook.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return new_project(tmp_path / "project")


def test_a_valid_project_is_loaded_with_everything_linked(root: Path) -> None:
    project = load_project(root)
    assert check_project(root) == []
    assert list(project.contracts) == [
        "example.readings",
        "lending.consents",
        "lending.incomes",
        "lending.predictions",
        "lending.snapshot",
    ]
    snapshot = project.contract("lending.snapshot")
    assert snapshot.owner == "data-team", "a team by its id"
    assert project.contract("lending.incomes").owner == "sam", "a member with the role owner, by mail"
    income = snapshot.column("income")
    assert income is not None
    assert income.sources == (ColumnSource("lending.incomes", "amount"),)
    assert snapshot.upstream == ("lending.incomes",)
    assert project.contract("lending.predictions").upstream == ("lending.incomes",)
    assert project.tier("lending.snapshot") == "high"
    assert project.ungoverned == ()


def test_paths_are_absolute_and_names_of_the_environment_stay(root: Path) -> None:
    project = load_project(root)
    assert project.root == root
    assert project.contract("lending.snapshot").location.path == str(root / "data/snapshot.parquet")
    assert project.models["approval"].registry.path == str(root / "models/approval.versions.json")
    assert project.settings.channels["file"].path == str(root / ".governance/alerts.jsonl")
    assert project.settings.openlineage.path == str(root / ".governance/openlineage")
    assert "${WAREHOUSE_PASSWORD}" in project.settings.connections["warehouse"].url


def test_digests_are_those_of_the_bytes_and_the_playbook_has_one_of_its_own(root: Path) -> None:
    before = load_project(root)
    content = (root / "charter.yaml").read_bytes()
    assert before.digests["charter.yaml"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert before.contracts["lending.incomes"].digest == before.digests["datasets/incomes.odcs.yaml"]
    change(root, "models/approval.yaml", "Switch back.", "Switch back now.")
    same = load_project(root)
    assert same.playbook_digest == before.playbook_digest
    assert same.digests != before.digests
    change(root, "charter.yaml", "Noa Example", "Noah Example")
    assert load_project(root).playbook_digest != before.playbook_digest


def test_the_project_is_found_from_any_folder_inside_it(root: Path) -> None:
    assert find_project(root / "datasets") == root
    assert find_project(root) == root
    with pytest.raises(NotFound) as caught:
        find_project(root.parent)
    assert "governance init" in caught.value.hint


@pytest.mark.parametrize("act", [load_project, check_project])
def test_a_folder_without_a_project_is_not_found(act: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"governance\.yaml"):
        act(tmp_path)


def test_mistakes_of_all_files_are_told_together_with_their_places(root: Path) -> None:
    change(root, "governance.yaml", 'cron: "0 2 * * *"', "cron: every night")
    change(root, "charter.yaml", "steward: sam", "steward: sma")
    change(root, PLAYBOOK, "never: [consent]", "never: [consnt]")
    change(root, "models/approval.yaml", "#amount", "#amonut")
    change(root, "datasets/incomes.odcs.yaml", "value: updated_at", "value: updated")
    change(root, "datasets/snapshot.odcs.yaml", "status: active", "staus: active")
    with pytest.raises(ProjectFilesInvalid) as caught:
        load_project(root)
    problems = caught.value.problems
    assert problems == tuple(check_project(root))
    places = {(problem.file, problem.line) for problem in problems}
    assert places == {
        ("charter.yaml", line_of(root, "charter.yaml", "steward: sma")),
        ("datasets/incomes.odcs.yaml", line_of(root, "datasets/incomes.odcs.yaml", "value: updated}")),
        ("datasets/snapshot.odcs.yaml", 1),  # status is missing
        ("datasets/snapshot.odcs.yaml", 5),  # staus is not known
        ("governance.yaml", line_of(root, "governance.yaml", "every night")),
        ("models/approval.yaml", line_of(root, "models/approval.yaml", "amonut")),
        (PLAYBOOK, line_of(root, PLAYBOOK, "consnt")),
    }
    suggestions = {problem.suggestion for problem in problems}
    assert {"sam", "consent", "amount", "updated_at", "status"} <= suggestions


BREAKS = [
    # file, old, new, words of the only complaint
    ("governance.yaml", "timezone: UTC", "timezone: Europe/Zurch", "did you mean 'Europe/Zurich'?"),
    ("governance.yaml", 'cron: "0 2 * * *"', 'cron: "0 2 * * * *"', "five fields"),
    ("governance.yaml", "store: sqlite:///", "store: ", "the store's address is not a database URL"),
    ("governance.yaml", "store: sqlite:///", "store: oracle://u:${PW}@h/", "no store can be kept in 'oracle'"),
    ("governance.yaml", 'cron: "0 2 * * *"', 'cron: "0 25 * * *"', "five fields"),
    ("governance.yaml", "dataset: lending.consents", "dataset: lending.consent", "did you mean 'lending.consents'?"),
    ("governance.yaml", "dataset: lending.consents", "dataset: lending.consents\n  subject: person", "is no column of"),
    ("governance.yaml", "path: .governance/alerts.jsonl", "path: ../alerts.jsonl", "out of the project"),
    ("governance.yaml", "    path: .governance/alerts.jsonl\n", "", "of type file has no path"),
    ("governance.yaml", "type: console", "type: apprise", "of type apprise has no url"),
    ("governance.yaml", "schedule:", "openlineage: {transport: http}\nschedule:", "http has no url"),
    ("charter.yaml", "members: [sam]", "members: [sam, lea]", "did you mean 'lee'?"),
    ("charter.yaml", "id: noa", "id: lee", "the id 'lee' is used twice"),
    ("charter.yaml", "mail: noa@", "mail: Lee@", "the mail address of 'lee' stands here again"),
    ("charter.yaml", "members: [sam]", "members: [sam]\n    channel: chat", "no channel of governance.yaml"),
    ("charter.yaml", "alert_channels: [console, file]", "alert_channels: [consle]", "did you mean 'console'?"),
    ("charter.yaml", "mail: noa@", "delegate: noah\n    mail: noa@", "did you mean 'noa'?"),
    ("charter.yaml", "mail: noa@", "delegate: noa\n    mail: noa@", "their own delegate"),
    ("charter.yaml", "mail: noa@", "since: 2026-05-01\n    until: 2026-04-01\n    mail: noa@", "lies before the first"),
    (PLAYBOOK, "clause: P-7", "clause: P-77", "no clause of this playbook"),
    (PLAYBOOK, "reviews:\n  clause: P-9", "reviews:\n  clause: P-10", "no clause of this playbook"),
    (PLAYBOOK, "    bias:\n      - function: ethics", "    biass:\n      - function: ethics", "did you mean 'bias'?"),
    (PLAYBOOK, "warn: 0.99", "warn: 0.90", "would fail (0.95) before it warns (0.9)"),
    (PLAYBOOK, "warn: 0.005 ", "warn: 0.3 ", "would fail (0.2) before it warns (0.3)"),
    (PLAYBOOK, "{ warn: 0.05, fail: 0.10 }", "{ warn: 0.2, fail: 0.1 }", "would fail (0.1) before it warns (0.2)"),
    (PLAYBOOK, "warn: 0.99\n    fail: 0.95", "warn: 99\n    fail: 95", "the bounds of 'consent' are shares"),
    (PLAYBOOK, "medium: 20", "medium: 50", "not above medium at 50"),
    (PLAYBOOK, "- function: privacy\n      - function: legal\n    critical",
     "- {function: privacy, people: 3}\n      - function: legal\n    critical", "charter.yaml has 1"),
    ("models/approval.yaml", "owner: data-team", "owner: data_team", "did you mean 'data-team'?"),
    ("models/approval.yaml", "lending.incomes#amount", "lending.income#amount", "did you mean 'lending.incomes'?"),
    ("models/approval.yaml", "snapshot_column: income", "snapshot_column: incme", "did you mean 'income'?"),
    ("models/approval.yaml", "\n    snapshot_column: income", "", "'amount' is no column of lending.snapshot"),
    ("models/approval.yaml", "label: approved", "label: aproved", "did you mean 'approved'?"),
    ("models/approval.yaml", "purpose: model_training", "purpose: model-training", "did you mean 'model_training'?"),
    ("models/approval.yaml", "snapshot: lending.snapshot", "snapshot: lending.snapshots", "the training snapshot"),
    ("models/approval.yaml", "label: approved", "label: approved\n  prediction: aproved", "did you mean 'approved'?"),
    ("models/approval.yaml", "label: approved", "label: approved\n  score: income", "expected a predictions section with"),
    ("models/approval.yaml", "dataset: lending.predictions", "dataset: lending.prediction", "the predictions dataset"),
    ("models/approval.yaml", "prediction: predicted", "prediction: predictd", "did you mean 'predicted'?"),
    ("models/approval.yaml", "label: outcome", "label: outcme", "did you mean 'outcome'?"),
    ("models/approval.yaml", "label: outcome", "label: outcome\n  score: p", "'p' is no column"),
    ("models/approval.yaml", "column: sex", "column: gender", "'gender' is no column of lending.predictions"),
    ("models/approval.yaml", "path: models/", "path: ../models/", "out of the project"),
    ("models/approval.yaml", "  - column: lending.incomes#amount\n    snapshot_column: income",
     "  - &f {column: lending.incomes#amount}", "anchor"),
    ("models/approval.yaml", "    snapshot_column: income\n",
     "    snapshot_column: income\n  - {column: lending.incomes#amount, snapshot_column: income}\n", "twice"),
    ("datasets/incomes.odcs.yaml", "sam@example.org", "sam@example.com", "did you mean 'sam@example.org'?"),
    ("datasets/snapshot.odcs.yaml", "team: {name: data-team}", "team: {name: data-taem}", "did you mean 'data-team'?"),
    ("datasets/snapshot.odcs.yaml", "lending.incomes.amount", "lending.incomes.amonut", "did you mean 'amount'?"),
    ("datasets/snapshot.odcs.yaml", "lending.incomes.amount", "lending.income.amount",
     "did you mean 'lending.incomes.amount'?"),
    ("datasets/predictions.odcs.yaml", "[lending.incomes]", "[lending.incoms]", "did you mean 'lending.incomes'?"),
    ("datasets/predictions.odcs.yaml", "[lending.incomes]", "[lending.predictions]", "built from itself"),
    ("datasets/incomes.odcs.yaml", "server: warehouse", "server: warehose", "no connection named 'warehose'"),
    ("datasets/incomes.odcs.yaml", "type: postgres", "type: postgre", "did you mean 'postgres'?"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "words"), BREAKS)
def test_one_mistake_is_one_complaint_in_its_file(
    root: Path, file: str, old: str, new: str, words: str
) -> None:
    change(root, file, old, new)
    (found,) = complaints(root)
    assert words in found
    assert found.startswith(f"{file}:")


def test_decisions_on_training_data_are_of_no_use_to_a_model_that_predicts_numbers(root: Path) -> None:
    change(root, "models/approval.yaml", "label: outcome", "label: outcome\n  kind: number")
    change(root, "models/approval.yaml", "label: approved", "label: approved\n  prediction: approved")
    (found,) = [one for one in complaints(root) if "decisions on training data" in one]
    assert found.startswith(f"models/approval.yaml:{line_of(root, 'models/approval.yaml', 'prediction: ')}:")
    assert "expected a predictions section of classes" in found


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "governance.yaml",
            "dataset: lending.consents",
            "dataset: lending.incomes",
            "datasetKind consent_ledger",
        ),
        ("charter.yaml", "id: data-team", "id: sam", "the id 'sam' is used twice"),
        (
            "charter.yaml",
            "functions: [ethics, security]",
            "functions: [security]",
            "function ethics must decide",
        ),
        ("governance.yaml", "consent:\n  dataset: lending.consents", "", "names no consent ledger"),
        (
            "datasets/snapshot.odcs.yaml",
            "datasetKind, value: training_snapshot",
            "datasetKind, value: source",
            "expected a dataset of datasetKind training_snapshot",
        ),
        (
            "datasets/incomes.odcs.yaml",
            "eventTime, value: updated_at}",
            "eventTime, value: updated_at}\n      - {property: trainingUse, value: false}",
            "forbids training",
        ),
    ],
)
def test_a_mistake_is_found_wherever_it_shows(root: Path, file: str, old: str, new: str, words: str) -> None:
    change(root, file, old, new)
    assert any(words in text for text in complaints(root))


def test_two_contracts_for_one_table_are_refused_naming_the_first(root: Path) -> None:
    write(root, "datasets/twin.odcs.yaml", INCOMES.replace("- name: incomes", "- name: twin"))
    (problem,) = complaints(root)
    line = line_of(root, "datasets/incomes.odcs.yaml", "- name: incomes")
    assert problem == (
        f"datasets/twin.odcs.yaml:{line}:5: the table of 'lending.twin' is also the table of 'lending.incomes'"
        f" (datasets/incomes.odcs.yaml:{line}); expected one contract for a table"
    )


def test_two_contracts_with_one_name_are_refused_naming_the_first(root: Path) -> None:
    write(root, "datasets/twin.odcs.yaml", INCOMES.replace("income_t", "other_t"))
    (problem,) = complaints(root)
    assert "the dataset 'lending.incomes' already has a contract at datasets/incomes.odcs.yaml" in problem


def test_two_files_for_one_model_are_refused(root: Path) -> None:
    write(root, "models/twin.yaml", MODEL)
    (problem,) = complaints(root)
    assert "another file already describes the model 'approval'" in problem


@pytest.mark.parametrize("file", ["governance.yaml", "charter.yaml"])
def test_a_broken_main_file_does_not_hide_mistakes_elsewhere(root: Path, file: str) -> None:
    write(root, file, "a: [1, 2\n")
    change(root, "models/approval.yaml", "tier: high", "tier: hihg")
    found = complaints(root)
    assert any(text.startswith(file) and "not YAML" in text for text in found)
    assert any("did you mean 'high'?" in text for text in found)


def test_a_contract_that_cannot_be_parsed_brings_no_complaints_about_its_datasets(root: Path) -> None:
    write(root, "datasets/incomes.odcs.yaml", "a: [1, 2\n")
    (problem,) = complaints(root)
    assert problem.startswith("datasets/incomes.odcs.yaml:2:1: this is not YAML")


def test_a_contract_with_mistakes_brings_no_complaints_about_its_datasets(root: Path) -> None:
    change(root, "datasets/incomes.odcs.yaml", "logicalType: number", "logicalType: numbr")
    (problem,) = complaints(root)
    assert "did you mean 'number'?" in problem


def test_missing_files_are_named(root: Path) -> None:
    (root / "charter.yaml").unlink()
    (root / PLAYBOOK).unlink()
    assert complaints(root) == [
        "charter.yaml:0:0: the file is missing; expected a file charter.yaml",
        "playbook/:0:0: the project has no playbook; expected at least one file such as playbook/playbook.yaml",
    ]


@pytest.mark.parametrize("file", ["datasets/a.yaml", "datasets/a.odcs.YML.yml", "datasets/deep/b.yml"])
def test_a_file_that_would_be_passed_over_by_its_name_is_pointed_out(root: Path, file: str) -> None:
    write(root, file, "x: 1")
    (problem,) = complaints(root)
    assert problem == (
        f"{file}:0:0: this file is not read because of its name; expected a name that ends in .odcs.yaml"
    )


def test_contracts_in_folders_below_are_read(root: Path) -> None:
    (root / "datasets/deep").mkdir()
    (root / "datasets/incomes.odcs.yaml").rename(root / "datasets/deep/incomes.odcs.yml")
    assert "lending.incomes" in load_project(root).contracts


def test_the_playbook_may_be_split_and_a_key_stands_in_one_file_only(root: Path) -> None:
    text = (root / PLAYBOOK).read_text(encoding="utf-8")
    head, _, tail = text.partition("reviews:\n")
    write(root, PLAYBOOK, head)
    write(root, "playbook/reviews.yaml", f"reviews:\n{tail}")
    assert load_project(root).playbook.reviews.due_days == 10
    write(
        root,
        "playbook/more.yaml",
        "clauses:\n  P-20: {title: More, text: More.}\n  P-1: {title: Again, text: No.}\n",
    )
    title, text = complaints(root)
    line = line_of(root, PLAYBOOK, "  P-1:")
    assert title.startswith(
        f"{PLAYBOOK}:{line + 1}:5: 'title' is already set in playbook/more.yaml:3; expected it in one"
    )
    assert "'text' is already set" in text


def test_a_mistake_in_a_split_playbook_is_placed_in_its_own_file(root: Path) -> None:
    write(root, "playbook/risk.yaml", "retraining: {max_age_days: 0}\n")
    change(root, PLAYBOOK, "retraining:\n  max_age_days: 180\n", "")
    (problem,) = complaints(root)
    assert problem.startswith("playbook/risk.yaml:1:28: 'max_age_days' cannot be the number 0")


def test_a_feature_of_a_table_that_is_not_governed_says_why(root: Path) -> None:
    change(root, "datasets/incomes.odcs.yaml", "    customProperties:\n      - {property: namespace, value: lending}\n"
           "      - {property: eventTime, value: updated_at}\n", "")  # fmt: skip
    change(root, "datasets/incomes.odcs.yaml", "type: postgres, host: db, port: 5432, database: dw, schema: public",
           "type: kafka, host: h")  # fmt: skip
    (problem,) = complaints(root)
    assert "the feature's dataset 'lending.incomes' is not governed: a server of type 'kafka'" in problem


def test_a_source_that_is_only_known_and_not_governed_may_be_upstream(root: Path) -> None:
    change(root, "datasets/predictions.odcs.yaml", "[lending.incomes]", "[lending.clicks]")
    kafka = "servers: [{server: k, type: kafka, host: h}]\nschema: [{name: clicks}]\n"
    head = "apiVersion: v3.1.0\nkind: DataContract\nid: k\nversion: 1.0.0\nstatus: active\ndomain: lending\n"
    write(root, "datasets/clicks.odcs.yaml", head + kafka)
    project = load_project(root)
    assert project.contract("lending.predictions").upstream == ("lending.clicks",)
    assert [table.dataset for table in project.ungoverned] == ["lending.clicks"]


def test_no_complaint_holds_what_may_be_a_password(root: Path) -> None:
    change(root, "governance.yaml", "store: sqlite:///.governance/store.db", "store: [canary-1]")
    change(root, "governance.yaml", "${WAREHOUSE_PASSWORD}", "canary-2")
    change(root, "governance.yaml", "type: console", "type: apprise\n    url: {canary-3: 1}")
    found = complaints(root)
    assert len(found) == 2
    assert "canary" not in "".join(found)


def test_loading_twice_gives_the_same_project(root: Path) -> None:
    assert load_project(root) == load_project(root)


@pytest.mark.parametrize(
    "address",
    [
        "${STORE}",
        "postgresql://u:${PASSWORD}@db:${PORT}/governance",
        "memory://",
        "sqlite:///${FOLDER}/store.db",
    ],
)
def test_a_stores_address_may_hold_variables(tmp_path: Path, address: str) -> None:
    root = new_project(tmp_path / "p")
    change(root, "governance.yaml", "store: sqlite:///.governance/store.db", f"store: {address}")
    assert check_project(root) == []
