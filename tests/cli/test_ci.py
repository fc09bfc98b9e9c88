"""What deploy/ci holds: valid by the tools' own schemas, and run for real over a sample project."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from governance_pipeline.bootstrap import open_project, services
from governance_pipeline.nightly import run_night
from governance_pipeline.testing import FixedClock
from tests.cli.test_compare import git, weaken
from tests.cli.test_main import ALL
from tests.reports.findings.formats import read_junit, read_sarif
from tests.tiny import change, morning, night, tiny_project

CI = Path(__file__).parents[2] / "deploy" / "ci"
GITHUB = CI / "github" / "governance.yml"
GITLAB = CI / "gitlab" / "governance.gitlab-ci.yml"
HOOK = CI / "pre-deploy"
BIN = Path(sys.executable).parent


def read(file: Path) -> Any:
    """As YAML 1.2 has it, where ``on`` is a word."""
    loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {}})
    return yaml.load(file.read_text(encoding="utf-8"), Loader=loader)


def typed(file: Path) -> Any:
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in data.items()}


@pytest.mark.parametrize(
    ("file", "schema"),
    [(GITHUB, "github-workflows.json"), (GITLAB, "gitlab-ci.json")],
    ids=["github", "gitlab"],
)
def test_a_pipeline_is_valid_by_the_schema_of_its_host(file: Path, schema: str):
    text = (files("check_jsonschema.builtin_schemas.vendor") / schema).read_text("utf-8")
    errors = Draft7Validator(json.loads(text)).iter_errors(typed(file))
    assert [f"{list(error.path)}: {error.message[:200]}" for error in errors] == []


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not installed here")
def test_actionlint_finds_nothing():
    done = subprocess.run(["actionlint", str(GITHUB)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def scripts() -> Iterator[tuple[str, str]]:
    for name, job in read(GITHUB)["jobs"].items():
        for step in job["steps"]:
            if "run" in step:
                yield f"github {name} {step['name']}", step["run"]
    for name, job in read(GITLAB).items():
        if isinstance(job, dict) and "script" in job:
            yield f"gitlab {name}", "\n".join(job["script"])
    yield "pre-deploy", HOOK.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "script"), [*scripts()])
def test_what_it_calls_exists(name: str, script: str):
    for line in script.splitlines():
        words = shlex.split(line.split("||")[0].split(">")[0], comments=True) if "governance " in line else []
        if "governance" not in words or not {"gate", "compare"} & set(words):
            continue
        verb = words[words.index("governance") + 1]
        known = {option for parameter in ALL[(verb,)].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} - {"-k"} <= known, name


@pytest.mark.parametrize(("name", "script"), [*scripts()])
def test_nothing_that_a_stranger_writes_becomes_part_of_a_script(name: str, script: str):
    assert "${{" not in script, name


def test_a_pull_request_gets_no_more_rights_than_it_needs():
    workflow = read(GITHUB)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in workflow["on"]
    assert workflow["jobs"]["gate"]["permissions"] == {"contents": "read"}
    assert all(
        step["with"]["persist-credentials"] == "false"
        for job in workflow["jobs"].values()
        for step in job["steps"]
        if "checkout" in step.get("uses", "")
    )


def run(script: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """A step as a runner runs it."""
    given = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), **environ}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )


def steps(job: str) -> Mapping[str, str]:
    return {step["name"]: step["run"] for step in read(GITHUB)["jobs"][job]["steps"] if "run" in step}


@pytest.fixture
def repository(shop: Path) -> Path:
    git(shop.parent, "init", "-q", "-b", "main")
    (shop.parent / ".gitignore").write_text("data/\n.governance/\n")
    git(shop.parent, "add", "-A")
    git(shop.parent, "commit", "-qm", "first")
    return shop.parent


@pytest.mark.parametrize("weakened", [False, True])
def test_the_steps_of_a_pull_request_run(repository: Path, weakened: bool):
    base = git(repository, "rev-parse", "HEAD")
    if weakened:
        weaken(repository / "shop")
        git(repository, "commit", "-qam", "second")
    out, summary = repository / "out", repository / "summary"
    environ = {
        "PROJECT": "shop",
        "BASE": base,
        "GITHUB_OUTPUT": str(out),
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    done = run(steps("compare")["Compare"], repository, **environ)
    assert done.returncode == 0, done.stderr
    code = out.read_text().strip().removeprefix("code=")
    assert code == ("1" if weakened else "0")
    assert run(steps("compare")["Verdict"], repository, CODE=code).returncode == int(code)
    assert run(steps("compare")["Verdict"], repository, CODE="").returncode == 3
    assert summary.read_text() == (repository / "comment.md").read_text()
    errors = [
        r
        for r in read_sarif((repository / "governance.sarif").read_text())["results"]
        if r["level"] == "error"
    ]
    assert bool(errors) == weakened


def test_the_comment_is_written_once_and_then_over(repository: Path):
    """With a stand-in for GitHub's command, which keeps what it is told."""
    tools = repository / "tools"
    tools.mkdir()
    gh = tools / "gh"
    gh.write_text('#!/bin/sh\necho "$*" >> calls\ncase "$*" in *--paginate*) cat comments.json;; esac\n')
    gh.chmod(0o755)
    (repository / "comment.md").write_text("<!-- governance compare x -->\nbody\n")
    environ = {"GITHUB_REPOSITORY": "o/r", "NUMBER": "7"}
    path = f"{tools}:{BIN}:{os.environ['PATH']}"
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed here")
    for known, method in (
        ("[]", "repos/o/r/issues/7/comments --field"),
        (
            json.dumps([{"id": 5, "body": "<!-- governance compare x -->\nold"}]),
            "--method PATCH repos/o/r/issues/comments/5",
        ),
    ):
        (repository / "comments.json").write_text(known)
        (repository / "calls").unlink(missing_ok=True)
        done = run(steps("compare")["Comment"], repository, **environ, PATH=path)
        assert done.returncode == 0, done.stderr
        assert method in (repository / "calls").read_text()


