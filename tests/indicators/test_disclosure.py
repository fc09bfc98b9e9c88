from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.indicators.disclosure import is_small, part_of, publishable, smallest_group
from governance_pipeline.testing import a_column, a_contract, dataset_inputs

K = 11


def test_only_groups_that_hold_somebody_are_small() -> None:
    assert [is_small(n, K) for n in (0, 1, 10, 11)] == [False, True, True, False]


def test_a_part_is_hidden_when_it_or_the_rest_is_small() -> None:
    assert part_of(0, 100, K) == 0
    assert part_of(4, 100, K) == "fewer than 11"
    assert part_of(96, 100, K) == "all but fewer than 11"
    assert part_of(100, 100, K) == 100
    assert part_of(50, 100, K) == 50


def test_a_table_without_small_cells_is_shown_whole() -> None:
    shown = publishable({"a": 20, "b": 0, "c": 300}, K)
    assert (dict(shown.counts), shown.small, shown.withheld) == ({"a": 20, "c": 300}, (), ())


def test_one_small_cell_takes_the_next_smallest_with_it() -> None:
    shown = publishable({"a": 400, "b": 3, "c": 20}, K)
    assert (dict(shown.counts), shown.small, shown.withheld) == ({"a": 400}, ("b",), ("c",))


def test_two_small_cells_that_together_are_small_take_another_with_them() -> None:
    shown = publishable({"a": 400, "b": 3, "c": 4}, K)
    assert (dict(shown.counts), shown.small, shown.withheld) == ({}, ("b", "c"), ("a",))


def test_two_small_cells_that_together_are_large_stand_alone() -> None:
    shown = publishable({"a": 400, "b": 7, "c": 8}, K)
    assert (dict(shown.counts), shown.small, shown.withheld) == ({"a": 400}, ("b", "c"), ())


cells = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 40), min_size=1)


@given(cells)
def test_no_hidden_cell_follows_from_the_total(table: dict[str, int]) -> None:
    shown = publishable(table, K)
    hidden = {*shown.small, *shown.withheld}
    assert not any(is_small(count, K) for count in shown.counts.values())
    assert hidden | set(shown.counts) == {name for name, count in table.items() if count}
    pool = sum(table[name] for name in hidden)
    if hidden and shown.counts:
        assert len(hidden) >= 2
        assert pool >= K


@given(cells)
def test_what_is_published_never_holds_a_small_number(table: dict[str, int]) -> None:
    said = publishable(table, K).as_details(K)
    assert not [value for value in said.values() if isinstance(value, int) and value < K]


def test_rows_that_are_not_about_people_are_counted_exactly() -> None:
    rates = a_contract(subject_key=None, columns=(a_column("rate"),))
    assert smallest_group(dataset_inputs(contract=rates)) == 0
    assert smallest_group(dataset_inputs()) == K
    by_sex = a_contract(subject_key=None, columns=(a_column("sex", sensitive=True),))
    assert smallest_group(dataset_inputs(contract=by_sex)) == K
