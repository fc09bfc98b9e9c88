from typing import Any

import pytest

from governance_pipeline.charter.contract import DatasetKind
from governance_pipeline.indicators.provenance import PROVENANCE, trace
from governance_pipeline.lineage.gaps import Gap, GapKind
from governance_pipeline.testing import (
    a_column,
    a_contract,
    a_graph,
    a_playbook,
    a_profile,
    dataset_inputs,
)
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome

SUBJECT = ("column:lending.applications#id", "column:lending.incomes#subject_id")
TIME = ("column:lending.applications#at", "column:lending.incomes#recorded_at")
RATIO = ("column:lending.applications#income", "column:lending.incomes#ratio")


def measured(**changes: Any) -> list[Measurement]:
    assert PROVENANCE.measure_dataset is not None
    return list(PROVENANCE.measure_dataset(dataset_inputs(**changes)))


def test_columns_that_come_from_an_owned_source_pass() -> None:
    (found,) = measured()
    assert (found.outcome, found.value, found.n) == (Outcome.PASS, 1.0, 3)
    assert found.details["sources"] == ["lending.applications"]


def test_a_column_from_nowhere_fails_by_name() -> None:
    (found,) = measured(graph=a_graph(SUBJECT, TIME))
    assert found.outcome is Outcome.FAIL
    assert found.value == pytest.approx(2 / 3)
    assert found.details["untraced"] == ["ratio"]
    assert found.sentence == (
        "1 column of lending.incomes (ratio) cannot be traced to a source that somebody owns; "
        "66.7 % of its 3 columns can."
    )


def test_a_source_that_lost_its_owner_is_no_source() -> None:
    (found,) = measured(owned_sources=frozenset())
    assert (found.outcome, found.value) == (Outcome.FAIL, 0.0)
    assert len(found.details["untraced"]) == 3


def test_tracing_goes_through_tables_in_between() -> None:
    graph = a_graph(
        SUBJECT,
        TIME,
        ("column:lending.applications#income", "column:lending.cleaned#income"),
        ("column:lending.cleaned#income", "column:lending.incomes#ratio"),
    )
    (found,) = measured(graph=graph)
    assert found.outcome is Outcome.PASS


def test_a_column_may_come_from_an_owned_source_as_a_whole() -> None:
    (found,) = measured(graph=a_graph(SUBJECT, TIME, ("dataset:lending.applications", RATIO[1])))
    assert found.outcome is Outcome.PASS


def test_a_table_without_a_contract_is_no_owned_source() -> None:
    (found,) = measured(graph=a_graph(SUBJECT, TIME, ("source:raw.payroll", RATIO[1])))
    assert found.details["untraced"] == ["ratio"]
    assert found.details["ends_at"] == ["source:raw.payroll"]


def test_a_column_with_one_unowned_parent_counts_but_warns() -> None:
    graph = a_graph(SUBJECT, TIME, RATIO, ("column:vendor.scores#score", RATIO[1]))
    (found,) = measured(graph=graph)
    assert (found.outcome, found.value) == (Outcome.WARN, 1.0)
    assert found.details["partly_traced"] == ["ratio"]
    assert found.sentence.endswith("Part of what ratio is made from has no owned source.")


def test_what_lies_above_an_owned_source_does_not_matter() -> None:
    graph = a_graph(SUBJECT, TIME, RATIO, ("source:raw.payroll", "column:lending.applications#income"))
    (found,) = measured(graph=graph)
    assert found.outcome is Outcome.PASS


def test_a_prediction_traces_through_its_model() -> None:
    graph = a_graph(
        ("column:lending.applications#income", "column:lending.incomes#ratio"),
        ("column:lending.incomes#ratio", "model:mortgage_approval"),
        ("model:mortgage_approval", "column:lending.predictions#predicted"),
    )
    contract = a_contract(
        dataset="lending.predictions", kind=DatasetKind.PREDICTIONS, columns=(a_column("predicted"),)
    )
    (found,) = measured(contract=contract, graph=graph)
    assert found.outcome is Outcome.PASS


def test_a_circle_ends() -> None:
    graph = a_graph(("column:a.b#x", "column:a.c#x"), ("column:a.c#x", "column:a.b#x"))
    assert trace(graph, Entity.column("a.b", "x"), frozenset()).owned == frozenset()


@pytest.mark.parametrize("kind", [DatasetKind.SOURCE, DatasetKind.CONSENT_LEDGER])
def test_sources_are_not_measured(kind: DatasetKind) -> None:
    assert measured(contract=a_contract(kind=kind)) == []


def test_a_dataset_without_known_columns_is_insufficient() -> None:
    (found,) = measured(contract=a_contract(columns=()), profile=a_profile(schema=()))
    assert found.outcome is Outcome.INSUFFICIENT


def a_gap(kind: GapKind, column: str) -> Gap:
    return Gap(kind, Entity.column("lending.incomes", column), f"Column {column} is open.")


def asking(**policy: str) -> Any:
    playbook = a_playbook()
    changed = playbook.indicators.provenance.model_copy(update=policy)
    indicators = playbook.indicators.model_copy(update={"provenance": changed})
    return playbook.model_copy(update={"indicators": indicators})


def test_gaps_are_told_only_where_the_playbook_asks_for_them() -> None:
    gaps = (a_gap(GapKind.LOST_LABEL, "ratio"), a_gap(GapKind.LOST_LABEL, "id"), a_gap(GapKind.PURPOSE, "id"))
    assert [one.facet for one in measured(gaps=gaps)] == [""]
    _, lost, purposes = measured(gaps=gaps, playbook=asking(lost_labels="warn", purposes="fail"))
    assert (lost.facet, lost.outcome, lost.value) == ("lost_labels", Outcome.WARN, 2.0)
    assert lost.sentence == "Column ratio is open. 1 more of lending.incomes."
    assert (purposes.facet, purposes.outcome, purposes.value) == ("purposes", Outcome.FAIL, 1.0)


def test_where_nothing_is_open_the_gaps_pass() -> None:
    _, lost, purposes = measured(playbook=asking(lost_labels="fail", purposes="warn"))
    assert (lost.outcome, purposes.outcome) == (Outcome.PASS, Outcome.PASS)
    assert purposes.sentence == "lending.incomes is read only for purposes that its data is used for."
