from __future__ import annotations

import numpy as np
import pytest

from governance_pipeline.indicators.statistics.intervals import newcombe
from governance_pipeline.indicators.statistics.strata import within_strata
from tests.indicators.statistics.published import published, table


def admissions():
    """Berkeley 1973 by department: women's and men's (admitted, of how many)."""
    frame = table("fairness/datasets_UCBAdmissions.csv.gz")
    counts = frame.pivot_table(index=["Dept", "Gender"], columns="Admit", values="Freq", aggfunc="sum")
    shares = {key: (int(row["Admitted"]), int(row.sum())) for key, row in counts.iterrows()}
    departments = sorted(frame["Dept"].unique())
    return {one: (shares[one, "Female"], shares[one, "Male"]) for one in departments}


def test_admissions_to_berkeley_turn_round_in_the_departments_that_were_published():
    by_department = published("UCBAdmissions", "admission rates")["by_dept"]
    shares = admissions()
    for department, ((women, all_women), (men, all_men)) in shares.items():
        assert round(men / all_men, 4) == by_department[department][0]
        assert round(women / all_women, 4) == by_department[department][1]
    found = within_strata(shares)
    assert found.reverses
    assert found.against == tuple(name for name, (men, women) in by_department.items() if women > men)
    assert found.crude == pytest.approx(0.3035 - 0.4452, abs=1e-4)
    low, high = found.interval
    assert low < 0 < found.difference < high


def test_the_common_difference_agrees_with_statsmodels_test_of_a_common_odds_ratio():
    """The two ask almost the same: the interval of one holds 0 where the other does not reject."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    shares = admissions()
    for chosen in (list("ABCDEF"), list("A"), list("BCDEF"), list("AB")):
        tables = [np.array([[a, n - a], [b, m - b]]) for (a, n), (b, m) in (shares[name] for name in chosen)]
        rejected = StratifiedTable(tables).test_null_odds(correction=False).pvalue < 0.05
        low, high = within_strata({name: shares[name] for name in chosen}).interval
        assert rejected is not (low <= 0 <= high)


def test_one_stratum_is_the_plain_difference():
    found = within_strata({"all": ((40, 100), (60, 120))})
    assert found.difference == found.crude == pytest.approx(-0.1)
    assert found.interval == pytest.approx(newcombe(40, 100, 60, 120), abs=0.01)
    assert not found.reverses


def test_strata_with_one_group_only_do_not_count():
    shares = {"a": ((0, 0), (5, 10)), "b": ((3, 10), (5, 10))}
    assert within_strata(shares).compared == 1
    assert within_strata({"a": ((0, 0), (5, 10))}) is None


def test_its_interval_covers_94_to_96_percent_over_strata_of_unlike_sizes():
    rng = np.random.default_rng(11)
    sizes = [(20, 60), (100, 30), (45, 45), (200, 150)]
    bases, gap, held, runs = (0.2, 0.4, 0.6, 0.75), 0.08, 0, 4000
    for _ in range(runs):
        shares = {
            str(place): (
                (int(rng.binomial(n, base + gap)), n),
                (int(rng.binomial(m, base)), m),
            )
            for place, ((n, m), base) in enumerate(zip(sizes, bases, strict=True))
        }
        low, high = within_strata(shares).interval
        held += low <= gap <= high
    assert 0.94 <= held / runs <= 0.96
