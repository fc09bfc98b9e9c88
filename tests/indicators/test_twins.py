from __future__ import annotations

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.similarity import NEIGHBOURS, alike, candidates
from governance_pipeline.indicators.twins import measure
from governance_pipeline.profiles.profile import ColumnProfile, Histogram, Profile
from governance_pipeline.testing import a_contract, a_graph, a_playbook, a_profile, night_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome


def number(values: np.ndarray, name: str = "income", nulls: int = 0, exponent: int = -2) -> ColumnProfile:
    """A column's profile on a dyadic grid: bins 2**exponent wide."""
    width = 2.0**exponent
    first = int(np.floor(values.min() / width))
    edges = np.arange(first, np.floor(values.max() / width) + 2) * width
    counts, _ = np.histogram(values, edges)
    return ColumnProfile(
        name=name,
        kind="number",
        engine_type="float64",
        rows=len(values) + nulls,
        nulls=nulls,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        variance=float(values.var(ddof=1)),
        histogram=Histogram(exponent, first, tuple(map(int, counts))),
    )


def text(counts: dict[str, int], name: str = "trade", other: int = 0) -> ColumnProfile:
    rows = sum(counts.values()) + other
    return ColumnProfile(
        name=name, kind="category", engine_type="string", rows=rows, nulls=0, categories=counts, other=other
    )


def view(dataset: str, owner: str, *columns: ColumnProfile):
    contract = a_contract(dataset=dataset, owner=owner)
    profile = a_profile(dataset=dataset, columns={column.name: column for column in columns})
    return contract, profile


def measured(*views: tuple[object, Profile], **changes: object) -> dict[tuple[str, str], Measurement]:
    found = list(measure(night_inputs(*views, **changes)))
    assert len({m.key for m in found}) == len(found)
    return {(m.entity.name, m.facet): m for m in found}


RNG = np.random.default_rng(2)
INCOMES = RNG.gamma(3.0, 2.0, 5000)
ALMOST = np.concatenate([INCOMES[:4950], RNG.gamma(3.0, 2.0, 50)])  # the same people but for one in a hundred
OTHER = RNG.normal(6.0, 3.4, 5000)  # mean and deviation of the incomes, another shape


def test_the_same_feature_of_two_teams_is_found_and_both_owners_are_named():
    found = measured(
        view("credit.people", "data-team", number(INCOMES), number(OTHER, "age")),
        view("risk.clients", "ben", number(ALMOST, "earnings")),
    )
    assert {key: m.outcome for key, m in found.items()} == {
        ("credit.people", ""): Outcome.PASS,
        ("credit.people", "income"): Outcome.WARN,
        ("risk.clients", ""): Outcome.PASS,
        ("risk.clients", "earnings"): Outcome.WARN,
    }
    warning = found["credit.people", "income"]
    assert warning.sentence.startswith(
        "'income' of credit.people (Data team) and 'earnings' of risk.clients (Ben Moreau) look near-"
    )
    assert warning.details["twin"] == "risk.clients#earnings"
    assert warning.details["twin_owner"] == "ben"
    assert found["credit.people", ""].sentence == (
        "Of 2 features of credit.people with 1 of other teams, 1 feature has a twin."
    )


def test_another_shape_with_the_same_mean_and_deviation_is_no_twin():
    found = measured(view("a.x", "ada", number(INCOMES)), view("b.y", "ben", number(OTHER)))
    assert {m.outcome for m in found.values()} == {Outcome.PASS}
    assert found["a.x", ""].sentence == (
        "No feature looks like another team's: compared were 1 feature of a.x with 1 of other teams."
    )


def test_a_different_share_of_missing_values_is_no_twin():
    found = measured(view("a.x", "ada", number(INCOMES)), view("b.y", "ben", number(INCOMES, nulls=500)))
    assert len(found) == 2


def test_one_teams_own_copies_and_reuse_that_lineage_knows_are_no_twins():
    own = measured(view("a.x", "ada", number(INCOMES)), view("b.y", "ada", number(INCOMES)))
    assert len(own) == 2
    known = a_graph(("column:a.x#income", "column:b.y#income"))
    reused = measured(view("a.x", "ada", number(INCOMES)), view("b.y", "ben", number(INCOMES)), graph=known)
    assert len(reused) == 2


def test_yes_or_no_columns_are_alike_by_chance_and_never_told():
    flags = view("a.x", "ada", text({"yes": 700, "no": 300}))
    others = view("b.y", "ben", text({"yes": 700, "no": 300}))
    assert len(measured(flags, others)) == 2


def test_text_is_compared_by_its_values():
    trades = {"baker": 300, "smith": 250, "nurse": 200, "pilot": 150, "clerk": 100}
    nearly = {**trades, "baker": 305, "clerk": 95}
    moved = {**trades, "baker": 100, "clerk": 300}
    warned = measured(view("a.x", "ada", text(trades)), view("b.y", "ben", text(nearly, "job")))
    assert warned["a.x", "trade"].value == pytest.approx(1 - 5 / 1000)
    assert len(measured(view("a.x", "ada", text(trades)), view("b.y", "ben", text(moved)))) == 2


def test_without_another_team_there_is_nothing_to_compare_and_that_is_said():
    found = measured(view("a.x", "ada", number(INCOMES)))
    assert found["a.x", ""].outcome is Outcome.PASS
    assert found["a.x", ""].sentence == (
        "No other team has a feature that those of a.x could be compared with."
    )


def test_too_few_values_are_no_evidence():
    found = measured(view("a.x", "ada", number(INCOMES[:100])), view("b.y", "ben", number(INCOMES)))
    assert found["a.x", ""].outcome is Outcome.INSUFFICIENT


def test_without_a_policy_nothing_is_measured():
    said = a_playbook()
    silent = said.model_copy(update={"indicators": said.indicators.model_copy(update={"twins": None})})
    assert measured(view("a.x", "ada", number(INCOMES)), playbook=silent) == {}


def test_a_copy_among_very_many_is_found_without_comparing_all_with_all():
    """Standardised features: all have mean 0 and deviation 1, the worst case for a rough signature."""
    rng = np.random.default_rng(4)
    shapes = [rng.gamma(rng.uniform(0.5, 30), 1.0, 400) for _ in range(500)]
    shapes = [(values - values.mean()) / values.std() for values in shapes]
    columns = [number(values, f"f{place}") for place, values in enumerate(shapes)]
    columns.append(number(shapes[77], "copy"))
    pairs = candidates(columns)
    assert (77, 500) in pairs
    assert len(pairs) <= NEIGHBOURS * 2 * len(columns) < 500 * 499 / 2
    likeness = alike(columns[77], columns[500])
    assert likeness is not None
    assert likeness.similarity == pytest.approx(1.0)
