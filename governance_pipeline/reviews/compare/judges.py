"""Which way a change goes. Pure; whatever a judge does not know is for a person to say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any

from governance_pipeline.reviews.compare.differences import ABSENT

Judge = Callable[[Any, Any], "Way"]


class Way(StrEnum):
    """Weaker and unknown need a person; stricter and told do not."""

    WEAKER = "weaker"
    UNKNOWN = "unknown"
    TOLD = "told"
    STRICTER = "stricter"


def told(_before: Any, _after: Any) -> Way:
    """Something that decides no verdict."""
    return Way.TOLD


def unknown(_before: Any, _after: Any) -> Way:
    return Way.UNKNOWN


def less(before: Any, after: Any) -> Way:
    """Less of it is weaker, and none at all (null) the weakest."""
    return _by_size(before, after, weaker_up=False)


def more(before: Any, after: Any) -> Way:
    """More of it is weaker, and no limit at all (null) the weakest."""
    return _by_size(before, after, weaker_up=True)


def _by_size(before: Any, after: Any, *, weaker_up: bool) -> Way:
    if before in (None, ABSENT) or after in (None, ABSENT):
        return Way.STRICTER if before in (None, ABSENT) else Way.WEAKER
    if isinstance(before, int | float) and isinstance(after, int | float):
        return Way.WEAKER if (after > before) is weaker_up else Way.STRICTER
    try:
        return Way.WEAKER if (after > before) is weaker_up else Way.STRICTER
    except TypeError:
        return Way.UNKNOWN


def fewer(before: Any, after: Any) -> Way:
    """A member that is gone is weaker."""
    gone = _members(before) - _members(after)
    return Way.WEAKER if gone else Way.STRICTER


def larger(before: Any, after: Any) -> Way:
    """A member that came is weaker."""
    came = _members(after) - _members(before)
    return Way.WEAKER if came else Way.STRICTER


def _members(value: Any) -> frozenset[Any]:
    if value in (None, ABSENT):
        return frozenset()
    return value if isinstance(value, frozenset) else frozenset({value})


def narrowing(before: Any, after: Any) -> Way:
    """A set that limits, and limits nothing where it is empty: wider is weaker."""
    held, holds = _members(before), _members(after)
    if not holds or not held:
        return Way.WEAKER if held else Way.STRICTER
    return Way.WEAKER if holds - held else Way.STRICTER


def off(before: Any, _after: Any) -> Way:
    """True that becomes false is weaker."""
    return Way.WEAKER if before is True else Way.STRICTER


def on(before: Any, _after: Any) -> Way:
    """False that becomes true is weaker."""
    return Way.STRICTER if before is True else Way.WEAKER


def gone(_before: Any, after: Any) -> Way:
    """Weaker where it is gone; what came in its place only a person can judge."""
    if after in (None, ABSENT, ""):
        return Way.WEAKER
    return Way.UNKNOWN


def came(before: Any, _after: Any) -> Way:
    """Weaker where it came; what is gone is stricter."""
    return Way.WEAKER if before is ABSENT else Way.STRICTER


def lost(before: Any, after: Any) -> Way:
    """Weaker where it is gone, told where it came, and for a person where it is another."""
    if after in (None, ABSENT, ""):
        return Way.WEAKER
    return Way.STRICTER if before in (None, ABSENT, "") else Way.UNKNOWN


def falling(order: Sequence[str]) -> Judge:
    """Weaker where it comes earlier in ``order``; a word that is not in it is for a person."""

    def judge(before: Any, after: Any) -> Way:
        places = [order.index(one) if one in order else None for one in (before, after)]
        if places[0] is None or places[1] is None:
            return Way.UNKNOWN
        return Way.WEAKER if places[1] < places[0] else Way.STRICTER

    return judge
