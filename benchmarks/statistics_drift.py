"""Drift decisions against their promises: nights of 10,000 features, and years of 20 metrics, from seeds.

The counts are drawn; everything from counts to answers is the product's. Bars as agreed for the project:
at most 5 % of nights without drift alert; of features that drift by 0.2 standard deviations at least 85 %
are found, by 0.3 at least 99 %, and at most 5 % of what is found is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.data.features import AWKWARD, Clusters, Days, shares
from benchmarks.data.nights import Counts, Flags, Night, Year, tally, year
from benchmarks.figure import Figure
from governance_pipeline.indicators.statistics.clusters import cluster_noise
from governance_pipeline.indicators.statistics.effects import psi_cut, psi_effects
from governance_pipeline.indicators.statistics.multiplicity import benjamini_hochberg
from governance_pipeline.indicators.statistics.noise import Noise
from governance_pipeline.indicators.statistics.seasons import day_noise, same_weekdays

THEN, NOW = 5000, 1000
DRIFTED = 100
"""One in so many features drifts where any does."""


@dataclass(frozen=True)
class Size:
    """How much is drawn."""

    features: int
    quiet: int
    drifting: int
    years: int
    cuts: int


FULL = Size(features=10_000, quiet=200, drifting=20, years=50, cuts=10_000)
QUICK = Size(features=10_000, quiet=10, drifting=3, years=5, cuts=10_000)

Draw = Callable[[float], Night]
"""A night of features, one in a hundred moved by so many standard deviations; none where 0."""


def run(quick: bool) -> Iterator[Figure]:
    size = QUICK if quick else FULL
    for name, (settings, powerful) in SETTINGS.items():
        yield from _setting(name, settings(size.features), size, powerful=powerful)
    yield _without_correction(size)
    yield from _years(size)
    yield _cut(size)
    yield _hair(size)


def _setting(name: str, draw: Draw, size: Size, *, powerful: bool) -> Iterator[Figure]:
    quiet = tally(draw(0.0) for _ in range(size.quiet))
    yield Figure(f"nights with a false alert, {name}", 100 * quiet.alerting / quiet.nights, "%", 5)
    if not powerful:
        return
    for shift, least in ((0.2, 85), (0.3, 99)):
        found = tally(draw(shift) for _ in range(size.drifting))
        moved = f"{name}, {shift} SD"
        yield Figure(f"found, {moved}", 100 * found.power, "%", least, ">=")
        yield Figure(f"false share, {moved}", 100 * found.false_share, "%", 5)
        yield Figure(f"found on a project's first night, {moved}", 100 * found.first_power, "%")


def independent(features: int, now: int = NOW) -> Draw:
    rng = np.random.default_rng(1)

    def draw(shift: float) -> Night:
        moved = _moved(features, shift)
        current = rng.multinomial(now, shares(), features)
        current[moved] = rng.multinomial(now, shares(shift), int(moved.sum()))
        return Night(rng.multinomial(THEN, shares(), features).astype(float), current.astype(float), moved)

    return draw


def ten_times(features: int) -> Draw:
    return independent(features, now=10 * NOW)


def awkward(features: int) -> Draw:
    rng = np.random.default_rng(2)
    shapes = [AWKWARD[place % len(AWKWARD)] for place in range(features)]

    def draw(shift: float) -> Night:
        del shift  # there is nothing to move in a constant
        then, now = (rng.multinomial(rows, shapes).astype(float) for rows in (THEN, 200))
        return Night(then, now, _moved(features, 0.0))

    return draw


def clustered(features: int, *, lasting: bool = False) -> Draw:
    rng = np.random.default_rng(3)
    pools = {shift: Clusters(rng, shift=shift, lasting=lasting) for shift in (0.0, 0.2, 0.3)}

    def draw(shift: float) -> Night:
        moved = _moved(features, shift)
        then, now = pools[0.0].draw(features, 24)
        then[moved], now[moved] = pools[shift].draw(int(moved.sum()), 24)
        return Night(then.sum(axis=1), now.sum(axis=1), moved, _in_parts(then, now))

    return draw


def lasting(features: int) -> Draw:
    return clustered(features, lasting=True)


def weekly(features: int, window: int = 7, first: int = 0) -> Draw:
    """Five weeks of training days; a window of days from the weekday ``first`` on."""
    rng = np.random.default_rng(4)
    pools = {shift: Days(rng, rows=THEN // 35, shift=shift) for shift in (0.0, 0.2, 0.3)}
    then_days, now_days = np.arange(35) % 7, (first + np.arange(window)) % 7

    def draw(shift: float) -> Night:
        moved = _moved(features, shift)
        then, now = pools[0.0].draw(features, then_days), pools[0.0].draw(features, now_days)
        now[moved] = pools[shift].draw(int(moved.sum()), now_days)
        rows = np.zeros((features, 7))
        for place, weekday in enumerate(now_days):
            rows[:, weekday] += now[:, place].sum(axis=1)
        known = day_noise(then, then_days, ordered=True)
        noise = known.of_difference(then.sum(axis=2), now.sum(axis=2)).drawn_together() if known else None
        return Night(same_weekdays(then, then_days, rows), now.sum(axis=1), moved, noise)

    return draw


def weekend(features: int) -> Draw:
    return weekly(features, window=2, first=5)


SETTINGS: dict[str, tuple[Callable[[int], Draw], bool]] = {
    "independent rows": (independent, True),
    "a batch ten times larger": (ten_times, True),
    "ties, constants and missing values": (awkward, False),
    "24 clusters of ICC 0.2, other ones each time": (clustered, False),
    "24 clusters of ICC 0.2, the same ones": (lasting, True),
    "weekdays": (weekly, True),
    "weekdays, a window of a weekend": (weekend, False),
}
"""By name: how its nights are drawn, and whether what drifts in them can be found at all: between 24
clusters and 24 others 0.2 standard deviations are 1.5 standard errors.
"""


def _moved(features: int, shift: float) -> Flags:
    return np.asarray((np.arange(features) % DRIFTED == 0) & (shift != 0), dtype=np.bool_)


def _in_parts(then: Counts, now: Counts, columns: int = 1000) -> Noise:
    """The noise of many columns, a thousand at a time."""
    parts = [
        cluster_noise(then[start : start + columns], now[start : start + columns], ordered=True)
        for start in range(0, len(then), columns)
    ]
    return Noise.joined(parts).drawn_together()


def _without_correction(size: Size) -> Figure:
    """What Benjamini & Hochberg's control alone says of clustered features that did not drift."""
    night = clustered(size.features)(0.0)
    plain = Night(night.reference, night.current, night.drifted)
    adjusted = np.asarray(benjamini_hochberg(plain.p_values().tolist()))
    return Figure(
        "features flagged by BH at 5 % without clusters", 100 * float((adjusted <= 0.05).mean()), "%"
    )


