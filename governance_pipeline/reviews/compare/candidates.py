"""A version that may be promoted, held against the one that serves, by what nights measured of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.outcome import Outcome
from governance_pipeline.vocabulary.review import ModelVersion

BIAS = "bias"
SERVING = "production"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is known of a candidate's gaps beside those of the version that serves.

    Attributes:
        worse: a sentence for each gap that is larger, or fails where the other does not.
        unknown: why nothing can be said, "" where something can.
    """

    model: str
    candidate: str
    deployed: str
    worse: tuple[str, ...] = ()
    unknown: str = ""


def candidates(versions: Sequence[ModelVersion]) -> list[tuple[ModelVersion, ModelVersion]]:
    """(the newest version, the one that serves), where that is an older one.

    Args:
        versions: of one model, the oldest registration first.
    """
    serving = [one for one in versions if one.stage == SERVING]
    if not serving or versions[-1].version == serving[-1].version:
        return []
    return [(versions[-1], serving[-1])]


def compare_bias(
    candidate: ModelVersion,
    deployed: ModelVersion,
    history: Iterable[Measurement],
    held_out: Iterable[Measurement] = (),
) -> Comparison:
    """The newest measurements of each version's gaps, held against each other.

    Args:
        history: measurements of the model's bias; of each the version stands in its details.
        held_out: the same of both versions' training data; they count where the candidate has decided
            about nobody yet.
    """
    names = (candidate.model, candidate.version, deployed.version)
    mine, theirs = _of_both(candidate, deployed, history)
    if not mine:
        mine, theirs = _of_both(candidate, deployed, held_out)
    if not mine:
        why = (
            "no night has measured what it decides: it has not served, nor been logged beside the other, and"
            " its training snapshot holds no decisions by group on rows that it had not learned from"
        )
        return Comparison(*names, unknown=f"Of version {candidate.version} {why}.")
    worse = [sentence for facet, gap in sorted(mine.items()) if (sentence := _worse(gap, theirs.get(facet)))]
    return Comparison(*names, worse=tuple(worse))


def _of_both(
    candidate: ModelVersion, deployed: ModelVersion, measured: Iterable[Measurement]
) -> tuple[dict[str, Measurement], dict[str, Measurement]]:
    """Each version's newest gaps, by facet."""
    mine, theirs = dict[str, Measurement](), dict[str, Measurement]()
    for one in sorted(measured, key=lambda measurement: measurement.night):
        into = {candidate.version: mine, deployed.version: theirs}.get(str(one.details.get("version")))
        if into is not None and one.value is not None:
            into[one.facet] = one
    return mine, theirs


def _worse(mine: Measurement, theirs: Measurement | None) -> str:
    """Why a gap of the candidate is worse; "" where it is not, or chance could explain it."""
    if mine.outcome is Outcome.FAIL and (theirs is None or theirs.outcome is not Outcome.FAIL):
        return mine.sentence
    if theirs is None or mine.interval is None or theirs.interval is None:
        return ""
    mine_least = min(map(abs, mine.interval)) if mine.interval[0] * mine.interval[1] > 0 else 0.0
    if mine_least <= max(map(abs, theirs.interval)):
        return ""
    return f"{mine.sentence} The version that serves has a smaller gap there: {theirs.sentence}"
