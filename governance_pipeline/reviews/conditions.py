"""The conditions of an approval: as people write them, as events keep them, and whether they hold. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from governance_pipeline.errors import UsageError
from governance_pipeline.indicators.wording import calendar_date
from governance_pipeline.vocabulary.entity import Entity
from governance_pipeline.vocabulary.measurement import Measurement
from governance_pipeline.vocabulary.review import Condition

_BOUND = re.compile(
    r"(?P<entity>(?:dataset|model|column):\S+)\s+(?P<indicator>[a-z][a-z0-9_]*)(?:\[(?P<facet>[^\]]*)\])?"
    r"\s*(?P<side><=|>=)\s*(?P<bound>-?[0-9]+(?:\.[0-9]+)?)"
)
_PERSON = re.compile(r"(?P<text>.*\S)\s+@(?P<owner>\S+)\s+by\s+(?P<due>\d{4}-\d\d-\d\d)")
FORMS = (
    "'dataset:lending.incomes drift[income] <= 0.1' (measured every night), or"
    " 'Train without the column @ines.ortega by 2026-03-31'"
)


def read_condition(text: str) -> Condition:
    """A condition as it is written on the command line.

    Raises:
        UsageError: it is neither a bound on an indicator nor has an owner and a day.
    """
    said = " ".join(text.split())
    if found := _BOUND.fullmatch(said):
        bound = float(found["bound"])
        return Condition(
            sentence=said,
            entity=_entity(found["entity"]),
            indicator=found["indicator"],
            facet=found["facet"] or "",
            at_most=bound if found["side"] == "<=" else None,
            at_least=bound if found["side"] == ">=" else None,
        )
    if found := _PERSON.fullmatch(said):
        try:
            due = date.fromisoformat(found["due"])
        except ValueError:
            raise UsageError(f"'{found['due']}' is not a day", hint=f"write {FORMS}") from None
        return Condition(sentence=found["text"], owner=found["owner"], due=due)
    raise UsageError(
        f"nobody could check the condition '{said}': it has neither a bound nor an owner and a day",
        hint=f"write {FORMS}",
    )


def _entity(name: str) -> str:
    return str(Entity.parse(name))


def condition_json(condition: Condition) -> dict[str, Any]:
    """For a review event."""
    return {
        "sentence": condition.sentence,
        "entity": condition.entity,
        "indicator": condition.indicator,
        "facet": condition.facet,
        "at_most": condition.at_most,
        "at_least": condition.at_least,
        "owner": condition.owner,
        "due": condition.due.isoformat() if condition.due else None,
    }


def condition_of(data: Mapping[str, Any] | str) -> Condition:
    """Read :func:`condition_json` back; a plain sentence, as events of earlier releases have it, too."""
    if isinstance(data, str):
        return Condition(data)
    due = data["due"]
    return Condition(**{**data, "due": date.fromisoformat(due) if due else None})


def broken(
    conditions: Sequence[Condition], fulfilled: Iterable[int], measurements: Iterable[Measurement], day: date
) -> list[tuple[Condition, str]]:
    """The conditions that do not hold on ``day``, each with the sentence that says why.

    What was not measured breaks nothing here: the gate is closed for that already.
    """
    done = set(fulfilled)
    by_question: dict[tuple[str, str], list[Measurement]] = {}
    for one in measurements:
        by_question.setdefault((str(one.entity), one.indicator), []).append(one)
    found: list[tuple[Condition, str]] = []
    for place, condition in enumerate(conditions):
        if condition.is_measured:
            asked = by_question.get((condition.entity, condition.indicator), ())
            bad = [one for one in asked if _misses(condition, one)]
            if bad:
                found.append((condition, bad[0].sentence))
        elif condition.due is not None and place not in done and day > condition.due:
            found.append(
                (
                    condition,
                    f"{condition.owner} had until {calendar_date(condition.due)}, and has not reported it",
                )
            )
    return found


def _misses(condition: Condition, found: Measurement) -> bool:
    if condition.facet and found.facet != condition.facet:
        return False
    value = found.value
    if value is None or math.isnan(value):
        return False
    above = condition.at_most is not None and value > condition.at_most
    below = condition.at_least is not None and value < condition.at_least
    return above or below
