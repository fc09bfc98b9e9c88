from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.indicators.statistics.groups import Tally, hidden, tallies, undecided
from governance_pipeline.profiles.profile import GroupCell, GroupTable

TABLE = GroupTable(
    "m",
    ("race", "sex"),
    (
        GroupCell(("white", "f"), 1, 1, 5),
        GroupCell(("white", "m"), 1, 1, 7),
        GroupCell(("white", "m"), 0, 1, 2),
        GroupCell(("white", "m"), 0, 0, 3),
        GroupCell(("white", "m"), 1, 0, 4),
        GroupCell(("black", "f"), None, 1, 6),
        GroupCell(("black", "f"), None, 0, 8),
        GroupCell(("black", None), 1, None, 9),
        GroupCell((None, "m"), 1, 1, 1),
        GroupCell(("ghost", "m"), 1, 1, 0),
    ),
)


def test_cells_are_summed_over_the_other_attributes():
    assert tallies(TABLE, ("race",)) == {
        ("white",): Tally(12, 2, 3, 4),
        ("black",): Tally(open_favourable=6, open_unfavourable=8),
        ("not recorded",): Tally(true_favourable=1),
    }
    assert tallies(TABLE, ("sex", "race"))["f", "white"] == Tally(true_favourable=5)
    assert undecided(TABLE) == 9


def test_each_rate_is_a_share_of_its_own_rows():
    tally = Tally(
        true_favourable=12,
        false_favourable=2,
        true_unfavourable=3,
        false_unfavourable=4,
        open_favourable=6,
        open_unfavourable=8,
    )
    assert tally.share("selection_rate") == (20, 35)
    assert tally.share("true_positive_rate") == (12, 16)
    assert tally.share("false_positive_rate") == (2, 5)
    assert tally.share("precision") == (12, 14)


def test_nothing_is_hidden_where_nobody_is_few():
    assert hidden({("a",): 11, ("b",): 500}, 11, ("b",)) == frozenset()
    assert hidden({}, 11, ("b",)) == frozenset()


sizes = st.dictionaries(
    st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), st.integers(1, 60), min_size=1
)


@given(sizes)
def test_no_hidden_pair_can_be_worked_out_from_known_row_and_column_totals(counts):
    out = hidden(counts, 11, ("a", "x"))
    assert {group for group, n in counts.items() if n < 11} <= out
    for place in (0, 1):
        for value in {group[place] for group in counts}:
            line = [group for group in counts if group[place] == value]
            concealed = [group for group in line if group in out]
            # What a reader gets by subtraction: the sum of the hidden, which must hide each of them.
            if concealed and len(concealed) < len(line):
                assert len(concealed) >= 2
                assert sum(counts[group] for group in concealed) >= 11


@given(st.dictionaries(st.tuples(st.sampled_from("abcdefgh")), st.integers(1, 60), min_size=1))
def test_a_single_attribute_hides_at_least_two_groups_or_none(counts):
    out = hidden(counts, 11, ("a",))
    assert not out or len(out) >= 2 or len(counts) == 1
    if out and out != set(counts):
        assert sum(counts[group] for group in out) >= 11
