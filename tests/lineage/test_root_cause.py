from __future__ import annotations

import random
from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.lineage.build import build_graph
from governance_pipeline.lineage.explains import explains
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.lineage.root_cause import root_causes, trace_root_causes
from governance_pipeline.lineage.situation import Nature, placed
from governance_pipeline.testing import a_graph, a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.lineage import Edge, EdgeKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from tests.lineage.sample import a_breach, a_project

MODEL = "model:mortgage_approval"
SCAN = {"cause": "scan"}


@pytest.fixture(scope="module")
def graph() -> LineageGraph:
    return build_graph(a_project(), [a_version(snapshot="lending.training_set")])


def root(graph: LineageGraph, effect: Measurement, *others: Measurement) -> str:
    """The root of ``effect``, as "entity indicator facet"."""
    found = root_causes(graph, [effect, *others])[effect.key]
    return f"{found.entity} {found.indicator} {found.facet}".strip()


def own(graph: LineageGraph, effect: Measurement, *others: Measurement) -> bool:
    return root_causes(graph, [effect, *others])[effect.key] == effect


def not_scanned(entity: str, indicator: str, facet: str = "") -> Measurement:
    return a_breach(entity, indicator, facet, Outcome.NOT_RUN, details=SCAN)


def test_a_breach_alone_is_its_own_root(graph: LineageGraph) -> None:
    assert own(graph, a_breach("features", "drift", "debt_ratio"))


def test_drift_of_a_feature_follows_from_the_quality_of_a_column_it_is_computed_from(
    graph: LineageGraph,
) -> None:
    effect = a_breach("features", "drift", "debt_ratio")
    cause = a_breach("incomes", "quality", "income.maximum")
    assert root(graph, effect, cause) == "dataset:lending.incomes quality income.maximum"


def test_a_column_it_is_not_computed_from_explains_nothing(graph: LineageGraph) -> None:
    assert own(
        graph,
        a_breach("features", "drift", "debt_ratio"),
        a_breach("bureau_scores", "quality", "score.minimum"),
    )


def test_the_root_is_the_furthest_up_a_chain(graph: LineageGraph) -> None:
    top = a_breach("incomes", "quality", "debts.type")
    middle = a_breach("features", "drift", "debt_ratio")
    bottom = a_breach("training_set", "quality", "debt_ratio.nullValues")
    assert root(graph, bottom, middle, top) == "dataset:lending.incomes quality debts.type"
    assert root(graph, middle, bottom, top) == "dataset:lending.incomes quality debts.type"


def test_of_one_column_quality_explains_drift_and_a_change_of_type_explains_both(graph: LineageGraph) -> None:
    drift = a_breach("incomes", "drift", "income")
    nulls = a_breach("incomes", "quality", "income.nullValues")
    assert root(graph, drift, nulls) == "dataset:lending.incomes quality income.nullValues"
    changed = a_breach("incomes", "quality", "income.type")
    assert root(graph, drift, nulls, changed) == "dataset:lending.incomes quality income.type"
    assert root(graph, nulls, drift, changed) == "dataset:lending.incomes quality income.type"
    assert own(graph, changed, nulls, drift)


def test_drift_of_one_column_says_nothing_of_the_next(graph: LineageGraph) -> None:
    assert own(graph, a_breach("incomes", "drift", "income"), a_breach("incomes", "drift", "debts"))


def test_one_drift_seen_by_two_models_is_one_cause(graph: LineageGraph) -> None:
    first = a_breach("features", "drift", "debt_ratio@alpha")
    second = a_breach("features", "drift", "debt_ratio@beta")
    assert root(graph, second, first) == "dataset:lending.features drift debt_ratio@alpha"


@pytest.mark.parametrize(
    "facet", ["debt_ratio", "debt_ratio.minimum", "debt_ratio@model", "features.debt_ratio.nullValues"]
)
def test_the_column_is_read_from_the_facet_in_each_of_its_forms(graph: LineageGraph, facet: str) -> None:
    effect = a_breach("features", "quality", facet)
    assert not own(graph, effect, a_breach("incomes", "quality", "debts"))


