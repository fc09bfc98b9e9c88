"""Plans a scan: which instants the night, the window and the bias window begin and end at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from governance_pipeline.charter.contract import Contract, DatasetKind
from governance_pipeline.charter.playbook import Playbook
from governance_pipeline.errors import CannotEvaluate
from governance_pipeline.profiles.grid import Grid
from governance_pipeline.profiles.plan import ConsentPlan, ErasurePlan, GroupPlan, ScanPlan


def plan_scan(
    contract: Contract,
    night: date,
    playbook: Playbook,
    *,
    grids: Mapping[str, Grid] | None = None,
    compared: Collection[str] = (),
    consent: ConsentPlan | None = None,
    groups: tuple[GroupPlan, ...] = (),
    erasures: ErasurePlan | None = None,
) -> ScanPlan:
    """The scan of ``contract``'s table on ``night``.

    The columns are profiled over the drift policy's ``window_days`` local days that end with the
    night. A training snapshot, and a table without event time, is profiled whole.

    Args:
        grids: of the baseline's histograms.
        compared: columns that a baseline is compared with, beside those that have grids.

    Raises:
        CannotEvaluate: the contract's time zone is not known.
    """
    night_start, as_of = night_bounds(contract, night)
    drift = playbook.indicators.drift
    whole = contract.event_time is None or contract.kind is DatasetKind.TRAINING_SNAPSHOT
    first_day = night - timedelta(days=drift.window_days - 1)
    return ScanPlan(
        contract=contract,
        night=night,
        as_of=as_of,
        night_start=night_start,
        window_start=None if whole else local_midnight(first_day, time_zone(contract)),
        window_days=drift.window_days,
        keep_days=playbook.profiles.keep_days,
        grids=dict(grids or {}),
        compared=frozenset(grids or ()).union(compared),
        consent=consent,
        groups=groups,
        erasures=erasures,
    )


def plan_baseline(
    contract: Contract,
    night: date,
) -> ScanPlan:
    """The scan of a training snapshot as a model version's baseline: every row, grids of its own.

    Raises:
        CannotEvaluate: the contract's time zone is not known.
    """
    night_start, as_of = night_bounds(contract, night)
    return ScanPlan(contract=contract, night=night, as_of=as_of, night_start=night_start)


def night_bounds(contract: Contract, night: date) -> tuple[datetime, datetime]:
    """First instant of the local day ``night`` and of the day after it, in UTC.

    A day is 23, 24 or 25 hours long in the contract's calendar time zone.

    Raises:
        CannotEvaluate: the contract's time zone is not known.
    """
    zone = time_zone(contract)
    return local_midnight(night, zone), local_midnight(night + timedelta(days=1), zone)


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of ``day`` in ``zone``, in UTC.

    Where clocks skip midnight it is the instant of the change; where midnight comes twice, the first.
    Both follow from ``fold=0`` (PEP 495).
    """
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)


def first_date_from(instant: datetime, zone: ZoneInfo) -> date:
    """The first day whose midnight in ``zone`` is not before ``instant``.

    A date ``d`` read as its midnight is at or after ``instant`` exactly if ``d >= first_date_from``.
    """
    day = instant.astimezone(zone).date()
    return day if local_midnight(day, zone) >= instant else day + timedelta(days=1)


def time_zone(contract: Contract) -> ZoneInfo:
    """The contract's calendar time zone.

    Raises:
        CannotEvaluate: there is no such zone.
    """
    name = contract.calendar.timezone
    try:
        return _zone(name)
    except (KeyError, ValueError, OSError) as error:
        raise CannotEvaluate(
            f"the contract of {contract.dataset} names the time zone '{name}', which is not known",
            hint="use an IANA name such as Europe/Berlin in its calendar",
        ) from error


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
