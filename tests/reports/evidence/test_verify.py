"""Whatever is done to a pack is found, and named; by the project, and by one file alone."""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.ledger import offline
from governance_pipeline.ledger.offline import (
    ENTRY_CONTEXT,
    MANIFEST,
    SIGNED_MANIFEST,
    NoPack,
    PackReport,
    PublicKey,
    check_pack,
    describe,
    main,
    read_keys,
)
from governance_pipeline.ledger.signing import SigningKey, SigningKeys
from governance_pipeline.reports.evidence.pack import parts, signed
from governance_pipeline.reviews.permit import sign
from governance_pipeline.testing import NIGHT
from tests.reports.evidence.support import approved, contents, keys, log, office, pack, record
from tests.reviews.support import Lab
from tests.reviews.test_promotion import given
from tests.reviews.test_signers import add, signers, with_signers

THEIRS = SigningKey(bytes(range(1, 33)))
ENTRIES, CHECKPOINT, KEYS = "ledger/entries.json", "ledger/checkpoint.txt", "ledger/keys.public.json"


def checked(folder: Path, lived: Lab) -> PackReport:
    return check_pack(folder, keys(lived))


def named(report: PackReport) -> set[str]:
    """The files in which something was found."""
    return {fault.where.partition("#")[0] for fault in report.faults}