def test_the_column_may_stand_in_the_details(graph: LineageGraph) -> None:
    effect = a_breach("features", "quality", "R-17", details={"columns": ["debt_ratio"]})
    assert not own(graph, effect, a_breach("incomes", "quality", "debts"))


def a_schema_breach(entity: str, *columns: str, facet: str = "schema") -> Measurement:
    return a_breach(entity, "quality", facet, metric="schema", details={"columns": list(columns)})


def test_a_broken_schema_explains_what_its_columns_no_longer_keep_here_and_downstream(
    graph: LineageGraph,
) -> None:
    schema = a_schema_breach("incomes", "debts", "income")
    said = "dataset:lending.incomes quality schema"
    assert (
        root(graph, a_breach("incomes", "quality", "debts_known", details={"columns": ["debts"]}), schema)
        == said
    )
    assert root(graph, a_breach("incomes", "drift", "income"), schema) == said
    assert root(graph, a_breach("features", "drift", "debt_ratio"), schema) == said
    assert root(graph, a_schema_breach("incomes", "income", facet="schema_change"), schema) == said
    assert own(graph, schema, a_breach("incomes", "drift", "income"))


def test_a_breach_of_two_columns_is_not_explained_by_the_cause_of_one(graph: LineageGraph) -> None:
    schema = a_schema_breach("features", "debt_ratio", "bureau_score")
    assert own(graph, schema, a_breach("incomes", "quality", "debts"))
    assert own(graph, schema, a_breach("bureau_scores", "recency"))


def test_what_follows_from_a_schema_does_not_explain_it_by_being_about_more_columns(
    graph: LineageGraph,
) -> None:
    keys = a_breach("incomes", "quality", "duplicate_keys", details={"columns": ["subject_id", "income"]})
    schema = a_schema_breach("incomes", "income")
    assert own(graph, schema, keys)
    assert own(graph, keys, schema)


def test_a_rule_of_the_whole_table_is_not_explained_by_one_column(graph: LineageGraph) -> None:
    rule = a_breach("features", "quality", "no_gaps", details={"columns": []})
    assert own(
        graph, rule, a_breach("incomes", "quality", "debts"), a_breach("features", "drift", "debt_ratio")
    )


def test_a_broken_schema_explains_measurements_that_could_not_be_made(graph: LineageGraph) -> None:
    schema = a_schema_breach("features", "subject_id")
    undone = a_breach("features", "consent", "model_training", Outcome.NOT_RUN)
    assert not own(graph, undone, schema)
    assert own(graph, a_breach("features", "drift", "@mortgage_approval", Outcome.NOT_RUN), schema)


def test_late_data_upstream_explains_late_data_and_drift_downstream(graph: LineageGraph) -> None:
    late = a_breach("bureau_scores", "recency")
    assert root(graph, a_breach("features", "recency"), late) == "dataset:lending.bureau_scores recency"
    assert (
        root(graph, a_breach("features", "drift", "bureau_score"), late)
        == "dataset:lending.bureau_scores recency"
    )
    assert root(graph, a_breach("training_set", "recency"), late) == "dataset:lending.bureau_scores recency"


def test_late_data_explains_only_columns_whose_values_come_from_it(graph: LineageGraph) -> None:
    assert own(graph, a_breach("features", "drift", "debt_ratio"), a_breach("bureau_scores", "recency"))


def test_late_data_of_the_dataset_itself_explains_too_few_rows_but_no_column(graph: LineageGraph) -> None:
    late = a_breach("incomes", "recency")
    rows = a_breach("incomes", "quality", "incomes.rowCount")
    assert root(graph, rows, late) == "dataset:lending.incomes recency"
    assert own(graph, a_breach("incomes", "quality", "debts.nullValues"), late)


def test_nothing_downstream_explains_what_is_upstream(graph: LineageGraph) -> None:
    assert own(graph, a_breach("bureau_scores", "recency"), a_breach("features", "recency"))
    assert own(graph, a_breach("incomes", "quality", "debts"), a_breach("features", "drift", "debt_ratio"))


