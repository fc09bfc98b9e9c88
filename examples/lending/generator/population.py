"""Who applies, and when: real records drawn with replacement, under made-up numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from .faults import CONSENT_ENDS, ONE_WITHDRAWS
from .nights import SERVING_FIRST, Integers, Nights

# Closer to the shares of Boston's 2020 census than the study's 10 % and 6 %, and enough decisions for
# every pair of groups to be judged: times each record is as likely to be drawn as a white applicant's.
DRAWN_MORE_OFTEN = {"black": 2.5, "hispanic": 5.0}
WEEKDAY_VOLUME = {1: 225, 2: 225, 3: 225, 4: 225, 5: 225, 6: 190, 7: 170}  # ISO weekday: mean
SMALLEST_NIGHT, LARGEST_NIGHT = 150, 250
OPENS, CLOSES = 7 * 3600, 22 * 3600 + 50 * 60  # seconds after local midnight
RETURNING_SHARE = 0.005
RETURNS_AFTER_DAYS = 30
PREQUALIFIED_DAYS = (61, 120)  # before the application
TRAINING_CONSENT_SHARE = 0.8
DECISION_DAYS = 3
SERVICER_DAYS = 33  # after the application, whatever day it was: each working day has a report

SKIPPING_SHARE = 0.6  # of those who fill in the changed form
WITHDRAWN_SHARE = 0.06
EXPIRED_SHARE = 0.025
ENDING_NIGHTS = 5
ENDING_WEIGHTS = (0.35, 0.25, 0.20, 0.12, 0.08)  # most of those who leave do so at once


def draw_applications(records: pd.DataFrame, nights: Nights, rng: np.random.Generator) -> pd.DataFrame:
    """One row per application of the whole sample, in order of time.

    Every random choice of the sample is made here, so that a night lands the same whatever nights were
    landed before it in this process.

    Returns:
        The records' columns and ``day``, ``application_id``, ``subject_id``, ``seconds``,
        ``decision_day``, ``decision_seconds``, ``report_day``, ``pull_day``, ``pull_seconds``,
        ``agrees`` (to model training), ``consent_end`` (``""``, ``withdrawn``, ``expired``),
        ``end_day``, ``skips_dependents``, ``leaning`` (towards a larger loan, 0 first).
    """
    day = _days(nights, rng)
    size = len(day)
    person = _persons(day, rng)
    weight = records["race"].map(DRAWN_MORE_OFTEN).fillna(1.0).to_numpy()
    record = rng.choice(len(records), size, p=weight / weight.sum())
    record = record[person]  # a returning person brings the same record
    drawn = records.iloc[record].reset_index(drop=True)
    seconds = rng.integers(OPENS, CLOSES, size)
    order = np.lexsort((seconds, day))  # days are sorted already: this sorts the times within each
    drawn["day"], drawn["seconds"] = day, seconds[order]
    drawn["application_id"] = _numbers("A", 1_000_000, size, rng)
    drawn["subject_id"] = _numbers("S", 10_000_000, size, rng)[person]
    drawn["decision_day"] = nights.working_day_from(day + DECISION_DAYS)
    drawn["decision_seconds"] = rng.integers(9 * 3600, 18 * 3600, size)
    drawn["report_day"] = nights.working_day_from(day + SERVICER_DAYS)
    drawn["pull_day"] = day - rng.integers(PREQUALIFIED_DAYS[0], PREQUALIFIED_DAYS[1] + 1, size)
    drawn["pull_seconds"] = rng.integers(OPENS, CLOSES, size)
    drawn["agrees"] = rng.random(size) < TRAINING_CONSENT_SHARE
    drawn["consent_end"], drawn["end_day"] = _consent_ends(drawn, rng)
    drawn["skips_dependents"] = rng.random(size) < SKIPPING_SHARE
    drawn["leaning"] = rng.random(size)
    return drawn


def _days(nights: Nights, rng: np.random.Generator) -> Integers:
    days = nights.days()
    means = [WEEKDAY_VOLUME[nights.date(day).isoweekday()] for day in days]
    counts = np.clip(rng.poisson(means), SMALLEST_NIGHT, LARGEST_NIGHT)
    return np.repeat(np.array(days, dtype=np.int64), counts)


def _persons(day: Integers, rng: np.random.Generator) -> Integers:
    """Who applies: each application's own number, or that of an earlier application."""
    size = len(day)
    person = np.arange(size, dtype=np.int64)
    earlier = np.searchsorted(day, day - RETURNS_AFTER_DAYS)
    returns = (rng.random(size) < RETURNING_SHARE) & (earlier > 0)
    person[returns] = (rng.random(int(returns.sum())) * earlier[returns]).astype(np.int64)
    return person[person]  # a person who returns twice is still the same person


def _numbers(letter: str, first: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.object_]:
    """Surrogate numbers in no order: they tell nothing about who came when."""
    shuffled = first + rng.permutation(size)
    return np.array([f"{letter}{number}" for number in shuffled.tolist()], dtype=object)


def _consent_ends(drawn: pd.DataFrame, rng: np.random.Generator) -> tuple[npt.NDArray[np.object_], Integers]:
    """Whose consent ends early, how, and on which night: persons who were in the training snapshot."""
    size = len(drawn)
    chance = rng.random(size)
    end_day = CONSENT_ENDS + rng.choice(ENDING_NIGHTS, size, p=ENDING_WEIGHTS)
    trained = (drawn["decision_day"] < SERVING_FIRST) & drawn["agrees"]
    withdrawn = trained & (chance < WITHDRAWN_SHARE)
    expired = trained & (chance >= WITHDRAWN_SHARE) & (chance < WITHDRAWN_SHARE + EXPIRED_SHARE)
    how = np.select([withdrawn, expired], ["withdrawn", "expired"], "").astype(object)
    [alone, *_] = np.flatnonzero(trained & (how == ""))  # the one whose withdrawal the README follows
    how[alone], end_day[alone] = "withdrawn", ONE_WITHDRAWS
    return how, end_day.astype(np.int64)
