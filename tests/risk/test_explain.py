from dataclasses import replace

from governance_pipeline.risk.explain import explain
from governance_pipeline.testing import DATASET, NIGHT
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.risk import Contribution, RiskScore

RISK = RiskScore(
    night=NIGHT,
    entity=Entity.dataset(DATASET),
    score=47.5,
    tier="high",
    contributions=(
        Contribution("consent", 20.0, "60 people withdrew."),
        Contribution("schema_watch", 15.0, "A column is gone."),
        Contribution("column:lending.applications#income", 10.0, "It inherits part of its risk."),
        Contribution("dataset:lending.bureau_scores", 2.5, "It inherits part of its risk."),
    ),
    previous=20.0,
)


def test_the_largest_parts_are_told_and_the_rest_is_summed() -> None:
    assert explain(RISK) == (
        "lending.incomes has a high risk of 47.5 of 100, up 27.5 since the last night measured. "
        "Consent adds 20: 60 people withdrew. Schema watch adds 15: A column is gone. "
        "lending.applications, column income adds 10: It inherits part of its risk. "
        "1 smaller cause adds 2.5."
    )
    assert explain(RISK, most=2).endswith("2 smaller causes add 12.5.")


def test_a_first_night_has_no_change_and_a_quiet_one_says_so() -> None:
    assert "47.5 of 100. Consent" in explain(replace(RISK, previous=None))
    assert ", as on the last night measured." in explain(replace(RISK, previous=47.5))
    assert ", down 2.5 since the last night measured." in explain(replace(RISK, previous=50.0))


def test_no_risk_is_said_in_words() -> None:
    calm = RiskScore(NIGHT, Entity.model("mortgage_approval"), 0.0, "low")
    assert explain(calm) == (
        "The model mortgage_approval has a low risk of 0 of 100. "
        "Nothing that was measured tonight adds to it."
    )


def test_a_feature_is_named_with_its_table() -> None:
    feature = RiskScore(NIGHT, Entity.column(DATASET, "ratio"), 0.0, "low")
    assert explain(feature).startswith("The feature ratio of lending.incomes has a low risk")
