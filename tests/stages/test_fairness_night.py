"""A real project's night over real admissions: a gap that turns round within departments, and whom the
training data stand for, from nothing but contracts, the model's file and the playbook.
"""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from governance_pipeline.nightly import run_night
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.night import IndicatorMeasured
from governance_pipeline.vocabulary.outcome import Outcome
from tests.tiny import MODEL, change, contract, morning, night, opened, tiny_project, write

# Admitted and rejected at Berkeley in 1973 (Bickel, Hammel and O'Connell 1975), by department.
ADMISSIONS = {
    "male": {
        "A": (512, 313),
        "B": (353, 207),
        "C": (120, 205),
        "D": (138, 279),
        "E": (53, 138),
        "F": (22, 351),
    },
    "female": {"A": (89, 19), "B": (17, 8), "C": (202, 391), "D": (131, 244), "E": (94, 299), "F": (24, 317)},
}
SEX = """\
      - name: sex
        logicalType: string
        required: true
        transformSourceObjects: [shop.people.race]
        customProperties:
          - {property: sensitiveAttribute, value: true}
"""
POPULATION = (
    SEX
    + """\
          - property: population
            value:
              shares: {male: 0.5, female: 0.5}
              favourable: {male: 0.45, female: 0.45}
              source: everybody who could have applied
"""
)
DEPARTMENT = """\
      - {name: department, logicalType: string, required: true, transformSourceObjects: [shop.people.income]}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Measurement]:
    root = tiny_project(tmp_path_factory.mktemp("night") / "shop", model=True)
    people = [
        (sex, department, outcome)
        for sex, departments in ADMISSIONS.items()
        for department, counts in departments.items()
        for outcome, count in zip((1, 0), counts, strict=True)
        for _ in range(count)
    ]
    sex, department, admitted = ([one[place] for one in people] for place in range(3))
    rng, rows = random.Random(5), len(people)
    times = [morning(0) + timedelta(seconds=10 * n) for n in range(rows)]
    write(root, "predictions", str(night(1)), recorded_at=times, predicted=[float(a) for a in admitted],
          approved=admitted, sex=sex, department=department)  # fmt: skip
    ids = [f"P{n // 400:02}{n % 400:04}" for n in range(rows)]
    write(
        root,
        "snapshot",
        "taken",
        subject_id=ids,
        ratio=[rng.random() for _ in ids],
        approved=admitted,
        sex=sex,
    )
    race = "      - name: race\n        logicalType: string\n        required: true\n"
    race += "        transformSourceObjects: [shop.people.race]\n        customProperties:\n"
    race += "          - {property: sensitiveAttribute, value: true}\n"
    contract(root, "predictions", race, SEX + DEPARTMENT)
    contract(root, "snapshot", "      - {name: approved,", POPULATION + "      - {name: approved,")
    change(root, f"models/{MODEL}.yaml", "column: race, reference: white", "column: sex, reference: male")
    change(root, f"models/{MODEL}.yaml", "label: approved}\nsensitive", """\
label: approved, strata: [department]}
sensitive""")  # fmt: skip
    change(root, "playbook/playbook.yaml", "  # proxy: #", "  representation: {clause: P-8}\n  # proxy: #")
    with opened(root) as services:
        events = list(run_night(services, night(1)))
    return {
        (m.indicator, m.facet): m for m in (e.measurement for e in events if isinstance(e, IndicatorMeasured))
    }


def test_a_gap_that_turns_round_within_departments_is_told_so(found) -> None:
    bias = found["bias", "sex=female:selection_rate"]
    assert bias.outcome is Outcome.WARN  # 14.2 points, 12 at least: the outcome stays
    assert bias.value == pytest.approx(0.4452 - 0.3035, abs=1e-4)
    assert "department" in bias.sentence
    assert "1.8 percentage points" in bias.sentence
    assert bias.details["within"]["department"]["reverses"] is True


def test_a_group_that_the_training_data_see_too_seldom_is_told_so(found) -> None:
    share = found["representation", "sex=female:share"]
    assert share.outcome is Outcome.WARN  # 40.5 % against 50 %
    assert share.details["share"] == pytest.approx(1835 / 4526)
    assert share.details["source"] == "everybody who could have applied"


def test_labels_unlike_those_of_the_population_are_told(found) -> None:
    label = found["representation", f"sex=female:label@{MODEL}"]
    assert label.outcome is Outcome.FAIL
    assert label.value == pytest.approx(0.45 - 557 / 1835, abs=1e-4)
    assert found["representation", f"sex=male:label@{MODEL}"].outcome is Outcome.PASS
