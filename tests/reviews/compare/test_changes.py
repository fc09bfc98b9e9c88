"""Whatever a change of the files weakens is found, by what they mean and not by how they look."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_pipeline.charter.loader import load_project
from governance_pipeline.charter.playbook import Indicators
from governance_pipeline.reports.findings.places import Places
from governance_pipeline.reviews.compare import judges
from governance_pipeline.reviews.compare.changes import RULES, Change, compare
from governance_pipeline.reviews.compare.differences import ABSENT, differences
from governance_pipeline.reviews.compare.judges import Way
from governance_pipeline.reviews.compare.rules import first
from governance_pipeline.reviews.compare.words import about, sentence
from tests.reviews.compare.files import LENDING, copied, rewrite, setting

THRESHOLDS, REVIEWS = "playbook/thresholds.yaml", "playbook/reviews.yaml"
INCOMES = "datasets/incomes.odcs.yaml"
COLUMNS = "schema/incomes/properties"
MODEL = "models/mortgage_approval.yaml"


@dataclass(frozen=True)
class Weakening:
    """A change somebody might make, the rule that finds it, and what its line says.

    Attributes:
        back: whether the change the other way needs nobody.
    """

    rule: str
    file: str
    path: str
    value: Any
    line: str
    back: bool = True


HIGH = {"high": {"warn": 0.3, "fail": 0.5}}
LEAST = f"{COLUMNS}/monthly_income/logicalTypeOptions/minimum"
WEAKENINGS = (
    Weakening("threshold_loosened", THRESHOLDS, "indicators/drift/fail", 0.4, "fail: 0.4"),
    Weakening("threshold_loosened", THRESHOLDS, "indicators/consent/fail", 0.5, "fail: 0.5"),
    Weakening("threshold_loosened", THRESHOLDS, "indicators/bias/by_tier", HIGH, "0.5"),
    Weakening("indicator_switched_off", THRESHOLDS, "indicators/bias/enabled", False, "bias:"),
    Weakening("indicator_switched_off", THRESHOLDS, "indicators/leakage", None, "indicators:"),
    Weakening("policy_weakened", THRESHOLDS, "indicators/drift/persist", 9, "persist: 9"),
    Weakening("policy_weakened", THRESHOLDS, "indicators/bias/metrics", ["selection_rate"], "metrics:"),
    Weakening("policy_changed", THRESHOLDS, "indicators/drift/window_days", 3, "window_days: 3", back=False),
    Weakening("required_function_removed", REVIEWS, "reviews/by_tier/high/legal", None, "high:"),
    Weakening("review_weakened", REVIEWS, "reviews/due_days", 300, "due_days: 300"),
    Weakening("review_weakened", REVIEWS, "reviews/valid_days", 900, "valid_days: 900"),
    Weakening("review_weakened", REVIEWS, "reviews/evidence_hours", 900.0, "evidence_hours"),
    Weakening("retention_lengthened", INCOMES, "slaProperties/retention/value", 90, "retention"),
    Weakening("retention_lengthened", INCOMES, "slaProperties/retention", None, "name: incomes"),
    Weakening("sensitivity_lowered", INCOMES, f"{COLUMNS}/subject_id/customProperties", None, "subject_id"),
    Weakening("sensitivity_lowered", INCOMES, f"{COLUMNS}/subject_id/classification", "public", "subject_id"),
    Weakening("promise_weakened", INCOMES, f"{COLUMNS}/recorded_at/required", False, "recorded_at"),
    Weakening("promise_weakened", INCOMES, LEAST, -9, "monthly_income"),
    Weakening("tier_lowered", MODEL, "tier", "low", "tier: low"),
    Weakening("bias_unseen", MODEL, "sensitive_attributes/sex", None, "sensitive_attributes:"),
    Weakening("purpose_widened", MODEL, "purpose", "model_training", "purpose: model_training", back=False),
)  # fmt: skip


def changes(base: Path, head: Path) -> list[Change]:
    return compare(load_project(base), load_project(head))


def changed(tmp_path: Path, one: Weakening, seed: int | None = None) -> Path:
    root = copied(tmp_path / "head")
    rewrite(root / one.file, setting(one.path, one.value), seed)
    return root


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_layout_of_the_files_is_a_change(tmp_path: Path, seed: int):
    root = copied(tmp_path / "head")
    for file in sorted(root.rglob("*.yaml")):
        if "registry" not in file.parts:
            rewrite(file, seed=seed)
    assert changes(LENDING, root) == []


def test_playbook_files_that_are_put_together_are_no_change(tmp_path: Path):
    root = copied(tmp_path / "head")
    text = (root / REVIEWS).read_text(encoding="utf-8")
    (root / THRESHOLDS).write_text(
        f"{(root / THRESHOLDS).read_text(encoding='utf-8')}\n{text}", encoding="utf-8"
    )
    (root / REVIEWS).unlink()
    assert changes(LENDING, root) == []


@pytest.mark.parametrize("one", WEAKENINGS, ids=lambda one: f"{one.rule}-{one.path}")
def test_a_weakening_is_found_in_any_layout(tmp_path: Path, one: Weakening):
    for seed in (None, 7):
        root = changed(tmp_path / str(seed), one, seed)
        found = [change for change in changes(LENDING, root) if change.needs_a_person]
        assert one.rule in {change.rule.id for change in found}, found
        told = next(change for change in found if change.rule.id == one.rule)
        assert told.rule.why
        assert told.rule.step
        assert sentence(told)
        assert about(told.path)


@pytest.mark.parametrize("one", WEAKENINGS, ids=lambda one: f"{one.rule}-{one.path}")
def test_a_weakening_points_to_its_line(tmp_path: Path, one: Weakening):
    root = changed(tmp_path, one)
    told = next(change for change in changes(LENDING, root) if change.rule.id == one.rule)
    place = Places(load_project(root), "").of_path(told.path)
    assert place is not None
    assert place.file == one.file
    assert one.line in (root / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]


@pytest.mark.parametrize(
    "one", [one for one in WEAKENINGS if one.back], ids=lambda one: f"{one.rule}-{one.path}"
)
def test_the_way_back_needs_nobody(tmp_path: Path, one: Weakening):
    found = changes(changed(tmp_path, one), LENDING)
    assert found
    assert [change for change in found if change.needs_a_person] == []


@pytest.mark.parametrize("gone", [INCOMES, MODEL])
def test_what_is_governed_no_more_is_found_where_it_stood(tmp_path: Path, gone: str):
    root = copied(tmp_path / "head")
    if gone == INCOMES:
        base = copied(tmp_path / "base")
        file = base / "datasets" / "extra.odcs.yaml"
        file.write_text(
            (base / INCOMES).read_text(encoding="utf-8").replace("incomes", "extra"), encoding="utf-8"
        )
        rewrite(file, lambda data: data.pop("slaProperties"))
        (found,) = changes(base, root)
        assert found.rule.id == "contract_removed"
        assert Places(load_project(root), "").of_path(found.path) is None
        place = Places(load_project(base), "").of_path(found.path)
        assert place is not None
        assert place.file == "datasets/extra.odcs.yaml"
    else:
        (root / gone).unlink()
        assert "model_removed" in {change.rule.id for change in changes(LENDING, root)}


def test_a_new_holder_of_a_function_is_for_a_person(tmp_path: Path):
    root = copied(tmp_path / "head")
    rewrite(root / "charter.yaml", lambda data: data["people"][0].update(functions=["legal", "privacy"]))
    (found,) = changes(LENDING, root)
    assert (found.rule.id, found.way) == ("rights_changed", Way.UNKNOWN)


def test_addresses_and_passwords_are_never_quoted(tmp_path: Path):
    root = copied(tmp_path / "head")

    def secret(data: Any) -> None:
        data["channels"]["owners"] = {"type": "apprise", "url": "mailto://me:s3cret@example.org"}
        data["store"] = "postgresql://me:s3cret@db/x"

    rewrite(root / "governance.yaml", secret)
    found = changes(LENDING, root)
    assert {change.rule.id for change in found} >= {"record_moved", "alerts_changed"}
    assert not any("s3cret" in sentence(change) for change in found)


PATHS = st.lists(
    st.sampled_from(["playbook", "reviews", "indicators", "drift", "contracts", "x"]), min_size=1
)


@given(PATHS)
def test_whatever_changes_has_a_rule(path: list[str]):
    assert first(RULES, tuple(path)).id


@pytest.mark.parametrize("name", Indicators.model_fields)
def test_nothing_of_a_policy_changes_unseen(name: str):
    policy = Indicators.model_fields[name].annotation
    kinds = [one for one in getattr(policy, "__args__", (policy,)) if one is not type(None)]
    for field in set(kinds[0].model_fields) - {"clause", "warn", "fail", "by_tier", "enabled"}:
        assert first(RULES, ("playbook", "indicators", name, field)).judge is not judges.told, field


VALUES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", ""])
TREES = st.recursive(
    VALUES | st.frozensets(st.sampled_from("abc"), max_size=2),
    lambda inside: st.dictionaries(st.sampled_from("xyz"), inside, max_size=3),
    max_leaves=6,
)


@given(TREES, TREES)
def test_differences_are_none_exactly_where_trees_are_the_same(before: Any, after: Any):
    found = list(differences(before, after))
    assert list(differences(before, before)) == []
    assert bool(found) == (repr(before) != repr(after) and not _alike(before, after))
    assert all(
        one.before is ABSENT or one.before != one.after or type(one.before) is not type(one.after)
        for one in found
    )


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize(
    ("judge", "before", "after"),
    [(judges.more, 1, None), (judges.more, 0.2, 0.3), (judges.less, 2, 1), (judges.less, 1, ABSENT),
     (judges.fewer, frozenset("ab"), frozenset("b")), (judges.larger, frozenset("a"), frozenset("ab")),
     (judges.narrowing, frozenset("a"), frozenset()), (judges.narrowing, frozenset("a"), frozenset("ab")),
     (judges.off, True, False), (judges.on, False, True), (judges.lost, "x", None), (judges.came, ABSENT, 1)],
)  # fmt: skip
def test_a_judge_calls_one_way_weaker_and_the_other_stricter(judge: judges.Judge, before: Any, after: Any):
    assert judge(before, after) is Way.WEAKER
    assert judge(after, before) is Way.STRICTER


def test_a_word_that_no_order_knows_is_for_a_person():
    assert judges.falling(("public", "internal"))("internal", "secret") is Way.UNKNOWN