@pytest.mark.parametrize(
    "cause",
    [("features", "drift", "debt_ratio"), ("incomes", "quality", "income.maximum")],
    ids=["a feature", "what a feature is computed from"],
)
def test_predictions_drift_because_of_what_the_model_is_fed_with(
    graph: LineageGraph, cause: tuple[str, str, str]
) -> None:
    predictions = a_breach(MODEL, "prediction_drift")
    assert root(graph, predictions, a_breach(*cause)) == f"dataset:lending.{' '.join(cause)}"
    assert own(graph, a_breach(*cause), predictions)


def test_predictions_that_drift_alone_are_their_own_root(graph: LineageGraph) -> None:
    """What the model learned from, and what it is not fed with, does not change what it says."""
    others = [
        a_breach("training_set", "quality", "debt_ratio.nullValues"),
        a_breach("training_set", "drift", "approved"),
        a_breach("predictions", "quality", "race.nullValues"),
        a_breach("features", "quality", "subject_id.nullValues"),
        a_breach("incomes", "recency"),
    ]
    assert own(graph, a_breach(MODEL, "prediction_drift"), *others)
    assert own(graph, a_breach(MODEL, "calibration"), a_breach("features", "drift", "debt_ratio"))


def test_predictions_that_could_not_be_counted_do_not_follow_from_a_drift(graph: LineageGraph) -> None:
    undone = a_breach(MODEL, "prediction_drift", "", Outcome.NOT_RUN)
    assert own(graph, undone, a_breach("features", "drift", "debt_ratio"))


def test_the_way_from_a_feature_to_the_models_predictions_ends_at_the_model(graph: LineageGraph) -> None:
    predictions, drift = a_breach(MODEL, "prediction_drift"), a_breach("features", "drift", "debt_ratio")
    found = trace_root_causes(graph, [predictions, drift])[predictions.key]
    assert [str(one) for one in found.path] == ["column:lending.features#debt_ratio", MODEL]


def test_the_predictions_of_a_model_with_one_feature_are_still_the_models() -> None:
    feature = "column:lending.features#ratio"
    graph = a_graph((feature, MODEL), ("dataset:lending.features", MODEL))
    predictions, drift = a_breach(MODEL, "prediction_drift"), a_breach("features", "drift", "ratio")
    found = trace_root_causes(graph, [predictions, drift])[predictions.key]
    assert [str(one) for one in found.path] == [feature, MODEL]


def test_data_dated_too_late_is_another_question_than_late_data(graph: LineageGraph) -> None:
    ahead = a_breach("features", "recency", "future")
    assert own(graph, ahead, a_breach("incomes", "recency"))
    assert (
        root(graph, ahead, a_breach("incomes", "recency", "future"))
        == "dataset:lending.incomes recency future"
    )


def test_all_that_one_failed_scan_left_undone_has_one_root(graph: LineageGraph) -> None:
    undone = [
        not_scanned("incomes", name) for name in ("consent", "drift", "quality", "recency", "retention")
    ]
    roots = root_causes(graph, undone)
    assert {f"{one.entity} {one.indicator}" for one in roots.values()} == {"dataset:lending.incomes recency"}


def test_a_failed_scan_upstream_explains_late_data_and_a_failed_scan_downstream(graph: LineageGraph) -> None:
    unread = not_scanned("incomes", "recency")
    assert root(graph, a_breach("features", "recency"), unread) == "dataset:lending.incomes recency"
    assert root(graph, not_scanned("features", "recency"), unread) == "dataset:lending.incomes recency"


def test_late_data_upstream_does_not_make_a_table_unreadable(graph: LineageGraph) -> None:
    assert own(graph, not_scanned("features", "recency"), a_breach("incomes", "recency"))


def test_a_measurement_that_could_not_be_made_for_its_own_reason_is_its_own_root(graph: LineageGraph) -> None:
    broken = a_breach("features", "drift", "@mortgage_approval", Outcome.NOT_RUN)
    assert own(graph, broken, a_breach("features", "recency"), a_breach("incomes", "drift", "debts"))


def test_a_column_that_is_gone_upstream_explains_the_comparison_that_could_not_be_made(
    graph: LineageGraph,
) -> None:
    gone = a_breach("features", "drift", "debt_ratio", Outcome.NOT_RUN)
    cause = a_breach("incomes", "quality", "debts", metric="schema")
    assert root(graph, gone, cause) == "dataset:lending.incomes quality debts"


