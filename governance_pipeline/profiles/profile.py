"""The profile: everything one scan learns about a dataset, as a small value.

Only aggregates: counts, bounds, moments, histograms, categories, groups. No row, no subject id.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from governance_pipeline.profiles.reader import Access

PROFILE_VERSION = 2

ColumnType = Literal["number", "category", "boolean", "time", "other"]


def edge(position: int, exponent: int) -> float:
    """``position * 2**exponent``; infinite where no double is as large."""
    try:
        return math.ldexp(position, exponent)
    except OverflowError:
        return math.copysign(math.inf, position)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts on a dyadic grid, see :mod:`governance_pipeline.profiles.grid`.

    Attributes:
        exponent, first: bin i holds the values from (first + i) * 2**exponent up to, but without,
            (first + i + 1) * 2**exponent.
        counts: a count for each bin.
        underflow: values below the first bin (-inf included); ``overflow``: above the last (+inf
            included). NaN is in neither: it is counted by ``ColumnProfile.nans``.
    """

    exponent: int
    first: int
    counts: tuple[int, ...]
    underflow: int = 0
    overflow: int = 0

    @property
    def edges(self) -> tuple[float, ...]:
        """The bins' edges, one more than there are bins."""
        return tuple(edge(self.first + step, self.exponent) for step in range(len(self.counts) + 1))

    @property
    def total(self) -> int:
        return sum(self.counts) + self.underflow + self.overflow


@dataclass(frozen=True, slots=True)
class Sketch:
    """How many different values were seen, mergeable: see :mod:`governance_pipeline.profiles.sketch`.

    Attributes:
        hashed_by: the hash function; sketches of different functions cannot be merged.
        registers: HyperLogLog's registers, one character each.
    """

    hashed_by: str
    registers: str


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column over the window of the night.

    Attributes:
        kind: how it was summarised: numbers have moments and a histogram, categories and booleans
            have ``categories``, times have bounds only, other types have counts only.
        engine_type: the type as the engine names it, e.g. ``float64``, ``string``.
        rows: rows seen; ``nulls`` of them null, ``nans`` NaN (numbers only).
        minimum, maximum: of numbers; ISO text of times; None where nothing finite was seen.
        mean, variance: over finite non-null values; variance with n-1.
        distinct: distinct values, without null and NaN: exact where ``categories`` are complete, else
            estimated from ``sketch``; None where not counted.
        categories: value (as text) to count, the most frequent first, at most ``MAX_CATEGORIES`` in the
            profile of a slice; ``other`` counts the rest. Numbers have them only where they are complete.
        sketch: of the values of text and whole numbers.
        infinities: values that are plus or minus infinity.
        clusters: where the contract names a cluster column, the column's counts in each of its hashed
            buckets: row i is bucket i in every scan (an empty one is zeros), so that two scans can be
            laid side by side. Numbers: underflow, bins, overflow, missing; categories: in the order of
            ``categories``, then other, then missing. Empty where nothing was counted by cluster.
    """

    name: str
    kind: ColumnType
    engine_type: str
    rows: int
    nulls: int
    nans: int = 0
    minimum: float | str | None = None
    maximum: float | str | None = None
    mean: float | None = None
    variance: float | None = None
    distinct: int | None = None
    histogram: Histogram | None = None
    categories: Mapping[str, int] = field(default_factory=dict)
    other: int = 0
    infinities: int = 0
    clusters: tuple[tuple[int, ...], ...] = ()
    sketch: Sketch | None = None

    @property
    def complete(self) -> bool:
        """Whether ``categories`` hold every value, so that ``distinct`` is exact."""
        return sum(self.categories.values()) == self.present

    @property
    def present(self) -> int:
        """Rows that hold a value."""
        return self.rows - self.nulls - self.nans


Days = Mapping[date, Mapping[str, ColumnProfile]]
"""The rows of single days: by local day, some columns' profiles."""

MAX_CATEGORIES = 256
MAX_CLUSTERS = 64
CLUSTERS = "clusters:"
"""With a column's name, a key of ``unmeasured``: why it was not counted by cluster."""


