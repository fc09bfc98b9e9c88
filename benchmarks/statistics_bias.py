"""Can the figures on groups, performance and calibration be trusted? Seeded simulations, no clock.

Coverage is the share of samples whose 95 % interval holds the truth. It is averaged over truths, as at a
single truth a count of eleven people can only take twelve values. What a night would do without a safeguard
stands beside it, without a bar.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.figure import Figure
from governance_pipeline.indicators.statistics.auc import auc
from governance_pipeline.indicators.statistics.calibration import CalibrationGap, Scored
from governance_pipeline.indicators.statistics.intervals import newcombe, two_proportion_p_value
from governance_pipeline.indicators.statistics.multiplicity import holm
from governance_pipeline.indicators.statistics.ratios import koopman
from governance_pipeline.indicators.statistics.reliability import reliability
from governance_pipeline.indicators.statistics.strata import within_strata
from governance_pipeline.profiles.profile import FINE_SCORE_BINS, OutcomeCell

SEED = 20260301
SAMPLES, QUICK_SAMPLES = 20_000, 2_000
NOMINAL = 0.95
TOLERANCE = 1.0
"""Points that coverage may be off: 94 to 96 %."""
FAMILY_ERROR = 5.0
SIZES = (11, 30, 100, 1_000, 10_000)
FAMILIES = (2, 5, 10, 25, 50)

Counts = tuple[int, int, int, int]
Interval = Callable[[int, int, int, int], tuple[float, float]]
Random = np.random.Generator


def run(quick: bool) -> Iterator[Figure]:
    """Coverage of intervals and family-wise error; a tenth of the samples where ``quick``."""
    samples = QUICK_SAMPLES if quick else SAMPLES
    for n in SIZES:
        yield _coverage_figure(f"gap of two rates, Newcombe, n = {n:,}", newcombe, n, samples, ratio=False)
    yield _contrast(samples)
    for n in SIZES:
        yield _coverage_figure(f"ratio of two rates, Koopman, n = {n:,}", koopman, n, samples, ratio=True)
    for n in SIZES:
        yield _calibration_gaps(n, samples // 4)
    yield _strata(2 * samples)
    yield from _families(samples // 4)
    yield _area(2 * samples)
    yield _calibrated(samples // 10)


def wald(successes: int, n: int, reference_successes: int, reference_n: int) -> tuple[float, float]:
    """The interval of textbooks, for contrast."""
    p, q = successes / n, reference_successes / reference_n
    reach = 1.959964 * math.sqrt(p * (1 - p) / n + q * (1 - q) / reference_n)
    return p - q - reach, p - q + reach


def coverage(interval: Interval, n: int, samples: int, *, ratio: bool) -> float:
    """The share of intervals that hold the truth; both rates uniform, the reference up to four times n."""
    rng = np.random.default_rng([SEED, n, int(ratio)])
    held = 0
    for _ in range(samples):
        p, q = rng.uniform(0.02, 0.98, 2)
        m = int(rng.integers(n, 4 * n + 1))
        low, high = interval(int(rng.binomial(n, p)), n, int(rng.binomial(m, q)), m)
        held += low <= (p / q if ratio else p - q) <= high
    return float(held / samples)


def _off(name: str, covered: float) -> Figure:
    """How far a coverage is from the nominal one, in points."""
    off = 100 * abs(covered - NOMINAL)
    return Figure(
        f"coverage: {name}", off, "points off 95 %", TOLERANCE, note=f"covers {100 * covered:.2f} %"
    )


def _coverage_figure(name: str, interval: Interval, n: int, samples: int, *, ratio: bool) -> Figure:
    return _off(name, coverage(interval, n, samples, ratio=ratio))


def _contrast(samples: int) -> Figure:
    covered = coverage(wald, SIZES[0], samples, ratio=False)
    note = "why it is not used"
    return Figure(f"coverage: gap of two rates, Wald, n = {SIZES[0]}", 100 * covered, "%", note=note)


def scored(rng: Random, n: int, shape: tuple[float, float], shift: float) -> tuple[Scored, float]:
    """Outcomes of ``n`` people whose chances are their scores and ``shift``, and the true error."""
    scores = rng.beta(*shape, n)
    chances = np.clip(scores + shift, 0, 1)
    met = rng.random(n) < chances
    sums = Scored(n, int(met.sum()), float(scores.sum()), float((scores**2).sum()), float(scores[met].sum()))
    return sums, float(chances.mean() - scores.mean())


def _calibration_gaps(n: int, samples: int) -> Figure:
    """Never less than 94 %; a little more is the price of scores that are surer than any group's rate."""
    rng = np.random.default_rng([SEED, n, 3])
    shapes, held = ((2.0, 2.0), (0.5, 0.5), (1.0, 6.0), (8.0, 1.0)), 0
    for sample in range(samples):
        group, error = scored(rng, n, shapes[sample % 4], 0.08 * (sample // 4 % 2))
        reference, other = scored(rng, 2 * n, shapes[sample % 4], 0.0)
        low, high = CalibrationGap(group, reference).difference_interval
        held += low <= error - other <= high
    share = 100 * held / samples
    return Figure(f"coverage: gap in calibration, n = {n:,}", share, "%", 94.0, ">=")


def _strata(samples: int) -> Figure:
    rng = np.random.default_rng([SEED, 4])
    sizes, bases, gap, held = ((20, 60), (100, 30), (45, 45), (200, 150)), (0.2, 0.4, 0.6, 0.75), 0.08, 0
    for _ in range(samples):
        shares = {
            str(place): ((int(rng.binomial(n, base + gap)), n), (int(rng.binomial(m, base)), m))
            for place, ((n, m), base) in enumerate(zip(sizes, bases, strict=True))
        }
        found = within_strata(shares)
        held += found is not None and found.interval[0] <= gap <= found.interval[1]
    return _off("common gap within strata", held / samples)


def accused(rng: Random, groups: int, size: int, rate: float) -> tuple[bool, bool]:
    """Whether a fair model is accused on one night at a bound of zero: with Holm's step, and without."""
    reference_n = 10 * size
    reference = int(rng.binomial(reference_n, rate))
    counts: list[Counts] = [(int(x), size, reference, reference_n) for x in rng.binomial(size, rate, groups)]
    p_values = [two_proportion_p_value(*one) for one in counts]
    apart = [not low <= 0 <= high for low, high in (newcombe(*one) for one in counts)]
    adjusted = holm(p_values)
    with_step = any(far and p <= FAMILY_ERROR / 100 for far, p in zip(apart, adjusted, strict=True))
    return with_step, any(far and p <= FAMILY_ERROR / 100 for far, p in zip(apart, p_values, strict=True))


def _families(nights: int) -> Iterator[Figure]:
    rng = np.random.default_rng([SEED, 5])
    alone = 0.0
    for groups in FAMILIES:
        found = [
            accused(rng, groups, size, rate)
            for size, rate in ((11, 0.3), (60, 0.1), (300, 0.5), (2_000, 0.02))
            for _ in range(nights // 4)
        ]
        share = 100 * sum(one for one, _ in found) / len(found)
        alone = 100 * sum(one for _, one in found) / len(found)
        yield Figure(f"fair models accused, {groups} groups", share, "% of nights", FAMILY_ERROR)
    note = "why there is a family-wise step"
    yield Figure(f"fair models accused, {FAMILIES[-1]} groups, without Holm", alone, "% of nights", note=note)


def _area(samples: int) -> Figure:
    rng = np.random.default_rng([SEED, 6])
    truth, held = 0.5 * (1 + math.erf(0.5)), 0
    for _ in range(samples):
        sides = [_binned(rng.normal(shift, 1, n)) for shift, n in ((1.0, 60), (0.0, 240))]
        found = auc(*sides)
        held += found is not None and found.sampling[0] <= truth <= found.sampling[1]
    return _off("area under the ROC curve, 60 against 240", held / samples)


def _binned(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    places = np.clip(((values + 6) * 20).astype(int), 0, FINE_SCORE_BINS - 1)
    return np.bincount(places, minlength=FINE_SCORE_BINS).astype(float)


def _calibrated(samples: int) -> Figure:
    """Scores that mean what they say, called miscalibrated at a bound of zero."""
    rng = np.random.default_rng([SEED, 7])
    above = 0
    for _ in range(samples):
        found = reliability(_outcomes(rng, 1_000))
        above += found is not None and found.interval[0] > 0
    return Figure("calibrated scores accused, n = 1,000", 100 * above / samples, "% of nights", FAMILY_ERROR)


def _outcomes(rng: Random, n: int) -> Iterator[OutcomeCell]:
    scores = rng.beta(2, 2, n)
    met = rng.random(n) < scores
    for score, label in zip(scores.tolist(), met.tolist(), strict=True):
        place = min(int(score * FINE_SCORE_BINS), FINE_SCORE_BINS - 1)
        yield OutcomeCell(None, None, int(label), None, place, 1, score, score**2)