def _years(size: Size) -> Iterator[Figure]:
    """Twenty metrics, twenty episodes of a week each, four standard errors high."""
    rng = np.random.default_rng(5)
    years = [year(*a_year(rng)) for _ in range(size.years)]
    quiet = [year(*a_year(rng, episodes=0)) for _ in range(size.years)]
    yield Figure("false alerts in a year of 20 metrics", _mean(years, "false_alerts"), "", 6)
    yield Figure("false alerts in a year without drift", _mean(quiet, "false_alerts"), "", 6)
    shares_false = [one.false_days / max(1, one.false_days + one.true_days) for one in years]
    yield Figure("false discovery rate of a year", float(np.mean(shares_false)), "", 0.05)
    alerts_false = [one.false_alerts / max(1, one.false_alerts + one.true_alerts) for one in years]
    yield Figure("false discovery rate of a year, by alert", float(np.mean(alerts_false)), "", 0.05)
    power = sum(one.true_days for one in years) / sum(one.drifted_days for one in years)
    yield Figure("found in a year at 4 sigma", power, "", 0.75, ">=")
    delays = [delay for one in years for delay in one.delays]
    yield Figure("nights until an episode is found", float(np.mean(delays)), "nights", 2)


def a_year(
    rng: np.random.Generator, episodes: int = 20, nights: int = 365, metrics: int = 20
) -> tuple[Counts, Flags]:
    """P-values and truth (nights, metrics); episodes of a metric do not touch each other."""
    from scipy.special import ndtr

    drifted = np.zeros((nights, metrics), dtype=np.bool_)
    while episodes:
        start, metric = int(rng.integers(nights - 7)), int(rng.integers(metrics))
        if not drifted[max(0, start - 2) : start + 9, metric].any():
            drifted[start : start + 7, metric] = True
            episodes -= 1
    z = rng.normal(size=drifted.shape) + 4.0 * drifted
    return 2 * ndtr(-np.abs(z)), drifted


def _mean(years: list[Year], name: str) -> float:
    return float(np.mean([getattr(one, name) for one in years]))


def _cut(size: Size) -> Figure:
    """The worst of the sizes: features without drift above the cut that one in a thousand may pass."""
    rng = np.random.default_rng(6)
    worst = 0
    for rows in (50, 100, 200, 500, 1000, 10_000, 100_000, 1_000_000):
        for then in (THEN, rows):
            before = rng.multinomial(then, shares(), size.cuts).astype(float)
            after = rng.multinomial(rows, shares(), size.cuts).astype(float)
            over = psi_effects(before, after, ordered=True).observed > psi_cut(before, after)
            worst = max(worst, int(over.sum()))
    return Figure(f"above the 99.9 % cut of {size.cuts}, worst n", worst, "", size.cuts / 500)


def _hair(size: Size) -> Figure:
    """A million rows moved by 0.005 standard deviations: certain, and of no consequence."""
    rng = np.random.default_rng(7)
    then, now = (rng.multinomial(1_000_000, shares(shift), size.features) for shift in (0.0, 0.005))
    night = Night(then.astype(float), now.astype(float), np.ones(size.features, dtype=np.bool_))
    told = (night.surprises() < 1).sum()
    return Figure("alerts of 0.005 SD at a million rows", float(told), "", 0)