@dataclass(frozen=True, slots=True)
class ConsentTally:
    """Subjects of the dataset by the state of their lawful basis for one purpose, as of the night.

    The states exclude each other. Where the declared basis is not consent, every subject counts as
    ``other_basis`` unless the ledger holds an objection (status withdrawn) for the purpose.

    Attributes:
        wrong_purpose: known to the ledger for other purposes only; ``wrong_basis`` for this one on another
            lawful basis only.
        void: gave a consent that does not count: on a notice that did not tell of the purpose, under
            another law, or as a minor without a guardian.
    """

    purpose: str
    basis: str
    subjects: int
    valid: int = 0
    withdrawn: int = 0
    expired: int = 0
    absent: int = 0
    wrong_purpose: int = 0
    wrong_basis: int = 0
    void: int = 0
    other_basis: int = 0
    rows: int = 0
    rows_valid: int = 0
    rows_absent: int = 0

    @property
    def covered(self) -> int:
        """Subjects with a valid basis: consent, or another declared basis."""
        return self.valid + self.other_basis


@dataclass(frozen=True, slots=True)
class Outlived:
    """What is left of people who were erased: how many of them, and their records from before."""

    subjects: int
    rows: int


class Moment(StrEnum):
    """When else than tonight consent is looked at."""

    EVENT = "event"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class ConsentThen:
    """How many subjects had a valid basis for one purpose at another moment than tonight.

    Attributes:
        moment: each row's own event time, or when the model that serves was trained on the snapshot.
        covered: of the ``subjects``: at event time those all of whose rows were covered.
        at: the instant of the training.
    """

    purpose: str
    moment: Moment
    subjects: int
    covered: int
    rows: int
    rows_covered: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GroupCell:
    """One cell of a model's contingency: a value of each attribute, label and prediction, a count.

    Attributes:
        groups: one value per attribute and stratum of the table, as text; None where null.
        label: 1 favourable, 0 not, None unknown (labels arrive late).
        prediction: 1 favourable, 0 not, None where null or NaN.
    """

    groups: tuple[str | None, ...]
    label: int | None
    prediction: int | None
    count: int


SCORE_BINS = 32
"""Bins of a score over [0, 1] where groups are compared; dyadic, so that every engine agrees on them."""
FINE_SCORE_BINS = 256
"""Bins of a score where all predictions are counted together."""


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """Scores of one group with one label, in one bin.

    Attributes:
        groups: one value per attribute of the table (not of its strata).
        label: 1 favourable, 0 not, None unknown.
        bin: floor(score * SCORE_BINS), the last one closed; -1 below 0, SCORE_BINS above 1, None where
            the score is null or NaN.
        total, squares: sum of the scores and of their squares; 0 outside [0, 1].
    """

    groups: tuple[str | None, ...]
    label: int | None
    bin: int | None
    count: int
    total: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class OutcomeCell:
    """Predictions of one version whose outcome became known on one day.

    Attributes:
        arrived: local day on which the label was recorded; the prediction's own day where the model's
            file names no such column; None where rows carry no date.
        bin: as of :class:`ScoreCell`, with FINE_SCORE_BINS bins; None also where no score is kept.
        loss: sum of -ln(probability that the score gave to what happened), clipped at 2**-52.
    """

    version: str | None
    arrived: date | None
    label: int
    prediction: int | None
    bin: int | None
    count: int
    total: float = 0.0
    squares: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class PredictionCell:
    """Predictions of one version on one local day (None where rows carry no date).

    Attributes:
        prediction: 1 favourable, 0 not, None where there is none; of a predicted number always None.
        bin: as of :class:`ScoreCell`.
        open: whether the outcome is still unknown.
    """

    version: str | None
    day: date | None
    prediction: int | None
    bin: int | None
    open: bool
    count: int


