"""What a decision rests on: which things count, and when a newer night is still covered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.reviews.evidence import Evidence, concerned_entities, gather
from governance_pipeline.testing import DATASET, NIGHT, SOURCE, a_graph, a_model, a_version
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome


def found(entity: Entity, outcome: Outcome, indicator: str = "recency") -> Measurement:
    return Measurement(NIGHT, entity, indicator, outcome, "A sentence.", "P-1")


def test_everything_that_feeds_the_model_counts_and_what_only_reads_from_it_does_not():
    graph = a_graph(
        ("dataset:raw.calls", f"dataset:{SOURCE}"),
        (f"dataset:{SOURCE}", f"dataset:{DATASET}"),
        (f"dataset:{DATASET}", "dataset:lending.dashboard"),
        nodes=("dataset:hr.salaries",),
    )
    names = {entity.name for entity in concerned_entities(a_model(), graph)}
    assert names == {
        "mortgage_approval", DATASET, SOURCE, "raw.calls", "lending.training_set", "lending.predictions",
    }  # fmt: skip


def test_a_source_that_feeds_a_column_counts_as_a_dataset():
    graph = a_graph(
        ("column:raw.calls#when", f"column:{DATASET}#ratio"), ("dataset:raw.calls", f"dataset:{DATASET}")
    )
    assert Entity.dataset("raw.calls") in concerned_entities(a_model(), graph)


def test_findings_are_what_does_not_pass_on_what_concerns_the_model():
    mine, other = Entity.dataset(DATASET), Entity.dataset("hr.salaries")
    measurements = [
        found(mine, Outcome.PASS, "a"),
        found(mine, Outcome.WARN, "b"),
        found(mine, Outcome.FAIL, "c"),
        found(mine, Outcome.INSUFFICIENT, "d"),
        found(mine, Outcome.NOT_RUN, "e"),
        found(other, Outcome.FAIL, "f"),
    ]

    def indicators(*, allow_warn: bool) -> list[str]:
        evidence = gather(a_version(), "sha256:p", measurements, frozenset({mine}), allow_warn=allow_warn)
        return [indicator for _, indicator, _ in evidence.findings]

    assert indicators(allow_warn=True) == ["c", "d", "e"]
    assert indicators(allow_warn=False) == ["b", "c", "d", "e"]


keys = st.tuples(*[st.sampled_from(["a", "b", "é"])] * 3)
evidences = st.builds(
    lambda model, snapshot, playbook, findings: Evidence(model, snapshot, playbook, tuple(sorted(findings))),
    st.sampled_from("mn"), st.sampled_from("st"), st.sampled_from("pq"), st.sets(keys, max_size=4),
)  # fmt: skip


@given(evidences, evidences)
def test_evidence_covers_exactly_the_same_digests_with_no_finding_more(old: Evidence, new: Evidence):
    same = (old.model_digest, old.snapshot_digest, old.playbook_digest) == (
        new.model_digest, new.snapshot_digest, new.playbook_digest,
    )  # fmt: skip
    assert old.covers(new) == (same and not set(new.findings) - set(old.findings))
    assert (old.digest == new.digest) == (old == new)
    assert Evidence.from_json(old.to_json()) == old
