"""With the default playbook every indicator weighs 20, missing evidence 8, and half flows per step."""

import random as randoms
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.risk.assess import assess
from governance_pipeline.testing import NIGHT, a_graph, a_playbook
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.risk import RiskScore

SOURCE, VIEW, OTHER = (Entity.dataset(f"lending.{name}") for name in ("source", "view", "other"))
MODEL = Entity.model("mortgage_approval")
RATIO = Entity.column("lending.view", "ratio")
WORTH = {Outcome.PASS: 0, Outcome.INSUFFICIENT: 8, Outcome.NOT_RUN: 8, Outcome.WARN: 10, Outcome.FAIL: 20}


def found(
    entity: Entity, outcome: Outcome = Outcome.FAIL, indicator: str = "recency", facet: str = ""
) -> Measurement:
    return Measurement(NIGHT, entity, indicator, outcome, f"{indicator} of {entity.name}.", "P-1", facet)


def scored(
    measurements: list[Measurement],
    *entities: Entity,
    graph: LineageGraph | None = None,
    previous: dict[Entity, float] | None = None,
    **playbook: Any,
) -> dict[Entity, RiskScore]:
    risks = assess(
        NIGHT, measurements, graph or LineageGraph.of([]), a_playbook(**playbook), previous or {}, entities
    )
    return {risk.entity: risk for risk in risks}


def parts(risk: RiskScore) -> dict[str, float]:
    return {one.source: one.points for one in risk.contributions}


CHAIN = a_graph((str(SOURCE), str(VIEW)), (str(VIEW), str(MODEL)))


def test_a_failure_upstream_flows_down_by_half_each_step() -> None:
    measurements = [found(SOURCE), found(VIEW, Outcome.PASS), found(MODEL, Outcome.PASS)]
    risks = scored(measurements, SOURCE, VIEW, MODEL, graph=CHAIN)
    assert {entity: risk.score for entity, risk in risks.items()} == {SOURCE: 20, VIEW: 10, MODEL: 5}
    assert parts(risks[MODEL]) == {"dataset:lending.source": 5.0}
    assert risks[MODEL].contributions[0].sentence == (
        "It inherits part of the risk of lending.source, 2 steps upstream."
    )


def test_what_was_inherited_is_not_passed_on_again() -> None:
    measurements = [found(SOURCE), found(VIEW, Outcome.WARN), found(MODEL, Outcome.PASS)]
    risks = scored(measurements, MODEL, graph=CHAIN)
    # 20 / 4 from the source and 10 / 2 from the view; not half of the view's inherited 10 as well.
    assert parts(risks[MODEL]) == {"dataset:lending.source": 5.0, "dataset:lending.view": 5.0}


def test_a_diamond_counts_its_top_once_by_the_shortest_way() -> None:
    left, right = Entity.dataset("lending.left"), Entity.dataset("lending.right")
    graph = a_graph(
        *((str(SOURCE), str(side)) for side in (left, right)),
        *((str(side), str(VIEW)) for side in (left, right)),
        (str(SOURCE), str(VIEW)),
    )
    risks = scored([found(SOURCE), found(VIEW, Outcome.PASS)], VIEW, graph=graph)
    assert parts(risks[VIEW]) == {"dataset:lending.source": 10.0}


def test_a_dataset_and_its_column_do_not_bring_the_same_finding_twice() -> None:
    drift = found(VIEW, indicator="drift", facet="ratio@mortgage_approval")
    graph = a_graph((str(VIEW), str(MODEL)), (str(RATIO), str(MODEL)))
    risks = scored([drift, found(MODEL, Outcome.PASS)], MODEL, graph=graph)
    assert risks[MODEL].score == 10.0


def test_a_column_brings_its_finding_where_only_columns_are_linked() -> None:
    drift = found(VIEW, indicator="drift", facet="ratio@mortgage_approval")
    late = found(VIEW, indicator="recency")
    graph = a_graph((str(RATIO), str(MODEL)))
    risks = scored([drift, late, found(MODEL, Outcome.PASS)], MODEL, graph=graph)
    assert parts(risks[MODEL]) == {"column:lending.view#ratio": 10.0}


