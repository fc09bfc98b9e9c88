"""The fakes of a project's services, by their own types."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from governance_pipeline.stages.services import Services
from governance_pipeline.testing import FakeEngine, FixedClock


def engine_of(services: Services) -> FakeEngine:
    assert isinstance(services.engine, FakeEngine)
    return services.engine


def clock_of(services: Services) -> FixedClock:
    assert isinstance(services.clock, FixedClock)
    return services.clock


def morning_after(night: date) -> datetime:
    """Seven o'clock, when the night can be run."""
    return datetime.combine(night + timedelta(days=1), time(7), tzinfo=UTC)