def test_bias_that_could_not_be_measured_follows_from_the_predictions_that_could_not_be_read(
    graph: LineageGraph,
) -> None:
    undone = a_breach(MODEL, "bias", "race", Outcome.NOT_RUN)
    unread = not_scanned("predictions", "recency")
    assert root(graph, undone, unread) == "dataset:lending.predictions recency"


def test_bias_that_was_measured_is_its_own_root(graph: LineageGraph) -> None:
    bias = a_breach(MODEL, "bias", "race")
    assert own(
        graph, bias, not_scanned("predictions", "recency"), a_breach("features", "drift", "debt_ratio")
    )


def test_one_gap_is_one_cause_whatever_the_rate_and_the_part_of_the_group(graph: LineageGraph) -> None:
    gap = a_breach(MODEL, "bias", "race=black:selection_rate")
    said = "model:mortgage_approval bias race=black:selection_rate"
    assert root(graph, a_breach(MODEL, "bias", "race=black:true_positive_rate"), gap) == said
    assert root(graph, a_breach(MODEL, "bias", "race=black & sex=female:selection_rate"), gap) == said
    assert own(graph, gap, a_breach(MODEL, "bias", "race=black & sex=female:selection_rate"))


def test_a_gap_of_another_group_or_another_model_is_another_cause(graph: LineageGraph) -> None:
    gap = a_breach(MODEL, "bias", "race=black:selection_rate")
    assert own(graph, gap, a_breach(MODEL, "bias", "sex=female:selection_rate"))
    assert own(graph, gap, a_breach("model:other", "bias", "race=black:precision"))
    assert own(graph, gap, a_breach(MODEL, "bias", "race", Outcome.NOT_RUN))


@pytest.mark.parametrize("indicator", ["consent", "ownership", "retention"])
def test_consent_ownership_and_retention_follow_only_from_themselves_upstream(
    graph: LineageGraph, indicator: str
) -> None:
    effect = a_breach("training_set", indicator)
    others = [
        a_breach("features", name) for name in ("consent", "ownership", "retention") if name != indicator
    ]
    assert own(graph, effect, *others, a_breach("features", "recency"), a_breach("features", "quality"))
    assert root(graph, effect, a_breach("incomes", indicator)) == f"dataset:lending.incomes {indicator}"


def test_consent_for_one_purpose_says_nothing_of_another(graph: LineageGraph) -> None:
    training = a_breach("features", "consent", "model_training")
    assert own(graph, training, a_breach("incomes", "consent", "marketing"))
    assert not own(graph, training, a_breach("incomes", "consent", "model_training"))


def test_a_purpose_named_like_a_column_is_still_a_purpose(graph: LineageGraph) -> None:
    effect = a_breach("features", "consent", "debt_ratio")
    assert placed(graph, [effect])[0].node == Entity.dataset("lending.features")


def test_a_lost_owner_explains_lost_provenance_downstream(graph: LineageGraph) -> None:
    lost = a_breach("incomes", "ownership")
    assert root(graph, a_breach("features", "provenance"), lost) == "dataset:lending.incomes ownership"
    assert root(graph, a_breach(MODEL, "provenance"), lost) == "dataset:lending.incomes ownership"
    assert own(graph, lost, a_breach("features", "provenance"))


def test_an_indicator_we_do_not_know_is_its_own_root(graph: LineageGraph) -> None:
    assert own(graph, a_breach("features", "plugin"), a_breach("incomes", "plugin"))


def test_what_is_no_breach_is_neither_cause_nor_effect(graph: LineageGraph) -> None:
    drift = a_breach("features", "drift", "debt_ratio")
    warning = a_breach("incomes", "quality", "debts", Outcome.WARN)
    roots = root_causes(graph, [drift, warning])
    assert roots == {drift.key: drift}


def test_a_column_explains_rather_than_a_whole_dataset(graph: LineageGraph) -> None:
    effect = a_breach("features", "drift", "debt_ratio")
    found = trace_root_causes(
        graph, [effect, a_breach("incomes", "quality", "debts"), a_breach("incomes", "recency")]
    )
    assert found[effect.key].root.facet == "debts"


