"""Copies of checkpoints: what cuts the ledger and the project's own file of checkpoints is found by them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance_pipeline.testing import FixedClock
from tests.cli.conftest import Command, Done, clock, governance
from tests.stages.witnesses import buckets
from tests.stages.witnesses.authority import authority
from tests.tiny import land, morning, night, tiny_project

__all__ = ["clock", "governance"]


@dataclass
class Kept:
    """A project, and what it says of itself."""

    root: Path
    governance: Command
    clock: FixedClock

    def copies(self, *places: dict[str, Any]) -> None:
        """Set ``ledger.copies``."""
        file = self.root / "governance.yaml"
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
        settings["ledger"] = {"copies": list(places)}
        file.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")

    def night(self, number: int) -> Done:
        self.clock.now = morning(number)
        land(self.root, number)
        return self.governance("nightly", "--date", night(number), "--project", self.root)

    def verify(self, *more: object) -> Done:
        return self.governance("ledger", "verify", "--project", self.root, *more)

    def faults(self) -> list[str]:
        report = self.governance("ledger", "verify", "--project", self.root, "--format", "json").json
        return [fault["code"] for fault in report["report"]["faults"]]

    def save(self) -> Callable[[], None]:
        """Keep the store and the file of checkpoints as they are; a call brings both back."""
        own = self.root / ".governance"
        copy = self.root / "saved"
        shutil.copytree(own, copy, ignore=shutil.ignore_patterns("time-stamps", "witness*"))

        def back() -> None:
            for file in ("store.db-wal", "store.db-shm"):
                (own / file).unlink(missing_ok=True)
            shutil.copytree(copy, own, dirs_exist_ok=True)

        return back


@pytest.fixture
def kept(tmp_path: Path, governance: Command, clock: FixedClock) -> Kept:
    return Kept(tiny_project(tmp_path / "shop"), governance, clock)


@pytest.fixture
def stamping(tmp_path: Path) -> Iterator[dict[str, Any]]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here, which is the time stamping authority: apt-get install openssl")
    with authority(tmp_path / "authority") as address:
        roots = str(tmp_path / "authority" / "root.pem")
        yield {"time_stamp": {"url": address, "roots": roots}}


def repository(folder: Path, *, bare: bool = False) -> Path:
    words = ["git", "init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []), str(folder)]
    subprocess.run(words, check=True, timeout=60)
    return folder


@pytest.fixture(params=["folder", "git", "time_stamp"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    match request.param:
        case "folder":
            (tmp_path / "elsewhere").mkdir()
            return {"folder": str(tmp_path / "elsewhere")}
        case "git":
            return {"git": {"repository": str(repository(tmp_path / "elsewhere"))}}
        case _:
            found: dict[str, Any] = request.getfixturevalue("stamping")
            return found


def test_a_cut_of_both_the_ledger_and_its_own_checkpoints_is_found_by_a_copy(
    kept: Kept, place: dict[str, Any]
) -> None:
    kept.copies(place)
    kept.night(1)
    back = kept.save()
    kept.night(2)
    assert kept.verify().code == 0
    back()
    found = kept.verify()
    assert found.code == 1
    assert "x truncated" in found.out
    kept.copies()
    assert kept.verify().code == 0, "without the copy nobody could tell"


def test_a_copy_that_somebody_has_changed_is_told(kept: Kept, place: dict[str, Any]) -> None:
    kept.copies(place)
    kept.night(1)
    (file,) = [
        one for folder in (kept.root.parent / "elsewhere", kept.root / ".governance" / "time-stamps")
        for one in folder.glob("*.checkpoint*") if folder.exists()
    ]  # fmt: skip
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("peaks ", "peaks A", 1), encoding="utf-8")
    if "git" in place:
        words = ["git", "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qam", "changed"]
        subprocess.run(words, cwd=file.parent, check=True, timeout=60)
    found = kept.verify()
    assert found.code == (3 if "time_stamp" in place else 1), found.err
    told = found.out + found.err
    assert "time stamp that holds" in told or "checkpoint broken" in told


def test_a_place_that_is_gone_costs_the_night_nothing_and_closes_the_verification(
    kept: Kept, tmp_path: Path
) -> None:
    kept.copies({"folder": str(tmp_path / "nothing")}, {"git": {"repository": str(tmp_path / "none")}})
    done = kept.night(1)
    assert done.code == 0
    assert done.out.count("checkpoint not copied") == 2
    assert kept.verify().code == 3


def test_what_a_repository_takes_is_pushed(kept: Kept, tmp_path: Path) -> None:
    remote = repository(tmp_path / "remote", bare=True)
    local = repository(tmp_path / "elsewhere")
    subprocess.run(["git", "remote", "add", "origin", str(remote)], cwd=local, check=True, timeout=60)
    kept.copies({"git": {"repository": str(local), "push": "origin"}})
    kept.night(1)
    kept.night(2)
    words = ["git", "log", "--format=%s", "main"]
    told = subprocess.run(words, cwd=remote, check=True, capture_output=True, text=True, timeout=60).stdout
    assert [line.partition(" of ")[0] for line in told.splitlines()] == ["Checkpoint", "Checkpoint"]


def test_a_night_that_is_run_again_copies_each_checkpoint_once(kept: Kept, place: dict[str, Any]) -> None:
    kept.copies(place)
    kept.night(1)
    first = len(kept.verify("--format", "json").json["report"]["faults"])
    kept.night(1)
    report = kept.verify("--format", "json").json["report"]
    assert (first, report["faults"]) == (0, [])


def test_a_stamp_by_an_authority_that_nobody_trusts_is_not_kept(
    kept: Kept, stamping: dict[str, Any], tmp_path: Path
) -> None:
    with authority(tmp_path / "other"):
        stamping["time_stamp"]["roots"] = str(tmp_path / "other" / "root.pem")
        kept.copies(stamping)
        done = kept.night(1)
    assert "is no time stamp that holds" in " ".join(done.out.split())
    assert not list((kept.root / ".governance").glob("time-stamps/*"))


def test_a_message_holds_a_checkpoint_that_verifies_later(kept: Kept, tmp_path: Path) -> None:
    kept.copies({"channel": {"name": "file", "to": "sam"}})
    kept.night(1)
    lines = (kept.root / ".governance" / "alerts.jsonl").read_text(encoding="utf-8").splitlines()
    (body,) = [
        message["body"] for line in lines if "the ledger at" in (message := yaml.safe_load(line))["subject"]
    ]
    mail = tmp_path / "mail.txt"
    mail.write_text(f"> forwarded\n\n{body}\n-- \nSam", encoding="utf-8")
    back = kept.save()
    assert kept.verify("--checkpoint", mail).code == 0
    kept.night(2)
    later = kept.root / ".governance" / "checkpoints"
    mail_of_night_2 = tmp_path / "second.txt"
    mail_of_night_2.write_text(later.read_text(encoding="utf-8"), encoding="utf-8")
    back()
    assert kept.verify("--checkpoint", mail).code == 0
    assert kept.verify("--checkpoint", mail_of_night_2).code == 1
    (tmp_path / "none.txt").write_text("Hello")
    assert kept.verify("--checkpoint", tmp_path / "none.txt").code == 2


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({}, "goes to one place, not 0"),
        ({"folder": "a", "git": {"repository": "b"}}, "goes to one place, not 2"),
        ({"channel": {"name": "nobody", "to": "sam"}}, "there is no channel 'nobody'"),
        ({"folder": "../../a"}, "governance.yaml"),
        ({"time_stamp": {"url": "ftp://x", "roots": "r"}}, "governance.yaml"),
    ],
)
def test_a_place_that_is_none_is_named_with_its_line(kept: Kept, place: dict[str, Any], said: str) -> None:
    kept.copies(place)
    done = kept.governance("validate", "--project", kept.root)
    assert done.code == 2
    assert said in done.err + done.out


# --- an object store ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return buckets.installed(tmp_path_factory.mktemp("s3"))


@pytest.fixture
def bucket(s3: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in buckets.KEYS.items():
        monkeypatch.setenv(name, value)
    with buckets.serving(s3, tmp_path / "objects", "audit") as address:
        yield f"s3://audit/lending?endpoint_override={address}&scheme=http&region=us-east-1"


@pytest.mark.live
def test_a_cut_is_found_by_what_a_bucket_holds_and_a_changed_object_is_told(
    kept: Kept, bucket: str, tmp_path: Path
) -> None:
    kept.copies({"object_store": bucket})
    assert kept.verify().code == 0, "an empty bucket can be read"
    kept.night(1)
    kept.night(1)
    back = kept.save()
    kept.night(2)
    assert kept.verify().code == 0
    back()
    assert "x truncated" in kept.verify().out
    for file in (tmp_path / "objects" / "audit").rglob("*.checkpoint._S3rver_object"):
        file.write_text(file.read_text(encoding="utf-8").replace("peaks ", "peaks A", 1), encoding="utf-8")
    found = kept.verify()
    assert found.code == 1
    assert "checkpoint broken" in found.out


@pytest.mark.live
def test_a_bucket_that_is_not_there_costs_the_night_nothing_and_its_keys_are_told_nobody(
    kept: Kept, bucket: str
) -> None:
    kept.copies({"object_store": bucket.replace("audit", "nothing")})
    done = kept.night(1)
    assert done.code == 0
    assert "checkpoint not copied" in done.out
    found = kept.verify()
    assert found.code == 3
    assert "s3://nothing/lending" in found.err
    assert "canary" not in done.out + done.err + found.out + found.err


@pytest.mark.parametrize(
    "uri", ["s3://key:secret@audit/x", "https://audit/x", "file:///tmp/x", "s3://", "s3://a/b?k=x@y"]
)
def test_an_address_that_is_no_bucket_or_holds_keys_is_refused(kept: Kept, uri: str) -> None:
    kept.copies({"object_store": uri})
    done = kept.governance("validate", "--project", kept.root)
    assert done.code == 2
    assert "object_store" in done.out + done.err
