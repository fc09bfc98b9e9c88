from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from governance_pipeline.charter.settings import Settings
from governance_pipeline.errors import ChannelFailed
from governance_pipeline.response.channels import FileChannel, open_channels
from governance_pipeline.response.routes import Recipient
from tests.response.test_outbox import an_alert

ADA = Recipient("ada", "Ada Okafor")


def settings(**channels: dict[str, str]) -> Settings:
    return Settings.model_validate(
        {"name": "lending", "schedule": {"start": "2026-01-01"}, "channels": channels}
    )


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_file_gets_one_json_line_per_alert_in_a_folder_made_for_it(tmp_path: Path) -> None:
    channels = open_channels(settings(log={"type": "file", "path": "out/alerts.jsonl"}), tmp_path, {})
    for number in (1, 2):
        channels["log"].send(an_alert(number), ADA)
    first, second = lines(tmp_path / "out" / "alerts.jsonl")
    assert first == {
        "key": an_alert(1).key,
        "night": "2026-03-04",
        "recipient": "ada",
        "name": "Ada Okafor",
        "channel": "out",
        "incident": "INC-00000001",
        "subject": an_alert().subject,
        "body": an_alert().body,
    }
    assert second["key"] == an_alert(2).key


def test_a_file_without_a_path_has_one_named_after_the_channel(tmp_path: Path) -> None:
    open_channels(settings(log={"type": "file"}), tmp_path, {})["log"].send(an_alert(), ADA)
    assert len(lines(tmp_path / ".governance" / "alerts" / "log.jsonl")) == 1


def test_many_writers_of_one_file_do_not_mix_their_lines(tmp_path: Path) -> None:
    channel = FileChannel(tmp_path / "alerts.jsonl")
    long = [replace(an_alert(number), body="é\n" * 20_000) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda alert: channel.send(alert, ADA), long))
    assert {line["key"] for line in lines(channel.path)} == {alert.key for alert in long}


def test_what_a_full_disk_cuts_off_is_taken_back(tmp_path: Path) -> None:
    """A file-size limit cuts a write off as a full disk does."""
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    channel = FileChannel(tmp_path / "alerts.jsonl")
    channel.send(an_alert(1), ADA)
    whole = channel.path.read_bytes()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 100, before[1]))
        with pytest.raises(ChannelFailed) as failed:
            channel.send(an_alert(2), ADA)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert failed.value.transient
    assert channel.path.read_bytes() == whole
    channel.send(an_alert(2), ADA)
    assert len(lines(channel.path)) == 2


def test_a_file_that_cannot_be_written_fails_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "alerts").write_text("a file where a folder is needed")
    with pytest.raises(ChannelFailed) as failed:
        FileChannel(tmp_path / "alerts" / "log.jsonl").send(an_alert(), ADA)
    assert failed.value.transient
    assert "log.jsonl cannot be written" in failed.value.message


def test_the_console_shows_a_message_as_it_is_and_reads_no_markup_in_it() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100)
    channels = open_channels(settings(), Path(), {}, console)
    hostile = replace(
        an_alert(), body="[link=https://evil.example]click[/link] [/]", subject="[bold]x[/bold]"
    )
    channels["console"].send(hostile, ADA)
    shown = out.getvalue()
    assert "[link=https://evil.example]click[/link] [/]" in shown
    assert "[bold]x[/bold]" in shown
    assert "to Ada Okafor" in shown


def test_channels_are_opened_without_being_used() -> None:
    """A wrong one fails for its own alerts only."""
    channels = open_channels(
        settings(mail={"url": "mailto://${NOT_SET}"}, shell={"type": "console"}, bad={"url": "nonsense"}),
        Path("/nonexistent"),
        {},
    )
    assert sorted(channels) == ["bad", "console", "mail", "shell"]
    for name in ("mail", "bad"):
        with pytest.raises(ChannelFailed):
            channels[name].send(an_alert(), ADA)
