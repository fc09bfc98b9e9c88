from __future__ import annotations

import pytest

from governance_pipeline.charter.base import FileModel
from governance_pipeline.charter.model import ModelSpec
from governance_pipeline.charter.model_errors import validate
from governance_pipeline.charter.people import Charter
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.charter.settings import Settings
from governance_pipeline.charter.yaml_source import parse_yaml

SETTINGS = "name: x\nschedule: {start: 2026-01-01}\n"


def said(model: type[FileModel], text: str) -> list[str]:
    document = parse_yaml(text, "f")
    return [str(problem) for problem in validate(model, document.data, document)[1]]


def test_valid_data_becomes_the_model() -> None:
    document = parse_yaml(SETTINGS, "f")
    found, problems = validate(Settings, document.data, document)
    assert problems == []
    assert found is not None
    assert found.schedule.start.isoformat() == "2026-01-01"


def test_an_unknown_key_names_the_known_ones_and_the_near_one() -> None:
    (problem,) = said(Settings, SETTINGS + "limits:\n  thread: 3\n")
    assert problem == (
        "f:4:3: the key 'thread' is not known here; expected one of table_timeout_seconds, threads, memory,"
        " sample_rows; did you mean 'threads'?"
    )


def test_a_missing_key_stands_at_what_should_hold_it() -> None:
    assert said(Settings, "name: x\nschedule:\n  cron: 0 2 * * *\n") == [
        "f:3:3: 'start' is missing; expected First night to be covered; earlier nights are not caught up"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("limits: {threads: '2'}", "'threads' cannot be '2'; expected a whole number"),
        ("limits: {threads: 2.5}", "'threads' cannot be the number 2.5; expected a whole number"),
        ("limits: {threads: 0}", "expected a number greater than or equal to 1"),
        ("limits: {memory: 2 GB}", "expected a size such as 500MB or 2GB"),
        ("description: 5", "'description' cannot be the number 5; expected text (put it in quotes)"),
        ("description: [a]", "'description' cannot be a list; expected text"),
        ("connections: [a]", "expected a mapping"),
        (
            "connections: {Bad Name: {url: x}}",
            "the name 'Bad Name' does not fit; expected a name of small letters",
        ),
        ("channels: {a: {type: mail}}", "'type' cannot be 'mail'; expected one of console, file, apprise"),
        ("channels: {a: {type: fil}}", "did you mean 'file'?"),
        ("openlineage: {transport: null}", "'transport' cannot be empty"),
        ("consent: {dataset: a.b, given: [1]}", "entry 1 of 'given' cannot be the number 1"),
        ("minimum_group_size: 1", "expected a number greater than or equal to 2"),
    ],
)
def test_a_value_that_does_not_fit_says_what_would(text: str, words: str) -> None:
    (problem,) = said(Settings, SETTINGS + text)
    assert words in problem
    assert problem.startswith("f:3:")


@pytest.mark.parametrize(
    ("start", "fits"), [("2026-01-01", True), ("2026-1-1", False), ("tomorrow", False), ("5", False)]
)
def test_dates_are_iso_dates(start: str, fits: bool) -> None:
    found = said(Settings, f"name: x\nschedule: {{start: {start}}}")
    assert (found == []) is fits
    assert fits or "a date such as 2026-03-31" in found[0]


def test_words_of_other_yaml_versions_are_no_truth_values() -> None:
    """In YAML 1.1 ``NO`` was false; a policy switched off by accident would measure nothing."""
    text = "indicators: {recency: {clause: a, enabled: NO}}"
    assert any("'enabled' cannot be 'NO'; expected true or false" in one for one in said(Playbook, text))


def test_no_value_that_may_hold_a_password_is_quoted() -> None:
    text = SETTINGS + "connections: {a: {url: [canary]}}\nstore: {canary: 1}\nchannels: {b: {url: 5}}\n"
    found = said(Settings, text)
    assert len(found) == 3
    assert "canary" not in "".join(found)
    assert "'url' cannot be what stands here; expected text" in "".join(found)


def test_lists_of_people_and_enumerated_words_are_explained() -> None:
    text = "steward: a\npeople:\n  - {id: a, name: A, mail: nobody, functions: [leagl]}\n"
    mail, function = said(Charter, text)
    assert mail.startswith("f:3:28: ")
    assert "expected a mail address" in mail
    assert function.startswith("f:3:48: entry 1 of 'functions' cannot be 'leagl'")
    assert function.endswith("did you mean 'legal'?")


def test_all_mistakes_are_told_at_once() -> None:
    assert len(said(ModelSpec, "name: X\ntier: hihg\nfeatures: []\n")) == 8


@pytest.mark.parametrize("text", ["", "- a", "5", "text"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    (problem,) = said(Charter, text)
    assert problem.startswith("f:1:1: the file cannot be ")
    assert "expected a mapping" in problem
