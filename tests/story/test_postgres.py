"""The same nights on Postgres: the same verdicts, incidents, risks, reviews and alert keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from governance_pipeline.cli import sample
from governance_pipeline.cli.sample import SampleNight
from governance_pipeline.store.open import upgrade_store
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import (
    AlertQueued,
    IncidentChanged,
    IndicatorMeasured,
    NightSealed,
    ReviewOpened,
    RiskAssessed,
    VersionDiscovered,
)
from governance_pipeline.vocabulary.risk import RiskScore
from tests.contents import contents
from tests.story.conftest import LAST_NIGHT, Story, read_alerts, same_keys

pytestmark = [pytest.mark.story, pytest.mark.postgres]

NIGHTS = 20  # the vendor's feed has stopped and consents have ended by then
NEWS = (IncidentChanged, AlertQueued, ReviewOpened, VersionDiscovered)


@pytest.fixture(scope="module")
def on_postgres(postgres_server, tmp_path_factory) -> Iterable[tuple[Path, list[SampleNight], str]]:
    with postgres_server.database() as url:
        upgrade_store(url)
        root = tmp_path_factory.mktemp("postgres") / "lender"
        with same_keys():
            nights = sample.run_sample(root, nights=NIGHTS, last=LAST_NIGHT, store=url)
        yield root, nights, url


def of_kind(night: SampleNight, *kinds: type[Any]) -> list[Any]:
    return [event for event in night.events if isinstance(event, kinds)]


def test_every_measurement_of_every_night_is_the_same(story: Story, on_postgres):
    _, nights, _ = on_postgres
    assert len(nights) == NIGHTS
    for here, there in zip(story.nights, nights, strict=False):
        ours = [_plain(event.measurement) for event in of_kind(here, IndicatorMeasured)]
        theirs = [_plain(event.measurement) for event in of_kind(there, IndicatorMeasured)]
        assert len(ours) > 100
        assert theirs == ours


def test_risks_incidents_reviews_and_alerts_are_the_same_night_by_night(story: Story, on_postgres):
    _, nights, _ = on_postgres
    for here, there in zip(story.nights, nights, strict=False):
        assert of_kind(there, *NEWS) == of_kind(here, *NEWS)
        ours, theirs = ([_risk(e.risk) for e in of_kind(night, RiskAssessed)] for night in (here, there))
        assert theirs == ours
        (our_seal,), (their_seal,) = of_kind(here, NightSealed), of_kind(there, NightSealed)
        assert replace(their_seal, seconds=0) == replace(our_seal, seconds=0)
    assert {type(event) for night in nights for event in of_kind(night, *NEWS)} == set(NEWS)


def test_what_the_receivers_got_is_the_same(story: Story, on_postgres):
    root, nights, _ = on_postgres
    until = str(nights[-1].night)
    assert read_alerts(root) == [message for message in story.delivered if message["night"] <= until]


def test_the_databases_hold_the_same_measurements_and_seals(story: Story, on_postgres):
    _, nights, url = on_postgres
    ours = contents(f"sqlite:///{story.root}/.governance/store.db")
    theirs = contents(url)
    dates = [repr({"night": night.night})[1:-1] for night in nights]
    for table in ("measurements", "nights", "risks", "profiles"):
        rows = [row for row in ours[table] if any(day in row for day in dates)]
        assert theirs[table] == rows, table
        assert len(rows) >= NIGHTS


def _plain(found: Measurement) -> tuple[Any, ...]:
    """All of it; numbers to nine digits, because threads add in no fixed order."""
    interval = found.interval and tuple(map(_digits, found.interval))
    said = (found.outcome, found.sentence, found.n, found.unit, found.clause, found.threshold)
    return (*found.key, *said, _digits(found.value), interval)


def _risk(risk: RiskScore) -> tuple[Any, ...]:
    parts = tuple((c.source, _digits(c.points), c.sentence) for c in risk.contributions)
    return (risk.entity, risk.tier, _digits(risk.score), _digits(risk.previous), parts)


def _digits(value: float | None) -> str | None:
    return None if value is None else f"{value:.9g}"
