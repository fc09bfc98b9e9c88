"""What is remembered of partitions, and what is forgotten of them and of old nights' profiles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from governance_pipeline.store.ports import PartitionRecord, Store

NAME, OTHER = "lending.incomes", "lending.bureau"
SUNDAY = date(2026, 3, 1)


def a_partition(name: str, *days: date | None, head: int = 1) -> PartitionRecord:
    return PartitionRecord(name, {"head": head}, {day: {"rows": str(day)} for day in days})


def put(store: Store, dataset: str, *read: PartitionRecord, present: Iterable[str] | None = None) -> None:
    names = [one.partition for one in read] if present is None else list(present)
    with store.begin() as unit:
        unit.profiles.put_partitions(dataset, read, present=names)


def kept(store: Store, dataset: str = NAME, first: date = date.min) -> dict[str, set[date | None]]:
    with store.begin() as unit:
        return {one.partition: set(one.slices) for one in unit.profiles.partitions(dataset, first)}


def thin(store: Store, slices: date, nights: date = SUNDAY, weeks: date = SUNDAY) -> None:
    with store.begin() as unit:
        unit.profiles.thin(slices_before=slices, nights_before=nights, weeks_before=weeks)


def days(count: int) -> date:
    return SUNDAY + timedelta(days=count)


def test_partitions_come_back_as_they_were_in_order(store: Store) -> None:
    written = [a_partition("b", days(0), days(1)), a_partition("a", None)]
    put(store, NAME, *written)
    with store.begin() as unit:
        assert list(unit.profiles.partitions(NAME, date.min)) == [written[1], written[0]]
        assert list(unit.profiles.partitions(OTHER, date.min)) == []


def test_a_partition_that_is_read_again_has_only_its_new_days(store: Store) -> None:
    put(store, NAME, a_partition("a", days(0), days(1)), a_partition("b", days(2)))
    put(store, NAME, a_partition("a", days(1), days(3), head=2), present=["a", "b"])
    assert kept(store) == {"a": {days(1), days(3)}, "b": {days(2)}}
    with store.begin() as unit:
        assert [one.head for one in unit.profiles.partitions(NAME, date.min)] == [{"head": 2}, {"head": 1}]


def test_a_partition_that_is_gone_is_forgotten_and_those_of_other_datasets_are_not(store: Store) -> None:
    for dataset in (NAME, OTHER):
        put(store, dataset, a_partition("a", days(0)), a_partition("b", days(0)))
    put(store, NAME, present=["b"])
    assert kept(store) == {"b": {days(0)}}
    assert kept(store, OTHER) == {"a": {days(0)}, "b": {days(0)}}


def test_only_the_days_asked_for_are_recalled_and_what_has_no_day(store: Store) -> None:
    put(store, NAME, a_partition("a", days(0), days(1), days(2)), a_partition("b", None))
    assert kept(store, first=days(1)) == {"a": {days(1), days(2)}, "b": {None}}


def test_slices_of_old_days_are_forgotten_and_what_has_no_day_is_not(store: Store) -> None:
    put(store, NAME, a_partition("a", days(-1), days(0), days(1)), a_partition("b", None))
    put(store, OTHER, a_partition("c", days(-1)))
    thin(store, days(0))
    assert kept(store) == {"a": {days(0), days(1)}, "b": {None}}
    assert kept(store, OTHER) == {"c": set()}  # it is known as read: nothing of it is wanted any more


@pytest.mark.parametrize(
    ("count", "stays"),
    [(0, True), (-1, False), (-6, False), (-7, True), (-14, True), (-20, False), (-21, False), (-28, False)],
)
def test_of_old_nights_the_sundays_profiles_are_kept_for_some_weeks(
    store: Store, count: int, stays: bool
) -> None:
    """Nights are kept from Sunday the 1st on, and Sundays from the 15th of February, fourteen days before."""
    night = days(count)
    assert (night.isoweekday() == 7) == (count % 7 == 0)
    with store.begin() as unit:
        unit.profiles.put(NAME, night, {"rows": 1})
        unit.profiles.put_baseline("m", "1", {"rows": 2})
    thin(store, days(0), nights=days(0), weeks=days(-14))
    with store.begin() as unit:
        assert (unit.profiles.get(NAME, night) is not None) == stays
        assert unit.profiles.get_baseline("m", "1") == {"rows": 2}


def test_more_nights_and_partitions_than_one_statement_takes_are_forgotten(store: Store) -> None:
    names = [f"p{number}" for number in range(1100)]
    put(store, NAME, *(a_partition(name, days(0)) for name in names))
    with store.begin() as unit:
        for number in range(1100):
            unit.profiles.put(NAME, days(-number), {"rows": 1})
    thin(store, days(0), nights=days(0), weeks=days(0))
    put(store, NAME, present=["p7"])
    assert kept(store) == {"p7": {days(0)}}
    with store.begin() as unit:
        assert unit.profiles.latest_before(NAME, days(0)) is None
        assert unit.profiles.get(NAME, days(0)) == {"rows": 1}