def test_a_feature_has_its_own_findings_and_a_share_of_its_tables_others() -> None:
    drift = found(VIEW, indicator="drift", facet="ratio@mortgage_approval")
    other_drift = found(VIEW, indicator="drift", facet="debt@mortgage_approval")
    late = found(VIEW, indicator="recency")
    risks = scored([drift, other_drift, late], RATIO, VIEW)
    # Of its table: recency 20 and the other column's drift 20, half of which flows.
    assert parts(risks[RATIO]) == {"drift": 20.0, "dataset:lending.view": 20.0}
    assert parts(risks[VIEW]) == {"recency": 20.0, "drift": 25.0}


def test_a_feature_inherits_from_the_column_it_is_made_of() -> None:
    income = Entity.column("lending.source", "income")
    nulls = found(SOURCE, indicator="quality", facet="income")
    risks = scored([nulls, found(VIEW, Outcome.PASS)], RATIO, graph=a_graph((str(income), str(RATIO))))
    assert parts(risks[RATIO]) == {"column:lending.source#income": 10.0}


def test_the_sum_is_capped_at_a_hundred() -> None:
    names = ("recency", "consent", "quality", "retention", "ownership", "drift")
    risks = scored([found(VIEW, indicator=name) for name in names], VIEW)
    assert sum(parts(risks[VIEW]).values()) == 120
    assert (risks[VIEW].score, risks[VIEW].tier) == (100.0, "critical")


@pytest.mark.parametrize(("indicators", "tier"), [(0, "low"), (1, "medium"), (3, "high"), (4, "critical")])
def test_the_playbooks_bounds_pick_the_tier(indicators: int, tier: str) -> None:
    names = ("recency", "consent", "quality", "retention")[:indicators]
    risks = scored([found(VIEW, Outcome.PASS, "bias"), *(found(VIEW, indicator=n) for n in names)], VIEW)
    assert (risks[VIEW].score, risks[VIEW].tier) == (20 * indicators, tier)


def test_the_difference_is_against_the_night_before() -> None:
    risks = scored([found(VIEW), found(OTHER)], VIEW, OTHER, previous={VIEW: 32.0})
    assert risks[VIEW].difference == -12.0
    assert risks[OTHER].difference is None


def test_nothing_measured_is_no_low_risk() -> None:
    risks = scored([], VIEW, MODEL, RATIO)
    assert parts(risks[VIEW]) == parts(risks[MODEL]) == {"evidence": 8.0}
    assert parts(risks[RATIO]) == {}


def test_the_highest_risk_comes_first_then_by_name() -> None:
    ranked = assess(
        NIGHT,
        [found(VIEW), found(OTHER, Outcome.WARN), found(SOURCE, Outcome.WARN)],
        LineageGraph.of([]),
        a_playbook(),
        {},
        [SOURCE, VIEW, OTHER],
    )
    assert [risk.entity for risk in ranked] == [VIEW, OTHER, SOURCE]


def test_a_circle_does_not_feed_itself() -> None:
    graph = a_graph((str(VIEW), str(OTHER)), (str(OTHER), str(VIEW)))
    risks = scored([found(VIEW), found(OTHER, Outcome.PASS)], VIEW, OTHER, graph=graph)
    assert (risks[VIEW].score, risks[OTHER].score) == (20.0, 10.0)


def test_the_playbook_decides_how_much_flows() -> None:
    measurements = [found(SOURCE), found(VIEW, Outcome.PASS)]
    none = scored(measurements, VIEW, graph=CHAIN, risk={"propagation": 0.0})
    all_of_it = scored(measurements, VIEW, graph=CHAIN, risk={"propagation": 1.0})
    assert (none[VIEW].score, all_of_it[VIEW].score) == (0.0, 20.0)


