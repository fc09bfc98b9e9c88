from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from governance_pipeline.indicators.base import Counted
from governance_pipeline.indicators.leakage import conclude, measure
from governance_pipeline.profiles.cross_table import (
    FOLDS,
    Crosses,
    CrossTable,
    LateTally,
    OverlapTally,
    table_of,
)
from governance_pipeline.testing import NIGHT, a_count, a_model, a_playbook, model_inputs
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

EDGES = (0.0, 1.0, 2.0)


def by_label(*bins: tuple[int, int], feature: str = "ratio") -> CrossTable:
    """Rows of each range of the feature: so many with label 0, so many with label 1."""
    plain = CrossTable(feature, "approved", "label", levels=(), counts=(), edges=EDGES)
    cells = {
        (fold, place, label): count // FOLDS
        for place, counts in enumerate(bins)
        for label, count in zip(("0", "1"), counts, strict=True)
        for fold in range(FOLDS)
    }
    return table_of(plain, cells)


HONEST = by_label((300, 200), (200, 300))


def counts(*tables: CrossTable, **changes: Any) -> Counted:
    return a_count(crosses=Crosses(NIGHT, tables or (HONEST,), **changes))


def measured(counted: Counted, model: Any = None, **leakage: Any) -> dict[str, Measurement]:
    inputs = model_inputs(model=model or a_model(), counted=(counted,), playbook=a_playbook(leakage=leakage))
    return {m.facet: m for m in conclude(list(measure(inputs)), inputs.playbook)}


def test_an_honest_feature_passes():
    found = measured(counts())["ratio~approved"]
    assert found.outcome is Outcome.PASS
    assert "'ratio' alone does not give the label 'approved' away" in found.sentence


def test_a_feature_that_gives_the_label_away_fails():
    found = measured(counts(by_label((5000, 10), (10, 5000))))["ratio~approved"]
    assert found.outcome is Outcome.FAIL
    # by hand: 5,000 of 5,010 right in each range; pairs won 5000^2 of 5010^2, ties 2 * 5000 * 10 / 2
    assert found.value == pytest.approx((5000**2 + 5000 * 10) / 5010**2)
    assert "gives the label 'approved' away" in found.sentence
    assert "seldom known when the model decides" in found.sentence


def test_the_label_as_its_own_feature_is_called_what_it_is():
    model = a_model(features=[{"column": "lending.incomes#ratio", "snapshot_column": "approved"}])
    found = measured(counts(by_label((500, 0), (0, 500), feature="approved")), model)
    assert found["approved~approved"].outcome is Outcome.FAIL
    assert found["approved~approved"].sentence.startswith("The model is fed its own answer")


@pytest.mark.parametrize(
    ("later", "outcome", "value"),
    [
        (0, Outcome.PASS, 0.0),
        (5, Outcome.WARN, 0.011),
        (12, Outcome.FAIL, 0.012),
        (400, Outcome.FAIL, 0.4),
    ],
)
def test_features_from_after_the_label_are_judged_by_their_share(later: int, outcome: Outcome, value: float):
    late = (LateTally("ratio", rows=1000, later=later),)
    found = measured(counts(late=late))["late:ratio"]
    assert (found.outcome, found.value) == (outcome, value)
    told = "fewer than 11" if later == 5 else str(later)
    assert found.sentence.lower() == (
        f"{told} of 1,000 training rows have a 'ratio' that is stamped later than their label was known."
    )
    assert found.details["part"] == ("fewer than 11" if later == 5 else later)


def test_views_without_a_stamp_are_told_apart():
    late = (LateTally("lending.incomes", rows=1000, later=300, by_person=True),)
    found = measured(counts(late=late))["late:lending.incomes"]
    assert found.sentence == (
        "300 of 1,000 training rows have no value of lending.incomes from before their label was known."
    )


def test_rows_judged_on_and_learned_from_are_counted():
    shared = (OverlapTally("lending.holdout", ("application_id",), rows=500, shared=40),)
    found = measured(counts(overlaps=shared))["overlap"]
    assert (found.outcome, found.value, found.n) == (Outcome.FAIL, 0.08, 500)
    assert found.sentence == (
        "40 of 500 rows of lending.holdout that the model is judged on are rows it learned from "
        "(compared by application_id)."
    )


def test_nothing_to_compare_is_no_pass():
    none = counts(
        late=(LateTally("ratio", rows=0, later=0),),
        overlaps=(OverlapTally("lending.holdout", ("id",), rows=0, shared=0),),
    )
    found = measured(none)
    assert {found[facet].outcome for facet in ("late:ratio", "overlap")} == {Outcome.INSUFFICIENT}


def test_what_could_not_be_compared_is_not_run_with_its_reason():
    lost = counts(unmeasured={"late:ratio": "it has no time", "overlap": "they have no key in common"})
    found = measured(lost)
    assert {found[facet].outcome for facet in ("late:ratio", "overlap")} == {Outcome.NOT_RUN}
    assert "it has no time" in found["late:ratio"].sentence
    assert "they have no key in common" in found["overlap"].sentence


def test_what_is_counted_exactly_asks_no_chance():
    late = (LateTally("ratio", rows=1000, later=400),)
    assert "p_value" not in measured(counts(late=late))["late:ratio"].details
    assert "p_value_adjusted" in measured(counts(late=late))["ratio~approved"].details


def test_the_bounds_of_each_part_are_the_playbooks():
    late = (LateTally("ratio", rows=1000, later=400),)
    kept = measured(counts(late=late), late={"warn": 0.5, "fail": 0.6})["late:ratio"]
    assert kept.outcome is Outcome.PASS
    assert measured(counts(), warn=0.5, fail=0.55)["ratio~approved"].outcome is not Outcome.PASS
    assert replace(kept, sentence="") != kept
