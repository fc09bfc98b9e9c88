# The definitions of a feature store, run by Feast in its own environment.
from datetime import timedelta

import pandas as pd
from feast import Entity, FeatureService, FeatureView, Field, FileSource, RequestSource, ValueType
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Float64, Int64

source = FileSource(name="incomes_source", path="data/incomes.parquet", timestamp_field="at")
applicant = Entity(
    name="applicant",
    join_keys=["applicant_id"],
    value_type=ValueType.INT64,
    tags={"personal": ""},
    owner="ben@example.org",
)
incomes = FeatureView(
    name="incomes",
    entities=[applicant],
    ttl=timedelta(days=2),
    schema=[
        Field(name="applicant_id", dtype=Int64),
        Field(name="ratio", dtype=Float64),
        Field(name="debt", dtype=Float64),
    ],
    source=source,
    tags={"team": "credit"},
    owner="ada@example.org",
)
asked = RequestSource(name="asked", schema=[Field(name="amount", dtype=Float64)])


@on_demand_feature_view(sources=[incomes, asked], schema=[Field(name="load", dtype=Float64)])
def burden(inputs: pd.DataFrame) -> pd.DataFrame:
    found = pd.DataFrame()
    found["load"] = inputs["debt"] + inputs["amount"]
    return found


approval = FeatureService(
    name="approval", features=[incomes[["ratio"]], burden], tags={"model": "mortgage_approval"}
)