def test_the_path_leads_from_the_root_to_the_breach_along_edges_with_evidence(graph: LineageGraph) -> None:
    top = a_breach("incomes", "quality", "debts")
    bottom = a_breach("training_set", "drift", "debt_ratio")
    found = trace_root_causes(graph, [bottom, top])[bottom.key]
    assert [str(node) for node in found.path] == [
        "column:lending.incomes#debts",
        "column:lending.features#debt_ratio",
        "column:lending.training_set#debt_ratio",
    ]
    assert [edge.evidence for edge in found.steps] == [
        "datasets/features.odcs.yaml:11",
        "datasets/training_set.odcs.yaml:10",
    ]
    assert found.chain == (top, bottom)


def test_the_path_from_a_dataset_to_a_column_goes_by_the_datasets(graph: LineageGraph) -> None:
    effect = a_breach("training_set", "drift", "bureau_score")
    found = trace_root_causes(graph, [effect, a_breach("bureau_scores", "recency")])[effect.key]
    assert [str(node) for node in found.path] == [
        "dataset:lending.bureau_scores",
        "dataset:lending.features",
        "dataset:lending.training_set",
        "column:lending.training_set#bureau_score",
    ]


def test_the_path_of_a_root_is_itself(graph: LineageGraph) -> None:
    breach = a_breach("incomes", "ownership")
    found = trace_root_causes(graph, [breach])[breach.key]
    assert (found.path, found.steps, found.chain) == ((breach.entity,), (), (breach,))


def test_a_circle_of_tables_has_one_root() -> None:
    circle = a_graph(("dataset:lending.a", "dataset:lending.b"), ("dataset:lending.b", "dataset:lending.a"))
    roots = root_causes(circle, [a_breach("a", "recency"), a_breach("b", "recency")])
    assert {str(one.entity) for one in roots.values()} == {"dataset:lending.a"}


# --- over any graph, circles included ------------------------------------------------------------

TABLES = [f"t{number}" for number in range(4)]
COLUMNS = [Entity.column(f"lending.{table}", name) for table in TABLES for name in ("x", "y")]
DATASETS = [Entity.dataset(f"lending.{table}") for table in TABLES]
graphs = st.builds(
    lambda columns, datasets: LineageGraph.of(
        (Edge(source, target, EdgeKind.FEEDS) for source, target in [*columns, *datasets]),
        [*COLUMNS, *DATASETS],
    ),
    st.sets(st.sampled_from(list(product(COLUMNS, COLUMNS))), max_size=12),
    st.sets(st.sampled_from(list(product(DATASETS, DATASETS))), max_size=6),
)
questions = st.sampled_from(
    [("recency", ""), ("recency", "future"), ("ownership", ""), ("provenance", ""), ("consent", "training")]
    + [("quality", facet) for facet in ("x.nulls", "x.type", "y.nulls", "rowCount")]
    + [("quality", facet) for facet in ("schema", "schema_change", "either")]
    + [("drift", "x"), ("drift", "y"), ("bias", "race=a:rate"), ("bias", "race=a & sex=b:rate")]
)
several = st.sampled_from([["x"], ["y"], ["x", "y"], []])


def drawn(
    table: str, question: tuple[str, str], outcome: Outcome, scan: bool, columns: list[str]
) -> Measurement:
    details: dict[str, object] = dict(SCAN) if scan and outcome is Outcome.NOT_RUN else {}
    if question[1] in ("schema", "schema_change", "either"):
        details["columns"] = columns
    metric = "schema" if question[1].startswith("schema") else ""
    return a_breach(table, *question, outcome, details=details, metric=metric)


breaches = st.lists(
    st.builds(
        drawn,
        st.sampled_from(TABLES),
        questions,
        st.sampled_from([Outcome.FAIL, Outcome.NOT_RUN]),
        st.booleans(),
        several,
    ),
    max_size=14,
    unique_by=lambda one: one.key,
)


@given(graphs, breaches)
def test_every_breach_has_a_root_that_is_its_own(graph: LineageGraph, found: list[Measurement]) -> None:
    roots = root_causes(graph, found)
    assert roots.keys() == {one.key for one in found}
    for one in roots.values():
        assert roots[one.key] == one