def put(folder: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(folder)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def resigned(files: dict[str, bytes], key: SigningKey) -> dict[str, bytes]:
    """The files with a manifest that fits them, signed by ``key``."""

    def digest(name: str) -> str:
        return hashlib.sha256(files[name]).hexdigest()

    files = {name: content for name, content in files.items() if name not in (MANIFEST, SIGNED_MANIFEST)}
    files[MANIFEST] = "".join(f"{digest(name)}  {name}\n" for name in sorted(files)).encode()
    old = json.loads(base64.b64decode(json.loads(OLD[0])["payload"]))
    subject = [{"name": name, "digest": {"sha256": digest(name)}} for name in sorted(files)]
    return {
        **files,
        SIGNED_MANIFEST: f"{json.dumps(sign({**old, 'subject': subject}, key), indent=1)}\n".encode(),
    }


OLD: list[bytes] = []


@pytest.fixture(autouse=True)
def _remember(packed: Path) -> None:
    OLD[:] = [(packed / SIGNED_MANIFEST).read_bytes()]


def ours(lived: Lab) -> SigningKey:
    return log(lived).keys.newest()


def test_a_pack_as_it_was_written_holds(packed: Path, lived: Lab):
    report = checked(packed, lived)
    assert report.faults == ()
    assert report.files == len(contents(packed))
    assert report.entries == len(json.loads((packed / ENTRIES).read_text()))
    assert report.permits == 1
    assert report.about["version"] == "2"
    assert not report.first_sight


def test_a_flipped_bit_is_found_in_each_file_at_its_start_middle_and_end(packed: Path, lived: Lab):
    files = contents(packed)
    for name, content in files.items():
        for place in (0, len(content) // 2, len(content) - 1):
            (packed / name).write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            assert name in named(checked(packed, lived)), (name, place)
        (packed / name).write_bytes(content)
    assert checked(packed, lived).holds


def test_a_flipped_bit_is_found_everywhere_in_what_is_signed(packed: Path, lived: Lab):
    """Also in what no signature covers, as the name of a key and the blanks between words."""
    content = (packed / SIGNED_MANIFEST).read_bytes()
    for place in [*range(60), *range(60, len(content) - 220, 17), *range(len(content) - 220, len(content))]:
        for bit in (1, 32):
            flipped = content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
            (packed / SIGNED_MANIFEST).write_bytes(flipped)
            assert SIGNED_MANIFEST in named(checked(packed, lived)), (place, bit)


def test_what_is_cut_emptied_or_grown_is_found_in_each_file(packed: Path, lived: Lab):
    for name, content in contents(packed).items():
        for changed in (content[:-1], content[: len(content) // 2], b"", content + b"\n"):
            (packed / name).write_bytes(changed)
            assert name in named(checked(packed, lived)), (name, len(changed))
        (packed / name).write_bytes(content)


def test_each_file_that_is_gone_is_named(packed: Path, lived: Lab):
    for name, content in contents(packed).items():
        (packed / name).unlink()
        assert name in named(checked(packed, lived)), name
        (packed / name).write_bytes(content)


@pytest.mark.parametrize("name", ["more.json", "permits/PER-0000000000.dsse.json", "ledger/x", ".hidden"])
def test_each_file_that_came_later_is_named(packed: Path, lived: Lab, name: str):
    (packed / name).write_bytes(b"{}")
    assert name in named(checked(packed, lived))


def test_two_files_that_took_each_others_place_are_named_with_it(packed: Path, lived: Lab):
    files = contents(packed)
    first, second = "incidents.json", "decisions.json"
    (packed / first).write_bytes(files[second])
    (packed / second).write_bytes(files[first])
    report = checked(packed, lived)
    assert {first, second} <= named(report)
    said = [fault.sentence for fault in report.faults]
    assert f"{first} is not what was signed: it holds what {second} should" in said


def test_a_link_is_no_file_of_a_pack(packed: Path, lived: Lab, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes((packed / "missing.json").read_bytes())
    (packed / "missing.json").unlink()
    (packed / "missing.json").symlink_to(elsewhere)
    (packed / "folder").symlink_to(tmp_path, target_is_directory=True)
    assert {"missing.json", "folder"} <= named(checked(packed, lived))


def test_a_part_of_an_older_pack_is_found(tmp_path: Path):
    """Both packs are whole and ours; one of their parts is not of the other."""
    found = office(tmp_path / "project")
    pack(found, tmp_path / "old")
    found.clock.now += timedelta(days=1)
    found.night(NIGHT + timedelta(days=1))
    pack(found, tmp_path / "new")
    assert checked(tmp_path / "old", found).holds
    assert checked(tmp_path / "new", found).holds
    old, new = contents(tmp_path / "old"), contents(tmp_path / "new")
    assert set(old) == set(new)
    differ = [name for name in old if old[name] != new[name]]
    assert {"index.html", ENTRIES, CHECKPOINT, SIGNED_MANIFEST, "decisions.json"} <= set(differ)
    for name in differ:
        (tmp_path / "new" / name).write_bytes(old[name])
        found_in = named(checked(tmp_path / "new", found))
        assert found_in, name
        assert name in found_in or name == SIGNED_MANIFEST
        (tmp_path / "new" / name).write_bytes(new[name])
    for name in (ENTRIES, CHECKPOINT, MANIFEST, SIGNED_MANIFEST):
        put(tmp_path / "new", {**new, **{one: old[one] for one in (name, MANIFEST, SIGNED_MANIFEST)}})
        assert not checked(tmp_path / "new", found).holds


def test_another_key_signs_nothing(packed: Path, lived: Lab):
    put(packed, resigned({**contents(packed), "missing.json": b"[]"}, THEIRS))
    assert SIGNED_MANIFEST in named(checked(packed, lived))
    # also where the keys of the pack are believed: its entries are not signed by that key
    public = json.dumps({"keys": [{"public": text(THEIRS.public), "first": 0, "until": None}]}).encode()
    put(packed, resigned({**contents(packed), KEYS: public}, THEIRS))
    by_itself = check_pack(packed)
    assert by_itself.first_sight
    assert {ENTRIES, CHECKPOINT} <= named(by_itself)
    assert {KEYS, SIGNED_MANIFEST} <= named(checked(packed, lived))


def test_a_key_that_was_added_to_the_packs_own_is_named(packed: Path, lived: Lab):
    own = json.loads((packed / KEYS).read_text())
    own["keys"].append({"public": text(THEIRS.public), "first": 0, "until": None})
    put(packed, resigned({**contents(packed), KEYS: json.dumps(own).encode()}, ours(lived)))
    assert [fault.code for fault in checked(packed, lived).faults] == ["unknown_key"]


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unpacked(one: dict[str, Any]) -> dict[str, Any]:
    return json.loads(base64.b64decode(one["payload"]["body"]))


def say_otherwise(entries: list[dict[str, Any]]) -> None:
    one = next(entry for entry in entries if entry["kind"] == "review.decided")
    told = {**unpacked(one), "actor": "eve"}
    one["payload"]["body"] = text(json.dumps(told).encode())


def forge(entries: list[dict[str, Any]]) -> None:
    leaf = base64.b64decode(entries[3]["leaf"]).replace(b"2026", b"2025")
    entries[3] |= {"leaf": text(leaf), "signature": text(THEIRS.sign(ENTRY_CONTEXT + leaf))}


def rename(entries: list[dict[str, Any]]) -> None:
    entries[2]["kind"] = "review.commented"


def lend_a_proof(entries: list[dict[str, Any]]) -> None:
    entries[2]["proof"] = entries[3]["proof"]


def shorten_a_proof(entries: list[dict[str, Any]]) -> None:
    entries[2]["proof"] = entries[2]["proof"][:-1]


def repeat(entries: list[dict[str, Any]]) -> None:
    entries.append(entries[0])


def exchange(entries: list[dict[str, Any]]) -> None:
    entries[1], entries[2] = entries[2], entries[1]


def renumber(entries: list[dict[str, Any]]) -> None:
    entries[1]["index"] += 1


def take_anothers_words(entries: list[dict[str, Any]]) -> None:
    entries[1]["payload"] = entries[2]["payload"]


def leave_out_a_field(entries: list[dict[str, Any]]) -> None:
    del entries[1]["signature"]


@pytest.mark.parametrize(
    "tamper",
    [
        say_otherwise, forge, rename, lend_a_proof, shorten_a_proof, repeat, exchange, renumber,
        take_anothers_words, leave_out_a_field,
    ],
)  # fmt: skip
def test_an_entry_that_was_changed_is_found_even_where_the_manifest_was_signed_again(
    packed: Path, lived: Lab, tamper: Callable[[list[dict[str, Any]]], None]
):
    """Somebody holds the project's key, and still cannot make the ledger say something else."""
    entries = json.loads((packed / ENTRIES).read_text())
    tamper(entries)
    put(packed, resigned({**contents(packed), ENTRIES: json.dumps(entries).encode()}, ours(lived)))
    assert ENTRIES in named(checked(packed, lived))


def test_decisions_that_the_ledger_does_not_tell_are_found_though_signed_again(packed: Path, lived: Lab):
    told = json.loads((packed / "decisions.json").read_text())
    act = next(one for one in told["reviews"][0]["acts"] if one["act"] == "decided")
    act["data"]["reason"] = "I was told to."
    put(packed, resigned({**contents(packed), "decisions.json": json.dumps(told).encode()}, ours(lived)))
    faults = checked(packed, lived).faults
    assert [(fault.code, fault.where) for fault in faults] == [
        ("told_otherwise", f"decisions.json#{act['entry']}")
    ]


def test_a_permit_that_nobody_entered_is_found_though_signed_again(packed: Path, lived: Lab):
    name = next(name for name in contents(packed) if name.startswith("permits/"))
    told = json.loads(base64.b64decode(json.loads((packed / name).read_text())["payload"]))
    for changed in ({"stage": "moon"}, {"version": "3"}):
        forged = sign({**told, "predicate": {**told["predicate"], **changed}}, ours(lived))
        put(packed, resigned({**contents(packed), name: json.dumps(forged).encode()}, ours(lived)))
        assert named(checked(packed, lived)) == {name}


def test_another_ledgers_checkpoint_is_found_though_signed_again(packed: Path, lived: Lab, tmp_path: Path):
    other = office(tmp_path / "other")
    note = contents(pack_of(other, tmp_path / "pack of the other"))[CHECKPOINT]
    put(packed, resigned({**contents(packed), CHECKPOINT: note}, ours(lived)))
    assert CHECKPOINT in named(check_pack(packed, {**keys(lived), **keys(other)}))


def pack_of(found: Lab, folder: Path) -> Path:
    pack(found, folder)
    return folder


def test_a_statement_about_something_else_is_no_manifest(packed: Path, lived: Lab):
    """A permit is signed by the same key, and lists nothing."""
    permit = next(content for name, content in contents(packed).items() if name.startswith("permits/"))
    (packed / SIGNED_MANIFEST).write_bytes(permit)
    assert "manifest_broken" in {fault.code for fault in checked(packed, lived).faults}


@pytest.mark.parametrize(
    "poison", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"payload": 7}', b"1e999"]
)
@pytest.mark.parametrize("name", [SIGNED_MANIFEST, MANIFEST, ENTRIES, CHECKPOINT, KEYS, "decisions.json"])
def test_poison_is_a_fault_and_no_crash(packed: Path, lived: Lab, name: str, poison: bytes):
    (packed / name).write_bytes(poison)
    assert name in named(checked(packed, lived))
    assert not check_pack(packed).holds


def test_after_a_key_was_rotated_old_packs_hold_and_new_ones_too(tmp_path: Path):
    found = office(tmp_path / "project")
    pack(found, tmp_path / "old")
    with found.services.store.begin() as unit:
        size = unit.ledger.size()
    SigningKeys(found.root / found.project.settings.ledger.keys).rotate(at=size)
    found.clock.now += timedelta(days=1)
    found.night(NIGHT + timedelta(days=1))
    pack(found, tmp_path / "new")
    assert checked(tmp_path / "old", found).holds
    assert checked(tmp_path / "new", found).holds
    first = read_keys((tmp_path / "old" / KEYS).read_text())
    assert {KEYS, SIGNED_MANIFEST} <= named(check_pack(tmp_path / "new", first))


def test_what_was_erased_leaves_its_proof(tmp_path: Path):
    found = office(tmp_path / "project")
    review = found.review().id
    with found.services.store.begin() as unit:
        entries = [json.loads(one.leaf) for one in unit.ledger.entries()]
        opened = [one for one in entries if one["kind"] == "review.opened"]
        gone = next(one for one in opened if one["about"] == review)
        unit.ledger.erase({gone["payload"]})
    folder = pack_of(found, tmp_path / "erased")
    report = checked(folder, found)
    assert report.holds
    assert report.entries == len(json.loads((folder / ENTRIES).read_text())) - 1
    assert f"what entries {gone['index']} tell" in (folder / "missing.json").read_text()


def test_one_file_and_cryptography_are_enough(packed: Path, lived: Lab, tmp_path: Path):
    """A Python that has nothing but the standard library, cryptography and what that needs."""
    packages = tmp_path / "packages"
    packages.mkdir()
    for name in ("cryptography", "cffi", "_cffi_backend", "pycparser"):
        try:
            place = Path(str(importlib.import_module(name).__file__))
        except ImportError:
            continue
        place = place.parent if place.name == "__init__.py" else place
        (packages / place.name).symlink_to(place)
    trusted = log(lived).keys.public_path
    start = (
        "import sys, runpy; sys.path.append(sys.argv.pop(1)); "
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )

    def alone(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "-c", start, packages, packed / "verify.py", *words]
        return subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)

    held = alone(packed, "--key", trusted)
    assert (held.returncode, held.stderr) == (0, "")
    assert held.stdout.startswith("HOLDS")
    (packed / "index.html").write_text("nothing to see")
    changed = alone(packed, "--key", trusted)
    assert changed.returncode == 1
    assert "x index.html: index.html is not what was signed" in changed.stdout
    assert "governance_pipeline" not in (packed / "verify.py").read_text()


def test_the_file_alone_has_the_exit_codes_of_the_command(packed: Path, lived: Lab, tmp_path: Path, capsys):
    trusted = str(log(lived).keys.public_path)
    assert main([str(packed), "--key", trusted]) == 0
    assert main([str(packed)]) == 0
    assert "first sight" in capsys.readouterr().out
    assert main([str(tmp_path / "nowhere")]) == 2
    assert main([str(packed), "--key", str(packed / "index.html")]) == 3
    (packed / "rollback.json").unlink()
    assert main([str(packed), "--key", trusted]) == 1
    assert "x rollback.json: rollback.json is gone" in capsys.readouterr().out


def test_a_folder_that_is_no_pack_is_said_to_be_none(tmp_path: Path):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(NoPack):
            check_pack(folder)


def test_the_lines_for_people_say_whom_was_trusted(packed: Path, lived: Lab):
    lines = list(describe(checked(packed, lived)))
    assert lines[0].startswith("HOLDS  mortgage_approval 2 as of 2026-03-05")
    assert next(iter(keys(lived))) in lines[2]


def test_nobody_is_trusted_where_no_key_is_given(packed: Path):
    assert not check_pack(packed, {}).holds


def test_the_manifest_that_is_signed_lists_every_file(lived: Lab, packed: Path):
    files = signed(record(lived), log(lived), parts(record(lived), log(lived)))
    told = json.loads(base64.b64decode(json.loads(files[SIGNED_MANIFEST])["payload"]))
    assert {one["name"] for one in told["subject"]} == set(files) - {SIGNED_MANIFEST}
    assert told["predicateType"] == offline.PACK


def test_a_key_of_another_time_signs_no_entry(packed: Path, lived: Lab):
    retired = {name: PublicKey(key.public, key.first, 1) for name, key in keys(lived).items()}
    assert ENTRIES in named(check_pack(packed, retired))


def test_signatures_of_people_are_in_the_pack_and_each_was_entered(tmp_path: Path):
    found = office(tmp_path / "project")
    with_signers(found, signers())
    found.clock.now += timedelta(days=1)
    found.night(NIGHT + timedelta(days=1))  # the playbook has changed, and evidence binds it
    approved(found)
    given(found)
    for person in ("lea", "pia"):
        add(found, person)
    folder = pack_of(found, tmp_path / "signed")
    files = contents(folder)
    name = next(name for name in files if name.startswith("permits/"))
    envelope = json.loads(files[name])
    assert len(envelope["signatures"]) == 3
    assert checked(folder, found).holds
    other = offline.pre_authentication(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    envelope["signatures"].append({"keyid": "eve", "sig": text(THEIRS.sign(other))})
    OLD[:] = [files[SIGNED_MANIFEST]]
    put(folder, resigned({**files, name: json.dumps(envelope).encode()}, ours(found)))
    assert [fault.where for fault in checked(folder, found).faults] == [name]