DATASETS = tuple(Entity.dataset(f"a.t{i}") for i in range(4))
COLUMNS = tuple(Entity.column(dataset.name, name) for dataset in DATASETS for name in "xy")
ENTITIES = (*DATASETS, *COLUMNS, MODEL)
facts = st.lists(
    st.tuples(
        st.sampled_from((*DATASETS, MODEL)),
        st.sampled_from(["recency", "drift", "consent", "water_use"]),
        st.sampled_from(["", "x", "y"]),
        st.sampled_from(list(Outcome)),
    ),
    max_size=12,
    unique_by=lambda fact: fact[:3],
)
edges = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(DATASETS), st.sampled_from((*DATASETS, MODEL))),
        st.tuples(st.sampled_from(COLUMNS), st.sampled_from((*COLUMNS, MODEL))),
    ),
    max_size=14,
)
# Something is known of every entity, so that no case is about the penalty for knowing nothing.
KNOWN = [found(entity, Outcome.PASS, "quality") for entity in (*DATASETS, MODEL)]


def a_night(drawn: Any) -> list[Measurement]:
    return KNOWN + [found(entity, outcome, name, facet) for entity, name, facet, outcome in drawn]


def a_web(drawn: Any) -> LineageGraph:
    pairs = [(str(source), str(target)) for source, target in drawn if source != target]
    return a_graph(*pairs) if pairs else LineageGraph.of([])


def scores(measurements: list[Measurement], graph: LineageGraph) -> dict[Entity, float]:
    return {entity: risk.score for entity, risk in scored(measurements, *ENTITIES, graph=graph).items()}


@given(facts, edges)
def test_contributions_add_up_to_the_score(drawn: Any, web: Any) -> None:
    for risk in scored(a_night(drawn), *ENTITIES, graph=a_web(web)).values():
        total = sum(one.points for one in risk.contributions)
        assert risk.score == pytest.approx(min(total, 100.0), abs=1e-9)
        assert all(one.points > 0 and one.sentence for one in risk.contributions)


@given(facts, edges, st.integers(0, 2**16))
def test_the_order_of_what_is_known_does_not_matter(drawn: Any, web: Any, seed: int) -> None:
    measurements = a_night(drawn)
    shuffled = randoms.Random(seed).sample(measurements, len(measurements))
    assert scored(shuffled, *ENTITIES[::-1], graph=a_web(web[::-1])) == scored(
        measurements, *ENTITIES, graph=a_web(web)
    )


@given(facts, edges, st.data())
def test_a_worse_or_further_finding_lowers_no_score(drawn: Any, web: Any, data: st.DataObject) -> None:
    graph, before = a_web(web), a_night(drawn)
    if drawn and data.draw(st.booleans()):
        place = data.draw(st.integers(len(KNOWN), len(before) - 1))
        old = before[place]
        worse = data.draw(st.sampled_from([o for o in Outcome if WORTH[o] >= WORTH[old.outcome]]))
        after = [*before[:place], old.concluded(worse), *before[place + 1 :]]
    else:
        entity = data.draw(st.sampled_from((*DATASETS, MODEL)))
        outcome = data.draw(st.sampled_from(list(Outcome)))
        after = [*before, found(entity, outcome, "retention", data.draw(st.sampled_from(["", "x"])))]
    earlier, later = scores(before, graph), scores(after, graph)
    assert all(later[entity] >= earlier[entity] for entity in ENTITIES)


@given(facts, edges, st.sampled_from([Outcome.INSUFFICIENT, Outcome.NOT_RUN, None]), st.data())
def test_missing_evidence_is_never_better_than_a_pass(
    drawn: Any, web: Any, missing: Outcome | None, data: st.DataObject
) -> None:
    graph, base = a_web(web), a_night(drawn)
    passing = found(data.draw(st.sampled_from((*DATASETS, MODEL))), Outcome.PASS, "retention")
    without = base if missing is None else [*base, passing.concluded(missing)]
    good, bad = scores([*base, passing], graph), scores(without, graph)
    assert all(bad[entity] >= good[entity] for entity in ENTITIES)


def test_a_dataset_that_was_not_measured_is_never_better_than_one_that_passed() -> None:
    nothing, passed = scored([], VIEW)[VIEW].score, scored([found(VIEW, Outcome.PASS)], VIEW)[VIEW].score
    assert nothing > passed
