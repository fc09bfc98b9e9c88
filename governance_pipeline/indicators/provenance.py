"""Provenance: does every column trace back to a source that somebody owns? Where the playbook asks for it:
are columns that are made from personal data labelled so, and is data used for the purposes it is for?

Asked of what is derived: feature views, training snapshots and predictions. A source is where tracing
ends; whether it is owned is the ownership indicator's question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from governance_pipeline.charter.contract import DatasetKind
from governance_pipeline.indicators.base import DatasetInputs, Indicator
from governance_pipeline.indicators.wording import counted, listed, percent
from governance_pipeline.lineage.gaps import GapKind
from governance_pipeline.lineage.graph import LineageGraph
from governance_pipeline.vocabulary.entity import Entity, EntityKind
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome, worst

NAME = "provenance"
LOST_LABELS, PURPOSES = "lost_labels", "purposes"
DERIVED = frozenset({DatasetKind.FEATURE_VIEW, DatasetKind.TRAINING_SNAPSHOT, DatasetKind.PREDICTIONS})


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the ways upstream from one column end.

    Attributes:
        owned: the owned sources they reach.
        dead_ends: columns or tables where a way ends before it reaches one.
    """

    owned: frozenset[str]
    dead_ends: tuple[Entity, ...]


def trace(graph: LineageGraph, column: Entity, owned_sources: frozenset[str]) -> Trace:
    """Walk upstream from ``column``, each way until it reaches an owned source or cannot go on.

    The column itself is a dead end when nothing is known to feed it.
    """
    owned: set[str] = set()
    dead_ends: set[Entity] = set()
    seen, waiting = {column}, [column]
    while waiting:
        here = waiting.pop()
        is_table = here.kind in (EntityKind.COLUMN, EntityKind.DATASET)
        if is_table and here.dataset_name in owned_sources:
            owned.add(here.dataset_name)
            continue
        above = [edge.source for edge in graph.incoming(here)]
        if not above:
            dead_ends.add(here)
        waiting.extend(node for node in above if node not in seen)
        seen.update(above)
    return Trace(frozenset(owned), tuple(sorted(dead_ends)))


def measure(inputs: DatasetInputs) -> Iterator[Measurement]:
    """The share of the dataset's columns of which at least one way upstream ends in an owned source.

    A column of which another way ends elsewhere counts as traced but warns: half its origin is unknown.
    """
    contract = inputs.contract
    if contract.kind not in DERIVED:
        return
    policy = inputs.playbook.indicators.provenance
    threshold = policy.threshold(inputs.tier, "below")
    record = partial(
        Measurement,
        night=inputs.night,
        entity=Entity.dataset(contract.dataset),
        indicator=NAME,
        clause=policy.clause,
        unit="share",
        threshold=threshold,
    )
    columns = [column.name for column in contract.columns] or [name for name, _ in inputs.profile.schema]
    if not columns:
        sentence = f"No column of {contract.dataset} is known, so none can be traced to its source."
        yield record(outcome=Outcome.INSUFFICIENT, sentence=sentence)
        return
    traces = {
        name: trace(inputs.graph, Entity.column(contract.dataset, name), inputs.owned_sources)
        for name in columns
    }
    untraced = [name for name, found in traces.items() if not found.owned]
    partly = [name for name, found in traces.items() if found.owned and found.dead_ends]
    share = (len(columns) - len(untraced)) / len(columns)
    judged = threshold.judge(share)
    yield record(
        outcome=worst([judged, Outcome.WARN]) if partly else judged,
        sentence=_sentence(contract.dataset, len(columns), share, untraced, partly),
        value=share,
        n=len(columns),
        details={
            "untraced": untraced,
            "partly_traced": partly,
            "ends_at": sorted({str(end) for found in traces.values() for end in found.dead_ends}),
            "sources": sorted(set().union(*(found.owned for found in traces.values()))),
        },
    )
    yield from _open_ends(inputs, record)


def _open_ends(inputs: DatasetInputs, record: partial[Measurement]) -> Iterator[Measurement]:
    """One measurement for lost labels and one for purposes, each where the playbook asks for it."""
    policy, dataset = inputs.playbook.indicators.provenance, inputs.contract.dataset
    for facet, kind, asked, none in (
        (
            LOST_LABELS,
            GapKind.LOST_LABEL,
            policy.lost_labels,
            "Every column of {} that should be is labelled.",
        ),
        (
            PURPOSES,
            GapKind.PURPOSE,
            policy.purposes,
            "{} is read only for purposes that its data is used for.",
        ),
    ):
        if asked == "off":
            continue
        found = [gap for gap in inputs.gaps if gap.kind is kind]
        first = found[0].sentence if found else none.format(dataset)
        more = f" {counted(len(found) - 1, 'more', 'more')} of {dataset}." if len(found) > 1 else ""
        yield record(
            facet=facet,
            outcome=Outcome(asked) if found else Outcome.PASS,
            sentence=first + more,
            value=float(len(found)),
            unit="",
            n=len(inputs.contract.columns),
            threshold=None,
            details={
                "about": [str(gap.about) for gap in found],
                "sentences": [gap.sentence for gap in found],
            },
        )


def _sentence(dataset: str, total: int, share: float, untraced: list[str], partly: list[str]) -> str:
    if untraced:
        text = (
            f"{counted(len(untraced), 'column')} of {dataset} ({listed(untraced)}) cannot be traced to "
            f"a source that somebody owns; {percent(share)} of its {counted(total, 'column')} can."
        )
    else:
        text = (
            f"Every one of the {counted(total, 'column')} of {dataset} traces to a source that somebody owns."
        )
    if partly:
        text += f" Part of what {listed(partly)} is made from has no owned source."
    return text


PROVENANCE = Indicator(
    name=NAME,
    title="Provenance",
    subject="dataset",
    measure_dataset=measure,
    expects_dataset=lambda contract, _: contract.kind in DERIVED,
    tags=frozenset({"declared"}),
)
