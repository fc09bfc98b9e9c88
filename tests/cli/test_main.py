"""Exit codes, help, errors: what holds for every verb."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from click import Command as ClickCommand

from governance_pipeline.cli import main
from tests.bad_input.test_store import closed_port
from tests.cli.conftest import Command
from tests.tiny import change

HEAVY = {
    "pandas", "ibis", "duckdb", "evidently", "pandera", "fairlearn", "scipy", "dagster", "plotly", "pyarrow",
    "apprise",
}  # fmt: skip


def verbs(
    command: ClickCommand, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], ClickCommand]]:
    inside = getattr(command, "commands", None)
    if inside is not None:
        for name, inner in inside.items():
            yield from verbs(inner, (*words, name))
    else:
        yield words, command


ALL = dict(verbs(typer.main.get_command(main.app)))


def test_the_verbs_are_those_of_the_manual():
    assert {words[0] for words in ALL} == {
        "init", "validate", "nightly", "check", "status", "gate", "review", "incident", "alert", "lineage",
        "consent", "assessment", "ledger", "permit", "promote", "rollback", "signature",
        "store", "demo", "up", "serve", "compare", "policy",
        "evidence", "verify", "controls",
    }  # fmt: skip


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_of_every_verb_says_what_it_does_and_shows_an_example(
    governance: Command, words: tuple[str, ...]
):
    done = governance(*words, "--help")
    assert done.code == 0
    said = " ".join(done.out.split())
    assert "Example" in said
    assert f"governance {' '.join(words)}" in said.partition("Example")[2]
    assert ALL[words].help


@pytest.mark.parametrize("words", [(), ("review",), ("incident",), ("--help",)], ids=str)
def test_a_command_without_a_verb_lists_them(governance: Command, words: tuple[str, ...]):
    done = governance(*words)
    assert "Usage" in done.out + done.err


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_of_every_option_is_shown_whole(
    governance: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
):
    """Brackets in it would be read as markup, and what they hold would be gone."""
    monkeypatch.setenv("COLUMNS", "300")
    said = " ".join(governance(*words, "--help").out.split())
    told = [text for parameter in ALL[words].params if (text := getattr(parameter, "help", None))]
    assert told
    assert [text for text in told if text not in said] == []


def test_the_exit_codes_are_in_the_help(governance: Command):
    said = " ".join(governance("--help").out.split())
    assert (
        "0 ok or open, 1 a breach or a closed gate, 2 bad usage or project files, 3 could not evaluate"
        in said
    )


def test_the_version_is_told(governance: Command):
    assert governance("--version").out.startswith("governance-pipeline ")


@pytest.mark.parametrize(
    ("words", "code", "says", "next_step"),
    [
        (("gate", "approval", "9"), 2, "no registered version '9'", "registered versions: 1, 2"),
        (("gate", "approvel", "1"), 2, "no model 'approvel'", "did you mean 'approval'?"),
        (("check", "shop.peple"), 2, "no dataset 'shop.peple'", "did you mean 'shop.people'?"),
        (("nightly", "--dataset", "shop.peple"), 2, "no dataset 'shop.peple'", "did you mean"),
        (("incident", "show", "INC-0"), 2, "INC-0", "governance incident list"),
        (("review", "show", "REV-0"), 2, "no review 'REV-0'", "governance review list"),
        (
            ("lineage", "trace", "dataset:shop.peple"),
            2,
            "dataset:shop.peple",
            "did you mean 'dataset:shop.people'?",
        ),
        (("lineage", "impact", "shop.people"), 2, "'shop.people' does not", "write dataset:shop.people"),
        (("lineage", "trace", "approval"), 2, "'approval' does not say", "write model:approval"),
        (("lineage", "trace", "shop.x"), 2, "not the name of a governed thing", "write kind:name"),
        (("status", "--date", "2020-01-01"), 2, "1 January 2020", "the last one is that of 2026-03-03"),
        (
            ("alert", "test", "fax", "--to", "sam"),
            2,
            "no channel 'fax'",
            "governance.yaml has: console, file",
        ),
        (("alert", "test", "file", "--to", "nobody"), 2, "nobody", "charter.yaml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_wrong_name_is_bad_usage_with_the_next_step(
    governance: Command, shop: Path, words: tuple[str, ...], code: int, says: str, next_step: str
):
    done = governance(*words, "-p", shop)
    assert done.code == code
    assert says in done.err
    assert "  -> " in done.err
    assert next_step in done.err
    assert "Traceback" not in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("words", "says", "verb"),
    [
        (("gate", "approval"), "missing argument 'version'", "governance gate"),
        (("nightly", "--date", "yesterday"), "'yesterday' is not a day; write it like", "governance nightly"),
        (("incident", "snooze", "INC-0", "--as", "ada", "--until", "2026-02-30"), "'2026-02-30' is not a day",
         "governance incident snooze"),
        (("fly",), "no such command 'fly'", "governance"),
        (("gate", "a", "b", "--format", "xml"), "'xml' is not one of 'table', 'json'", "governance gate"),
        (("demo", "--nights", "61"), "'--nights'", "governance demo"),
    ],
)  # fmt: skip
def test_bad_usage_is_exit_code_2_and_told_as_every_other_error(
    governance: Command, words: tuple[str, ...], says: str, verb: str
):
    done = governance(*words)
    assert done.code == 2
    assert done.err.startswith("error (usage) ")
    assert says in done.err
    assert "Value error" not in done.err
    assert done.err.endswith(f"  -> see `{verb} --help`\n")


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_speaks_of_what_to_write_and_not_of_types(
    governance: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
):
    monkeypatch.setenv("COLUMNS", "300")
    said = governance(*words, "--help").out
    assert re.findall(r"<[^>]*>", said) == []
    assert re.search(r"--help +-h +Show", said)
    if "--project" in said:
        assert re.search(r"--project +-p +DIR +Project folder", said)
    if "--date" in said:
        assert re.search(r"--date +-d +YYYY-MM-DD +The night", said)


def test_outside_any_project_the_way_in_is_named(governance: Command, tmp_path: Path):
    done = governance("gate", "approval", "1", "-p", tmp_path)
    assert done.code == 2
    assert "governance init" in done.err


def test_a_fault_of_ours_is_no_verdict_and_no_traceback(governance: Command, shop: Path, monkeypatch):
    from governance_pipeline.reviews import gate

    def broken(*_: object) -> None:
        raise ZeroDivisionError("[red]oops")

    monkeypatch.setattr(gate, "evaluate_gate", broken)
    done = governance("gate", "approval", "1", "-p", shop)
    assert done.code == 3
    assert "ZeroDivisionError: [red]oops" in done.err
    assert "GOVERNANCE_TRACEBACK=1" in done.err
    assert "Traceback" not in done.err
    monkeypatch.setenv("GOVERNANCE_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        governance("gate", "approval", "1", "-p", shop)


def test_each_exit_code_once_from_outside(shop: Path):
    """As a shell sees them: 0 from validate, 1 from a closed gate, 2 from a bad name, 3 from a dead store."""

    def code(*words: str) -> int:
        command = [sys.executable, "-m", "governance_pipeline", *words, "-p", str(shop)]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert code("validate") == 0
    assert code("gate", "approval", "2") == 1
    assert code("gate", "approval", "9") == 2
    change(
        shop,
        "governance.yaml",
        "name: shop\n",
        f"name: shop\nstore: postgresql://a@127.0.0.1:{closed_port()}/x\n",
    )
    assert code("gate", "approval", "2") == 3


@pytest.mark.parametrize(
    "words", [("--help",), ("gate", "approval", "2"), ("status",), ("validate",), ("review", "list")], ids=str
)
def test_what_measures_nothing_loads_nothing_heavy(shop: Path, words: tuple[str, ...]):
    code = (
        "import sys\nfrom governance_pipeline.cli.main import run\n"
        "try:\n    run()\nexcept SystemExit:\n    pass\n"
        f"print('LOADED', sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)\n"
    )
    more = () if words == ("--help",) else ("-p", str(shop))
    done = subprocess.run(
        [sys.executable, "-c", code, *words, *more], capture_output=True, text=True, check=True
    )
    assert "LOADED []" in done.stderr


def test_ctrl_c_before_the_command_has_been_read_ends_it_without_a_traceback(tmp_path: Path):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-m", "governance_pipeline", "nightly"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