@dataclass(frozen=True, slots=True)
class ErrorCell:
    """Errors (prediction less outcome) of predicted numbers whose outcome became known on one day.

    Attributes:
        count: pairs of usable numbers; ``unusable`` pairs in which one is NaN, infinite or beyond 1e70.
        total, absolute, squares, fourths: sums of the error, its size, its square and fourth power.
    """

    version: str | None
    arrived: date | None
    count: int
    unusable: int = 0
    total: float = 0.0
    absolute: float = 0.0
    squares: float = 0.0
    fourths: float = 0.0


@dataclass(frozen=True, slots=True)
class GroupTable:
    """What a model predicted, for whom, and how it came out: counts and sums, which add up.

    Attributes:
        cells: sensitive attributes, then strata, x label x prediction over the bias window.
        strata: columns within which gaps are looked at again.
        scores: sensitive attributes x label x score bin over the bias window.
        outcomes: known outcomes by the day they arrived; ``errors`` the same of predicted numbers.
        predictions: by day; at least the days of the drift window and the version's first days.
    """

    model: str
    attributes: tuple[str, ...]
    cells: tuple[GroupCell, ...]
    strata: tuple[str, ...] = ()
    scores: tuple[ScoreCell, ...] = ()
    outcomes: tuple[OutcomeCell, ...] = ()
    predictions: tuple[PredictionCell, ...] = ()
    errors: tuple[ErrorCell, ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the cells are split by, apart from label and prediction."""
        return (*self.attributes, *self.strata)


@dataclass(frozen=True, slots=True)
class RuleTally:
    """How one contract rule came out, counted in the engine.

    Attributes:
        checked: rows (or values) the rule looked at.
        failing: how many broke it; None where the rule could not be run.
        value: the number the rule's operator compares (e.g. a row count or a query's result).
        error: why it could not be run, else "".
    """

    rule: str
    checked: int
    failing: int | None
    value: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One dataset as one scan saw it on one night.

    Attributes:
        rows: rows in the whole table; ``window_rows`` in the window the columns describe.
        window_start: first instant of the window (UTC), None where the whole table is the window.
        watermark, oldest: newest and oldest event time (UTC) not later than ``as_of``.
        future_rows: rows dated after ``as_of``; ``furthest`` the latest of them.
        tonight_rows: rows dated on the night itself.
        undated_rows: rows without an event time.
        duplicate_keys: rows beyond the first of their primary key (see :mod:`keys`).
        subjects: distinct subjects of the window, within the standard error of a sketch (3 %);
            ``rows_without_subject`` rows of the window whose subject is null.
        schema: (column, engine type) of every column the table has, in its order.
        unmeasured: what could not be measured, to the reason: the name of a column, or ``recency``,
            ``retention``, ``erasures``, ``access``, ``consent``, ``consent_then``, ``duplicate_keys``,
            ``subjects``,
            ``groups:<model>``, and ``strata:``, ``scores:``, ``outcomes:``, ``predictions:`` or
            ``errors:<model>``, or ``clusters:<column>``.
        outlived: None where the project keeps no register of erasures.
        access: who could read it when it was scanned; None where that was not asked.
        source_state: opaque token of the source's files or snapshot, to see whether it changed.
        windows: the columns that a baseline is compared with over other windows that end with the night, by
            their length in days.
    """

    dataset: str
    night: date
    as_of: datetime
    rows: int
    window_rows: int
    schema: tuple[tuple[str, str], ...]
    columns: Mapping[str, ColumnProfile]
    version: int = PROFILE_VERSION
    window_start: datetime | None = None
    windows: Mapping[int, Mapping[str, ColumnProfile]] = field(default_factory=dict)
    watermark: datetime | None = None
    oldest: datetime | None = None
    future_rows: int = 0
    furthest: datetime | None = None
    tonight_rows: int = 0
    undated_rows: int = 0
    duplicate_keys: int = 0
    subjects: int | None = None
    rows_without_subject: int = 0
    consent: tuple[ConsentTally, ...] = ()
    consent_then: tuple[ConsentThen, ...] = ()
    outlived: Outlived | None = None
    access: Access | None = None
    groups: tuple[GroupTable, ...] = ()
    rules: tuple[RuleTally, ...] = ()
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    source_state: str = ""