@given(graphs, breaches, st.randoms(use_true_random=False))
def test_the_order_of_breaches_changes_nothing(
    graph: LineageGraph, found: list[Measurement], shuffler: random.Random
) -> None:
    other = list(found)
    shuffler.shuffle(other)
    assert trace_root_causes(graph, found) == trace_root_causes(graph, other)


@given(graphs, breaches)
def test_each_link_of_a_chain_explains_the_next_and_the_path_is_of_edges(
    graph: LineageGraph, found: list[Measurement]
) -> None:
    for cause in trace_root_causes(graph, found).values():
        links = placed(graph, cause.chain)
        assert all(explains(one, after) for one, after in pairwise(links))
        assert cause.chain[0] == cause.root
        assert cause.chain[-1] == cause.breach
        assert set(cause.steps) <= set(graph.edges)


@given(graphs, breaches)
def test_without_lineage_no_dataset_explains_another(graph: LineageGraph, found: list[Measurement]) -> None:
    alone = LineageGraph.of((), graph.nodes)
    for key, one in root_causes(alone, found).items():
        assert str(one.entity) == key[0]


def test_a_lost_label_follows_from_one_upstream_and_not_from_a_lost_owner(graph: LineageGraph) -> None:
    features = a_breach("features", "provenance", "lost_labels")
    snapshot = a_breach("training_set", "provenance", "lost_labels")
    untraced = a_breach("features", "provenance")
    owner = a_breach("incomes", "ownership")
    roots = root_causes(graph, [features, snapshot, untraced, owner])
    assert roots[snapshot.key] == features
    assert roots[features.key] == features
    assert roots[untraced.key] == owner


def test_what_began_later_explains_nothing(graph: LineageGraph) -> None:
    effect = a_breach("features", "drift", "debt_ratio")
    cause = a_breach("incomes", "quality", "income.maximum")
    for began, is_cause in ((date(2026, 3, 9), True), (date(2026, 3, 10), True), (date(2026, 3, 11), False)):
        known = {effect.key: date(2026, 3, 10), cause.key: began}
        assert root_causes(graph, [effect, cause], known)[effect.key] == (cause if is_cause else effect)
    assert root_causes(graph, [effect, cause], {cause.key: date(2026, 3, 11)})[effect.key] == cause


def test_a_feed_that_is_found_late_after_the_table_that_waits_for_it_is_still_the_cause(
    graph: LineageGraph,
) -> None:
    effect, cause = a_breach("features", "recency"), a_breach("incomes", "recency")
    known = {effect.key: date(2026, 3, 10), cause.key: date(2026, 3, 11)}
    assert root_causes(graph, [effect, cause], known)[effect.key] == cause


def test_of_two_equally_far_upstream_the_one_that_began_first_is_followed() -> None:
    both = (("dataset:lending.a", "dataset:lending.joined"), ("dataset:lending.b", "dataset:lending.joined"))
    graph = a_graph(*both)
    effect, a, b = (a_breach(name, "consent", "training") for name in ("joined", "a", "b"))
    first = {effect.key: date(2026, 3, 10), a.key: date(2026, 3, 9), b.key: date(2026, 3, 8)}
    assert root_causes(graph, [effect, a, b], first)[effect.key] == b
    assert root_causes(graph, [effect, a, b])[effect.key] == a


@given(graphs, breaches, st.data())
def test_whatever_began_when_every_breach_has_a_root_that_began_no_later(
    graph: LineageGraph, found: list[Measurement], data: st.DataObject
) -> None:
    days = st.dates(date(2026, 3, 1), date(2026, 3, 4))
    began = {one.key: data.draw(days) for one in found if data.draw(st.booleans())}
    for cause in trace_root_causes(graph, found, began).values():
        assert trace_root_causes(graph, found, began)[cause.root.key].root == cause.root
        for one, after in pairwise(placed(graph, cause.chain)):
            assert explains(one, after)
            if Nature.LATE not in (one.nature, after.nature):
                assert began.get(one.breach.key, date.min) <= began.get(after.breach.key, date.max)
