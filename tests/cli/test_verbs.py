"""The verbs, one by one, from a new folder to an open gate."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from governance_pipeline.testing import FixedClock
from tests.cli.conftest import Command
from tests.contents import contents
from tests.tiny import change, contract, land, morning, night, register, tiny_project, write

PLACE = re.compile(r"^[\w./-]+:\d+:\d+: .+$")


def url(root: Path) -> str:
    return f"sqlite:///{root}/.governance/store.db"


def test_a_new_project_is_valid_and_can_be_measured_at_once(
    governance: Command, clock: FixedClock, tmp_path: Path
):
    clock.now = datetime.now(UTC)  # the new project's data is of today and yesterday
    root = tmp_path / "my-project"
    made = governance("init", root)
    assert made.code == 0
    assert "governance validate" in made.out
    assert governance("validate", "-p", root).code == 0
    done = governance("nightly", "-p", root)
    assert done.code == 0, done.out + done.err
    assert governance("status", "-p", root).code == 0


def test_a_folder_that_holds_something_is_left_alone(governance: Command, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    done = governance("init", tmp_path)
    assert done.code == 1
    assert "nothing was written" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_all_mistakes_of_all_files_are_reported_at_once(governance: Command, shop: Path):
    change(shop, "governance.yaml", "timezone: UTC", "timezone: Marz/Olympus")
    change(shop, "charter.yaml", "steward: sam", "steward: samm")
    change(shop, "playbook/playbook.yaml", "persist: 2", "persist: two")
    contract(shop, "people", "logicalType: number", "logicalType: nmber")
    change(shop, "models/approval.yaml", "tier: high", "tier: hihg")
    done = governance("validate", "-p", shop)
    assert done.code == 2
    lines = [line for line in done.err.splitlines() if ":" in line and "problem" not in line]
    assert len(lines) >= 5
    assert all(PLACE.match(line) for line in lines), done.err
    files = {line.partition(":")[0] for line in lines}
    assert files >= {
        "governance.yaml", "charter.yaml", "playbook/playbook.yaml", "datasets/people.odcs.yaml",
        "models/approval.yaml",
    }  # fmt: skip
    assert f"{len(lines)} problems" in done.err
    assert "did you mean" in done.err
    place = next(line for line in lines if line.startswith("charter.yaml"))
    number = int(place.split(":")[1])
    assert "samm" in (shop / "charter.yaml").read_text().splitlines()[number - 1]


def test_a_calm_night_ends_with_0_and_a_breach_with_1(governance: Command, clock: FixedClock, calm: Path):
    clock.now = morning(3)
    assert governance("nightly", "-p", calm, "--date", night(1)).code == 0
    done = governance("nightly", "-p", calm, "--date", night(3))  # nothing came for two nights
    assert done.code == 1
    assert "shop.people" in done.out
    assert "governance incident list" in done.out


def test_a_night_twice_says_nothing_new(governance: Command, clock: FixedClock, calm: Path):
    clock.now = morning(3)
    first = governance("nightly", "-p", calm, "--date", night(3), "--format", "json").json
    second = governance("nightly", "-p", calm, "--date", night(3), "--format", "json").json
    changes = [event["event"] for event in first["events"]]
    assert "IncidentChanged" in changes
    assert "IncidentChanged" not in [event["event"] for event in second["events"]]
    assert (first["delivery"]["sent"], second["delivery"]["sent"]) == (changes.count("AlertQueued"), 0)


def test_without_a_date_the_night_that_is_due_is_run(governance: Command, clock: FixedClock, calm: Path):
    clock.now = morning(1)
    assert governance("nightly", "-p", calm, "--format", "json").json["nights"] == [str(night(1))]


def test_catching_up_runs_each_missed_night_once_oldest_first(
    governance: Command, clock: FixedClock, tmp_path: Path
):
    root = tiny_project(tmp_path / "shop", nights=4)
    clock.now = morning(4)
    assert governance("nightly", "-p", root, "--date", night(2)).code == 0
    first = governance("nightly", "-p", root, "--catch-up", "--format", "json").json
    assert first["nights"] == [str(night(1)), str(night(3)), str(night(4))]
    sealed = [event["night"] for event in first["events"] if event["event"] == "NightSealed"]
    assert sealed == first["nights"]
    second = governance("nightly", "-p", root, "--catch-up", "--format", "json").json
    assert second["nights"] == [str(night(4))]


def test_alerts_can_be_held_back_and_sent_later(governance: Command, clock: FixedClock, calm: Path):
    clock.now = morning(3)
    target = calm / ".governance" / "alerts.jsonl"
    assert governance("nightly", "-p", calm, "--date", night(3), "--no-send").code == 1
    assert not target.exists()
    assert governance("alert", "send", "-p", calm).code == 0
    assert len(target.read_text().splitlines()) >= 1
    assert {alert["status"] for alert in governance("alert", "list", "-p", calm, "-f", "json").json} == {
        "sent"
    }


def test_checking_a_dataset_shows_every_indicator_and_writes_nothing(governance: Command, shop: Path):
    before = contents(url(shop))
    done = governance("check", "shop.people", "-p", shop, "--date", night(2))
    assert done.code == 1
    assert "not a Parquet file" in " ".join(done.out.split())
    assert governance("check", "shop.features", "-p", shop, "--date", night(2)).code == 0
    assert contents(url(shop)) == before


def test_a_partial_night_is_not_the_last_night(governance: Command, clock: FixedClock, shop: Path):
    clock.now = morning(3)
    land(shop, 3, model=True)
    done = governance(
        "nightly", "-p", shop, "--date", night(3), "--dataset", "shop.features", "--format", "json"
    )
    assert "NightSealed" not in [event["event"] for event in done.json["events"]]
    assert governance("status", "-p", shop, "--format", "json").json["night"]["night"] == str(night(2))


def test_an_incident_is_acknowledged_snoozed_and_resolved_by_people_of_the_charter(
    governance: Command, shop: Path
):
    (found,) = [
        i for i in governance("incident", "list", "-p", shop, "-f", "json").json if i["indicator"] == "scan"
    ]
    words = ("-p", shop, "--as", "ada")
    assert "acknowledged" in governance("incident", "ack", found["id"], *words, "--note", "On it.").out
    snoozed = governance("incident", "snooze", found["id"], *words, "--until", "2026-03-09").out
    assert snoozed == f"{found['id']} is snoozed up to Monday 9 March 2026; it stays acknowledged\n"
    assert (
        "resolved"
        in governance("incident", "resolve", found["id"], *words, "--note", "The feed is back.").out
    )
    acts = [
        e["act"] for e in governance("incident", "show", found["id"], "-p", shop, "-f", "json").json["events"]
    ]
    assert acts == ["opened", "acknowledged", "snoozed", "resolved"]
    assert governance("incident", "ack", found["id"], "-p", shop, "--as", "nobody").code == 2
    assert not [
        i for i in governance("incident", "list", "-p", shop, "-f", "json").json if i["indicator"] == "scan"
    ]


def review_of(governance: Command, shop: Path, version: str) -> str:
    reviews = governance("review", "list", "-p", shop, "-f", "json").json
    return str(next(one["review"] for one in reviews if one["milestone"]["version"] == version))


def test_a_review_is_decided_by_those_who_may_and_the_gate_opens(governance: Command, shop: Path):
    assert governance("gate", "approval", "2", "-p", shop).code == 1
    review = review_of(governance, shop, "2")
    shown = governance("review", "show", review, "-p", shop, "-f", "json").json
    assert set(shown["review"]["required"]) == set(shown["eligible"])
    refused = governance(
        "review", "decide", review, "-p", shop, "--as", "ben", "--function", "engineering",
        "--verdict", "approve", "--reason", "Mine.",
    )  # fmt: skip
    assert refused.code == 1
    assert "may not decide on approval" in refused.err
    for function, people in shown["eligible"].items():
        done = governance(
            "review", "decide", review, "-p", shop, "--as", people[0], "--function", function,
            "--verdict", "approve", "--reason", "The gap is known; yesterday's people will do.",
        )  # fmt: skip
        assert done.code == 0, done.err
    opened = governance("gate", "approval", "2", "-p", shop)
    assert opened.code == 0, opened.out
    assert "OPEN" in opened.out


def test_a_gate_after_36_hours_is_closed_again(governance: Command, clock: FixedClock, shop: Path):
    clock.tick(hours=37)
    codes = {
        reason["code"]
        for reason in governance("gate", "approval", "2", "-p", shop, "-f", "json").json["report"]["reasons"]
    }
    assert "evidence_stale" in codes


def test_lineage_goes_both_ways(governance: Command, shop: Path):
    up = governance("lineage", "trace", "model:approval", "-p", shop, "-f", "json").json
    assert "dataset:shop.people" in {step["source"] for step in up["steps"]}
    down = governance("lineage", "impact", "dataset:shop.people", "-p", shop, "-f", "json").json
    assert "model:approval" in {step["target"] for step in down["steps"]}


def test_a_store_of_an_earlier_release_is_brought_up(governance: Command, shop: Path):
    assert governance("store", "upgrade", "-p", shop).code == 0
    (shop / ".governance" / "store.db").unlink()
    assert governance("store", "upgrade", "-p", shop).code == 0
    assert governance("status", "-p", shop).code == 2


HOSTILE = "[/red][bold]x[/]"


def test_hostile_names_are_shown_as_they_are(governance: Command, clock: FixedClock, shop: Path):
    """A version's label, a group's name, a broken file's name and a folder's: none of them is markup."""
    register(shop, HOSTILE.replace("/", "|"), at=morning(1))
    label = HOSTILE.replace("/", "|")
    times = [morning(2)] * 400
    decided = [float(i % 2 and i < 200) for i in range(400)]
    races = ["white" if i < 200 else HOSTILE for i in range(400)]
    write(shop, "predictions", str(night(3)), recorded_at=times, predicted=decided,
          approved=[i % 2 for i in range(400)], race=races)  # fmt: skip
    (shop / "datasets" / f"{label}.odcs.yaml").write_text("kind: [")
    clock.now = morning(3)
    done = governance("nightly", "-p", shop, "--date", night(3))
    assert done.code == 1, done.err
    assert label in done.out
    (shop / "datasets" / f"{label}.odcs.yaml").unlink()
    for words in (
        ("status",), ("incident", "list", "--all"), ("alert", "list"), ("review", "list"),
        ("review", "show", review_of(governance, shop, label)), ("gate", "approval", label),
    ):  # fmt: skip
        done = governance(*words, "-p", shop)
        assert done.code in (0, 1), (words, done.err)
        assert "Traceback" not in done.err
        if words[0] in ("review", "gate") and words[1] != "list":
            assert f"approval version {label}" in " ".join(done.out.split())
            assert f"Version {label} of approval" in " ".join(done.out.split()) or words[0] == "gate"
    incidents = governance("incident", "list", "--all", "-p", shop, "-f", "json").json
    hostile = [incident["id"] for incident in incidents if HOSTILE in incident["sentence"]]
    assert hostile
    assert HOSTILE in " ".join(governance("incident", "show", hostile[0], "-p", shop).out.split())
    moved = Path(shutil.move(shop, shop.with_name("[bold]shop[")))
    assert governance("validate", "-p", moved).code == 0
    assert "[bold]new[" in governance("init", moved.with_name("[bold]new["), "--name", "new").out.replace(
        "\n", ""
    )


@pytest.mark.parametrize("verb", ["nightly", "check"])
def test_a_table_for_people_has_no_internal_object_in_it(governance: Command, shop: Path, verb: str):
    words = ("nightly",) if verb == "nightly" else ("check", "shop.people")
    out = governance(*words, "-p", shop, "--date", night(2)).out
    assert "Entity(" not in out
    assert "Outcome." not in out
    assert "datetime" not in out


def test_json_of_a_night_is_one_document_even_with_an_alert_on_the_console(
    governance: Command, clock: FixedClock, shop: Path
):
    clock.now = morning(3)
    change(shop, "governance.yaml", "  file: {type: file, path: .governance/alerts.jsonl}",
           "  file: {type: console}")  # fmt: skip
    land(shop, 3, model=True)
    (shop / "data" / "features" / f"{night(3)}.parquet").write_bytes(b"")
    done = governance("nightly", "-p", shop, "--date", night(3), "--format", "json")
    json.loads(done.out)
    assert date.fromisoformat(done.json["nights"][0]) == night(3)


def test_validate_says_that_some_tables_are_not_governed_and_where_to_read_why(
    governance: Command, calm: Path
):
    assert "not governed" not in governance("validate", "-p", calm).out
    (calm / "datasets" / "strangers.odcs.yaml").write_text(
        "apiVersion: v3.1.0\nkind: DataContract\nid: strangers\nversion: 1.0.0\nstatus: active\n"
        "schema:\n  - name: strangers\n    properties:\n      - {name: person, logicalType: string}\n"
    )
    said = governance("validate", "-p", calm)
    assert said.code == 0
    assert "1 table of a contract is not governed; `governance validate --explain`" in said.out
    assert "names no server" in " ".join(governance("validate", "--explain", "-p", calm).out.split())


def test_where_there_is_nothing_to_list_it_says_so(governance: Command, calm: Path):
    assert governance("review", "list", "-p", calm).out == "no review has been opened\n"
    assert governance("alert", "list", "-p", calm).out == "no message has been queued\n"
    assert governance("incident", "list", "-p", calm).out == "no open incident\n"


def test_a_night_that_only_warns_says_where_to_read_of_what(governance: Command, calm: Path):
    land(calm, 2)
    (calm / "data" / "people" / f"{night(2)}.parquet").unlink()  # late, and not yet too late
    governance("nightly", "-p", calm, "--date", night(1))
    done = governance("nightly", "-p", calm, "--date", night(2))
    assert done.code == 0
    assert "1 warn" in done.out
    assert "governance status says what did not pass" in done.out


@pytest.mark.parametrize(
    "verb",
    [("nightly",), ("nightly", "--catch-up"), ("check", "shop.people")],
    ids=["nightly", "catch-up", "check"],
)
def test_a_night_that_is_still_to_come_is_refused_and_leaves_no_trace(
    governance: Command, calm: Path, verb: tuple[str, ...]
):
    governance("nightly", "-p", calm, "--date", night(1))
    before = contents(url(calm))
    done = governance(*verb, "-p", calm, "--date", "2030-01-01")
    assert done.code == 2
    assert "2030-01-01 has not ended" in done.err
    assert f"the last night that is due is {night(2)}" in done.err
    assert contents(url(calm)) == before
