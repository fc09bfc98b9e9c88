"""What a representation measurement says, in sentences."""

from __future__ import annotations

from governance_pipeline.indicators.statistics.population import AgainstDeclared
from governance_pipeline.indicators.statistics.words import points
from governance_pipeline.indicators.wording import counted, percent


def share(column: str, group: str, found: AgainstDeclared, verdict: str, *, small: bool) -> str:
    """A group's share of the rows beside its share of the population."""
    low, high = (points(end) for end in found.size_interval)
    told = f"at most {percent(found.share)}" if small else percent(found.share)
    more = "more" if found.difference > 0 else "fewer"
    return (
        f"Of {counted(found.n, 'row')} {told} are of {column} '{group}', of the population "
        f"{percent(found.declared)}: {points(found.size)} percentage points {more} (95 % interval of the gap "
        f"{low} to {high}), {verdict}."
    )


def label(
    column: str,
    group: str,
    rates: tuple[float, float],
    beside: str,
    interval: tuple[float, float],
    verdict: str,
) -> str:
    """A group's share of favourable labels beside another share."""
    low, high = points(interval[0]), points(interval[1])
    return (
        f"{percent(rates[0])} of the labels of {column} '{group}' are favourable, against "
        f"{percent(rates[1])} of {beside}: a gap of {points(abs(rates[0] - rates[1]))} percentage "
        f"points (95 % interval {low} to {high}), {verdict}."
    )


def by_chance(sentence: str, family: int) -> str:
    return (
        f"{sentence.rstrip('.')}; among {counted(family, 'comparison')} of this dataset a gap like this is "
        "expected by chance, so it does not count."
    )


def withheld(column: str, group: str) -> str:
    return (
        f"The rows of {column} '{group}' are not told, because a smaller group could be worked out from them."
    )


def too_few_rows(column: str, needed: int) -> str:
    return f"Fewer than {needed:,} rows say their {column}, too few to compare with the population."


def too_few_labels(column: str, group: str, needed: int) -> str:
    return (
        f"There are too few labels of {column} '{group}', or too few of one kind, to compare their shares: "
        f"{needed:,} are needed."
    )


def not_counted(column: str) -> str:
    return f"The column {column} was not counted this night, so nobody can say for whom this dataset stands."