def test_the_gate_of_the_workflow_fails_on_a_closed_gate_and_keeps_its_report(repository: Path):
    summary = repository / "summary"
    environ = {"PROJECT": "shop", "MODEL": "approval", "VERSION": "2", "STAGE": "production"}
    done = run(steps("gate")["Gate"], repository, **environ, GITHUB_STEP_SUMMARY=str(summary))
    assert done.returncode == 1
    assert int(read_junit((repository / "gate.xml").read_text()).attrib["failures"]) > 0
    assert "closed" in summary.read_text()


def test_the_job_of_gitlab_runs(repository: Path):
    weaken(repository / "shop")
    script = "\n".join(read(GITLAB)["governance-compare"]["script"])
    done = run(script, repository, PROJECT="shop", CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD")
    assert done.returncode == 1
    assert read_junit((repository / "compare.xml").read_text()).attrib["failures"] == "1"


def hook(shop: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    path = f"{BIN}:{os.environ['PATH']}"
    given = {"PATH": path, "HOME": str(shop), "GOVERNANCE_PROJECT": str(shop), **environ}
    return subprocess.run([HOOK, *words], env=given, capture_output=True, text=True, check=False)


@pytest.fixture
def lasting(tmp_path: Path) -> Path:
    """A project in a repository whose night and review never grow old, as the hook reads the real clock."""
    root = tiny_project(tmp_path / "shop", model=True)
    change(root, "playbook/playbook.yaml", "open_days: 90", "open_days: 99999\n  evidence_hours: 9999999")
    with services(open_project(root), clock=FixedClock(morning(1))) as opened:
        list(run_night(opened, night(1)))
    git(tmp_path, "init", "-q")
    return root


def test_the_hook_is_open_only_under_a_permit(lasting: Path):
    def really(*words: object) -> str:
        command = [BIN / "governance", *map(str, words), "-p", lasting]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    closed = hook(lasting, "approval", "1")
    assert (closed.returncode, "pre-deploy: closed: the gate of" in closed.stderr) == (1, True)
    (listed,) = json.loads(really("review", "list", "-f", "json"))
    shown = json.loads(really("review", "show", listed["review"], "-f", "json"))
    for function, people in shown["eligible"].items():
        who = ("--as", people[0], "--function", function)
        really("review", "decide", listed["review"], *who, "--verdict", "approve", "--reason", "Read.")
    assert "no permit" in hook(lasting, "approval", "1").stdout
    really("permit", "approval", "1", "--as", "pax", "--out", lasting / "permit.json")
    report = lasting / "gate.xml"
    done = hook(lasting, "approval", "1", "production", GOVERNANCE_REPORT=str(report))
    assert (done.returncode, "pre-deploy: open" in done.stdout) == (0, True), done.stderr
    assert read_junit(report.read_text()).attrib["failures"] == "0"
    assert hook(lasting, "approval", "1", "staging").returncode == 1


@pytest.mark.parametrize(
    ("words", "environ", "says"),
    [
        ((), {}, "call it as"),
        (("approval",), {}, "call it as"),
        (("approval", "9"), {}, "no verdict (exit code 2)"),
        (("approval", "1"), {"GOVERNANCE_PROJECT": "/nowhere"}, "no verdict (exit code 2)"),
        (("approval", "1"), {"PATH": "/nowhere"}, "governance is not installed"),
        (("approval", "1"), {"GOVERNANCE_SECONDS": "0.01"}, "no verdict within 0.01 seconds"),
    ],
)
def test_whatever_goes_wrong_closes_the_hook(
    shop: Path, words: tuple[str, ...], environ: dict[str, str], says: str
):
    done = hook(shop, *words, **environ)
    assert done.returncode == 1
    assert says in done.stderr


def test_the_hook_is_plain_shell():
    for shell in filter(None, map(shutil.which, ("dash", "sh", "bash"))):
        assert subprocess.run([shell, "-n", HOOK], capture_output=True, check=False).returncode == 0
